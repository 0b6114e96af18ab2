// `hikae repair packs`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct RepairPacks: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "packs", abstract: "Save what is whole in damaged packs, and remove them.",
        discussion: """
            The bytes of each pack are kept in the current directory first, as pack-ID.

            EXAMPLE
              hikae repair packs 4bd0…    # IDs named by `check --read-data`
            """)

    @Argument(help: .init("IDs of the damaged packs.", valueName: "pack"))
    var packs: [String]

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            var ids: [FileID] = []
            for pack in packs { ids.append(try session.repository.find(.pack, prefix: pack)) }
            let summary = try RepairRun.run(session, global) { repairer throws(HikaeError) in
                try repairer.repairPacks(ids, keepCopy: { id, bytes throws(HikaeError) in try Self.keep(id, bytes) })
            }
            if global.json {
                console.printObject { json in
                    json.member("message_type", "summary")
                    json.member("blobs_saved", summary.saved)
                    json.key("blobs_lost")
                    json.strings(summary.lost.map(\.hex))
                }
            } else {
                console.note(
                    "saved \(Words.count(summary.saved, "blob")), lost \(summary.lost.count)\n"
                        + "Use `hikae repair snapshots --forget` to remove what was lost from the snapshots, "
                        + "after a new backup of what is still there.")
            }
        }
        return .done
    }

    /// Keeps a damaged pack's bytes beside whoever runs this, never over a file that is there.
    private static func keep(_ id: FileID, _ bytes: [UInt8]) throws(HikaeError) {
        let path = "pack-\(id.hex)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HikaeError.system("create", path) }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { write(descriptor, $0 + done, buffer.count - done) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw HikaeError.system("write", path) }
            done += count
        }
        guard fsync(descriptor) == 0 else { throw HikaeError.system("write", path) }
    }
}

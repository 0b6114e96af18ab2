// `hikae repair packs`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeParity
import HikaeRepository
import HikaeStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct RepairPacks: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "packs", abstract: "Mend damaged packs, or save what is whole in them and remove them.",
        discussion: """
            A pack with parity beside it (`hikae vault parity`) is put right where it stands, byte for byte. Of the \
            others what is whole moves to new packs, and what is not is taken from --from-repo, a repository of the \
            same backups with whatever keys (`hikae copy`); then the damaged pack goes. The bytes of each pack are \
            kept in the current directory first, as pack-ID.

            EXAMPLES
              hikae repair packs 4bd0…    # IDs named by `check --read-data`
              hikae repair packs 4bd0… --from-repo /mnt/second \\
                --from-password-file /etc/second-password
            """)

    @Argument(help: .init("IDs of the damaged packs.", valueName: "pack"))
    var packs: [String]

    @Flag(help: "Do not use parity.")
    var noParity = false

    @OptionGroup(title: "A repository that may have what is lost") var from: FromOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let place = RepositoryPlace(from)
        guard place.isGiven else { return try repair(from: nil) }
        let source = try Session.open(place, global)
        return try Session.run(source, global, lock: .reading) { other throws(HikaeError) in
            try other.loadIndex()
            return try repair(from: other.repository)
        }
    }

    private func repair(from other: Repository?) throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .exclusive) { session throws(HikaeError) in
            var ids: [FileID] = []
            for pack in packs { ids.append(try session.repository.find(.pack, prefix: pack)) }
            let mended = noParity ? [] : try mendByParity(ids, session.repository)
            let rest = ids.filter { !mended.contains($0) }
            var summary = PackRepairSummary()
            if !rest.isEmpty {
                summary = try RepairRun.run(session, global) { repairer throws(HikaeError) in
                    try repairer.repairPacks(
                        rest, keepCopy: { id, bytes throws(HikaeError) in try Self.keep(id, bytes) },
                        rescue: { id, type throws(HikaeError) in try Self.blob(id, type, of: other) })
                }
            }
            // The new packs have parity where the old ones had.
            do throws(HikaeError) {
                _ = try ParityRound(session.repository.uncached, cancellation: Shutdown.cancellation).follow(share: nil)
            } catch {
                if error.code == .cancelled { throw error }
                if error.code != .unsupported { console.warn("\(error)") }
            }
            show(summary, mended: mended)
        }
        return .done
    }

    /// The packs that are whole again, byte for byte, by the parity beside them.
    private func mendByParity(_ ids: [FileID], _ repository: Repository) throws(HikaeError) -> Set<FileID> {
        let repository = repository.uncached
        let round = ParityRound(repository, cancellation: Shutdown.cancellation)
        var mended: Set<FileID> = []
        for id in ids {
            guard let bytes = try round.mended(id) else { continue }
            try repository.store.save(StoredFile(.pack, id), bytes)
            mended.insert(id)
        }
        if !mended.isEmpty { try repository.store.flush() }
        return mended
    }

    /// What another repository has under the name; nil where it has nothing, or nothing whole.
    private static func blob(_ id: BlobID, _ type: BlobType, of other: Repository?) throws(HikaeError) -> [UInt8]? {
        guard let other else { return nil }
        do throws(HikaeError) {
            return try other.blob(id, type)
        } catch {
            guard error.code == .notFound || error.code == .damaged else { throw error }
            return nil
        }
    }

    private func show(_ summary: PackRepairSummary, mended: Set<FileID>) {
        guard !global.json else {
            console.printObject { json in
                json.member("message_type", "summary")
                json.key("packs_mended")
                json.strings(mended.map(\.hex).sorted())
                json.member("blobs_saved", summary.saved)
                json.member("blobs_rescued", summary.rescued)
                json.key("blobs_lost")
                json.strings(summary.lost.map(\.hex))
            }
            return
        }
        if !mended.isEmpty { console.note("mended by parity: \(Words.count(mended.count, "pack"))") }
        guard mended.count < Set(packs).count else { return }
        let rescued = summary.rescued > 0 ? ", took \(summary.rescued) from the other repository" : ""
        console.note(
            "saved \(Words.count(summary.saved, "blob"))\(rescued), lost \(summary.lost.count)"
                + (summary.lost.isEmpty
                    ? ""
                    : "\nUse `hikae repair snapshots --forget` to remove what was lost from the snapshots, "
                        + "after a new backup of what is still there."))
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

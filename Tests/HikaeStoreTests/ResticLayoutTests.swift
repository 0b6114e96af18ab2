// The layout against the real restic: what we lay out it takes for a repository, what we leave behind it does not see.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@Suite("A local store beside restic", .enabled(if: Command.path(of: "restic") != nil, "restic is not installed"))
struct ResticLayoutTests {
    let folder: TemporaryDirectory

    /// A repository made by restic, with one snapshot of two files.
    init() throws {
        folder = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 1)
        try folder.write("source/noise", generator.bytes(3 << 20))
        try folder.write("source/text", "text")
        try restic("original", ["init"])
        try restic("original", ["backup", folder.path("source")])
    }

    @discardableResult
    private func restic(_ repository: String, _ arguments: [String]) throws -> String {
        var command = Command("restic", ["--no-cache", "-r", folder.path(repository)] + arguments)
        command.environment = ["RESTIC_PASSWORD": "geheim"]
        return try command.succeed().text
    }

    @Test("lists what restic lists")
    func lists() throws {
        let store = LocalStore(path: folder.path("original"))
        for (kind, name) in [(FileKind.key, "keys"), (.snapshot, "snapshots"), (.index, "index"), (.pack, "packs")] {
            let listed = try restic("original", ["list", name]).split(separator: "\n").map(String.init).sorted()
            #expect(!listed.isEmpty)
            #expect(try store.list(kind).map(\.id.hex).sorted() == listed, "\(name)")
        }
        for info in try store.list(.pack) {
            #expect(try FileID.named(by: store.load(StoredFile(.pack, info.id))) == info.id)
            #expect(try store.size(StoredFile(.pack, info.id)) == info.size)
        }
    }

    @Test("copies a repository file by file into one that restic checks, reads and writes")
    func copies() throws {
        let (from, to) = (LocalStore(path: folder.path("original")), LocalStore(path: folder.path("copy")))
        try to.create()
        for kind in [FileKind.pack, .index, .snapshot, .key] {
            for info in try from.list(kind) {
                try to.save(StoredFile(kind, info.id), try from.load(StoredFile(kind, info.id)))
            }
            try to.flush()
        }
        try to.save(.config, try from.load(.config))
        let check = try restic("copy", ["check", "--read-data"])
        #expect(check.contains("no errors were found"))
        try restic("copy", ["backup", folder.path("source")])
        try restic("copy", ["forget", "--keep-last", "1", "--prune"])
        #expect(try to.list(.snapshot).count == 1)
        #expect(try to.list(.lock).isEmpty)
    }

    @Test("leaves in a crash what restic neither counts nor stumbles over")
    func leftovers() throws {
        let local = LocalStore(path: folder.path("original"))
        let content: [UInt8] = Array("cut short".utf8)
        for kind in FileKind.standard where kind != .config {
            let store = FaultyStore(local, plan: .dying(at: 0, of: [.save], tornAt: 4))
            #expect(throws: HikaeError.self) { try store.save(StoredFile(kind, .named(by: content)), content) }
        }
        #expect(Files.all(below: local.location).count { $0.contains("-tmp-") } == 5)
        let check = try restic("original", ["check", "--read-data"])
        #expect(check.contains("no errors were found"))
        #expect(try restic("original", ["list", "locks"]).isEmpty)
        try restic("original", ["backup", folder.path("source")])
        try restic("original", ["prune"])
        try restic("original", ["rebuild-index"])
        #expect(try restic("original", ["check"]).contains("no errors were found"))
    }
}

// What was in the target stays as it was unless something takes its place, and nothing half done is left beside it.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeDestination

/// A clock that cancels when something waits on it.
private struct CancellingClock: PaceClock {
    let cancellation: Cancellation
    func now() -> UInt64 { 0 }
    func sleep(nanoseconds: UInt64) { cancellation.cancel() }
}

@Suite("A restore loses nothing of what was there")
struct NothingLostTests {
    private func special(_ name: String, _ kind: NodeKind) -> Node {
        var node = Node(name: Array(name.utf8), kind: kind)
        node.mode = 0o644
        return node
    }

    private func inode(_ path: String) throws -> UInt64 {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw HikaeError.system("look at", path) }
        return UInt64(status.st_ino)
    }

    @Test("What cannot be made takes the place of nothing")
    func impossibleEntries() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        // An empty target is no symlink, and nobody can make an irregular node.
        let tree = try vault.tree([Vault.symlink("link", to: ""), special("odd", .irregular)])
        for name in ["link", "odd"] { try folder.write(name, "precious") }
        let (summary, reports) = try vault.restore(tree, to: folder.path)
        #expect(summary.errors == 2 && reports.count == 2 && summary.others == 0)
        #expect(Files.names(in: folder.path) == ["link", "odd"])
        for name in ["link", "odd"] { #expect(try Files.read(folder.path(name)) == Array("precious".utf8)) }
    }

    @Test("Special entries take the place of files, links and empty directories, not of full ones")
    func replacing() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let tree = try vault.tree([
            Vault.symlink("file", to: "x"), Vault.symlink("empty", to: "x"), Vault.symlink("full", to: "x"),
            special("pipe", .fifo), vault.file("was-empty", [[1]]), vault.file("was-full", [[1]]),
        ])
        try folder.write("file", "old")
        try folder.write("pipe", "old")
        for name in ["empty", "was-empty"] { try Files.makeFolders(folder.path(name)) }
        for name in ["full", "was-full"] { try folder.write("\(name)/precious", "old") }
        let (summary, reports) = try vault.restore(tree, to: folder.path)
        #expect(summary.errors == 2 && reports.allSatisfy { $0.message.contains("full") })
        #expect(
            Files.all(below: folder.path)
                == ["empty", "file", "full/precious", "pipe", "was-empty", "was-full/precious"])
        var status = stat()
        #expect(lstat(folder.path("pipe"), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
        #expect(lstat(folder.path("empty"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }

    @Test("A further name takes the place of a file, also of one that is that very file")
    func hardLinks() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        var first = try vault.file("a", [Array("same".utf8)])
        (first.links, first.inode, first.deviceID) = (3, 77, 5)
        var second = first
        second.name = [0x62]
        let tree = try vault.tree([first, second])
        try folder.write("b", "old")
        for _ in 0..<2 {
            var options = RestoreOptions()
            options.overwriting = .always
            #expect(try vault.restore(tree, to: folder.path, options).reports.isEmpty)
            #expect(Files.names(in: folder.path) == ["a", "b"])
            #expect(try inode(folder.path("a")) == inode(folder.path("b")))
        }
    }

    @Test("A further name that cannot be made leaves what was there")
    func impossibleLinks() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        var first = try vault.file("a", [Array("same".utf8)])
        (first.links, first.inode, first.deviceID) = (3, 77, 5)
        // No filesystem has it, which is reported once the file is written: the moment to take the first name away.
        first.extendedAttributes = [ExtendedAttribute(name: "impossible.name", value: [1])]
        var second = first
        second.name = [0x62]
        let tree = try vault.tree([first, second])
        try folder.write("b", "precious")
        let path = folder.path("a")
        let restorer = FolderRestorer(vault.repository, report: { _ in unlink(path) })
        let summary = try restorer.restore(tree, to: folder.path)
        #expect(summary.errors == 2 && summary.hardLinks == 0)
        #expect(Files.names(in: folder.path) == ["b"])
        #expect(try Files.read(folder.path("b")) == Array("precious".utf8))
    }

    @Test("A directory without a tree takes nothing away")
    func noTree() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        var directory = try vault.directory("d", [])
        directory.subtree = nil
        let tree = try vault.tree([directory])
        try folder.write("d/precious", "x")
        var options = RestoreOptions()
        options.deletesOthers = true
        let (summary, reports) = try vault.restore(tree, to: folder.path, options)
        #expect(reports.count == 1 && summary.deleted == 0)
        #expect(Files.exists(folder.path("d/precious")))
    }

    @Test("Modes of directories are changed only where something is restored")
    func modes() throws {
        let vault = try Vault()
        let tree = try vault.tree([
            vault.directory("d", [vault.directory("in", [vault.file("f", [[1]])]), vault.file("g", [[2]])])
        ])
        var dry = RestoreOptions()
        dry.isDryRun = true
        var elsewhere = RestoreOptions()
        elsewhere.include = try PathFilter(["/d/in/none"])
        var deep = RestoreOptions()
        deep.include = try PathFilter(["/d/in/f"])
        for (options, isRestored) in [(dry, false), (elsewhere, false), (deep, true)] {
            let folder = try TemporaryDirectory()
            try folder.write("d/in/f", "old")
            for name in ["d/in", "d"] { Files.setMode(folder.path(name), 0o511) }
            #expect(try vault.restore(tree, to: folder.path, options).reports.isEmpty)
            for name in ["d/in", "d"] { #expect(Files.mode(folder.path(name)) == (isRestored ? 0o755 : 0o511)) }
            for name in ["d", "d/in"] { Files.setMode(folder.path(name), 0o700) }
        }
    }

    @Test("A directory that something was only deleted from keeps its mode")
    func modeAfterDeleting() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let tree = try vault.tree([vault.directory("d", [vault.directory("in", [])])])
        try folder.write("d/old.tmp", "x")
        Files.setMode(folder.path("d"), 0o511)
        var options = RestoreOptions()
        options.deletesOthers = true
        options.include = try PathFilter(["/d/*.tmp"])
        let (summary, reports) = try vault.restore(tree, to: folder.path, options)
        #expect(reports.isEmpty && summary.deleted == 1)
        #expect(Files.mode(folder.path("d")) == 0o511)
        Files.setMode(folder.path("d"), 0o700)
    }

    @Test("A cancelled restore leaves no working files, what was there, and the modes of directories")
    func cancelled() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let blobs = (0..<2).map { number in (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 3 + number) } }
        // Two packs, so that the first is written before anybody looks whether to go on.
        for blob in blobs { _ = try vault.save([blob]) }
        let tree = try vault.tree([vault.directory("d", [vault.file("f", blobs)])])
        try folder.write("d/f", "precious")
        Files.setMode(folder.path("d"), 0o511)
        let cancellation = Cancellation()
        let plan = FaultPlan(
            [.every([.read], of: [.pack], .delay(nanoseconds: 1))],
            clock: CancellingClock(cancellation: cancellation))
        let repository = try Repository.open(FaultyStore(vault.store, plan: plan), password: [1])
        try repository.loadIndex()
        var options = RestoreOptions()
        options.workers = 1
        let restorer = FolderRestorer(repository, options: options, cancellation: cancellation)
        let error = #expect(throws: HikaeError.self) { try restorer.restore(tree, to: folder.path) }
        #expect(error?.code == .cancelled)
        #expect(Files.names(in: folder.path("d")) == ["f"])
        #expect(try Files.read(folder.path("d/f")) == Array("precious".utf8))
        #expect(Files.mode(folder.path("d")) == 0o511)
        Files.setMode(folder.path("d"), 0o700)
    }
}

// What a restore puts back, and what it does about what is there already.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeDestination

private func text(_ path: String) throws -> String { String(decoding: try Files.read(path), as: UTF8.self) }

private func status(_ path: String) throws -> stat {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw HikaeError.system("look at", path) }
    return status
}

@Suite("Restore")
struct RestoreTests {
    @Test("Content, modes and times come back, those of directories last")
    func basics() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let blobs = (0..<40).map { [UInt8](repeating: UInt8($0), count: 10_000) }
        let tree = try vault.tree([
            vault.file("empty", []), vault.file("small", [Array("hello".utf8)], mode: FileMode.setuid | 0o751),
            vault.file("large", blobs + blobs.reversed()), Vault.symlink("link", to: "../../etc/passwd"),
            vault.directory("d", [vault.directory("e", [vault.file("deep", [[1]])])]),
        ])
        let (summary, reports) = try vault.restore(tree, to: folder.path("out"))
        #expect(reports.isEmpty && summary.files == 4 && summary.directories == 2 && summary.others == 1)
        #expect(summary.bytes == 800_006)
        #expect(try text(folder.path("out/small")) == "hello")
        #expect(try Files.read(folder.path("out/large")) == Array((blobs + blobs.reversed()).joined()))
        #expect(Files.mode(folder.path("out/small")) == 0o4751)
        for path in ["small", "large", "empty", "link", "d", "d/e", "d/e/deep"] {
            let status = try status(folder.path("out/\(path)"))
            #expect(status.st_mtim.tv_sec == 1_340_179_200 && status.st_mtim.tv_nsec == 123_456_789, "\(path)")
        }
    }

    @Test("Each way of overwriting does what it says")
    func overwriting() throws {
        let vault = try Vault()
        let tree = try vault.tree([vault.file("a", [Array("snap".utf8)]), vault.file("b", [Array("snap".utf8)])])
        for overwriting in RestoreOptions.Overwriting.allCases {
            let folder = try TemporaryDirectory()
            // "a" is newer than the snapshot and of the same length, "b" older.
            try folder.write("a", "here")
            try folder.write("b", "here")
            Files.setModified(folder.path("a"), seconds: 2_000_000_000)
            Files.setModified(folder.path("b"), seconds: 1_000_000_000)
            var options = RestoreOptions()
            options.overwriting = overwriting
            let (summary, reports) = try vault.restore(tree, to: folder.path, options)
            let expected: (String, String) =
                switch overwriting {
                case .always, .ifChanged: ("snap", "snap")
                case .ifNewer: ("here", "snap")
                case .never: ("here", "here")
                }
            #expect(try text(folder.path("a")) == expected.0 && text(folder.path("b")) == expected.1, "\(overwriting)")
            #expect(reports.isEmpty && summary.files + summary.skipped == 2)
            // What is right already is not written again.
            options.overwriting = .ifChanged
            if overwriting == .always {
                #expect(try vault.restore(tree, to: folder.path, options).summary.skipped == 2)
            }
            #expect(Files.names(in: folder.path) == ["a", "b"])
        }
    }

    @Test("Hard links come back as such, but not where a tree lies about what they hold")
    func hardLinks() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        var first = try vault.file("a", [Array("same".utf8)])
        (first.links, first.inode, first.deviceID) = (3, 77, 5)
        var second = first
        second.name = [0x62]
        var liar = try vault.file("c", [Array("other".utf8)])
        (liar.links, liar.inode, liar.deviceID) = (3, 77, 5)
        let tree = try vault.tree([first, vault.directory("d", [second]), liar])
        let (summary, reports) = try vault.restore(tree, to: folder.path)
        #expect(reports.isEmpty && summary.hardLinks == 1 && summary.files == 2)
        #expect(try status(folder.path("a")).st_ino == status(folder.path("d/b")).st_ino)
        #expect(try text(folder.path("c")) == "other")
    }

    @Test("Only what is included is restored, with its directories, and nothing that is excluded")
    func selection() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let tree = try vault.tree([
            vault.directory(
                "srv",
                [
                    vault.directory("www", [vault.file("index.html", [[1]]), vault.file("x.tmp", [[2]])]),
                    vault.directory("mail", [vault.file("inbox", [[3]])]),
                ]),
            vault.file("top.html", [[4]]),
        ])
        var options = RestoreOptions()
        options.include = try PathFilter(["*.html", "/srv/mail"])
        #expect(try vault.restore(tree, to: folder.path("in"), options).summary.files == 3)
        #expect(Files.all(below: folder.path("in")) == ["srv/mail/inbox", "srv/www/index.html", "top.html"])
        #expect(try status(folder.path("in/srv/www")).st_mtim.tv_sec == 1_340_179_200)
        options.include = nil
        options.exclude = try PathFilter(["www"])
        _ = try vault.restore(tree, to: folder.path("ex"), options)
        #expect(Files.all(below: folder.path("ex")) == ["srv/mail/inbox", "top.html"])
        options.include = try PathFilter(["/none"])
        options.exclude = PathFilter()
        _ = try vault.restore(tree, to: folder.path("no"), options)
        #expect(Files.names(in: folder.path("no")).isEmpty)
    }

    @Test("Delete removes what the snapshot does not hold, only where it was told to restore")
    func deleting() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let tree = try vault.tree([
            vault.directory("a", [vault.file("keep", [[1]])]), vault.directory("b", [vault.file("keep", [[1]])]),
        ])
        for name in ["out/a/junk/deep/x", "out/b/junk", "out/top", "outside/precious"] { try folder.write(name, "x") }
        try Files.link(folder.path("out/a/way-out"), to: folder.path("outside"))
        var options = RestoreOptions()
        options.deletesOthers = true
        options.include = try PathFilter(["/a"])
        options.isDryRun = true
        #expect(try vault.restore(tree, to: folder.path("out"), options).summary.deleted == 2)
        #expect(Files.exists(folder.path("out/a/junk/deep/x")))
        options.isDryRun = false
        let (summary, reports) = try vault.restore(tree, to: folder.path("out"), options)
        #expect(summary.deleted == 4 && reports.isEmpty)
        #expect(Files.all(below: folder.path("out")) == ["a/keep", "b/junk", "top"])
        options.include = nil
        _ = try vault.restore(tree, to: folder.path("out"), options)
        #expect(Files.all(below: folder.path("out")) == ["a/keep", "b/keep"])
        #expect(try text(folder.path("outside/precious")) == "x")
    }

    @Test("A dry run changes nothing, not even making the folder")
    func dryRun() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let tree = try vault.tree([vault.directory("d", [vault.file("f", [[1, 2, 3]])])])
        var options = RestoreOptions()
        options.isDryRun = true
        let summary = try vault.restore(tree, to: folder.path("new/out"), options).summary
        #expect(summary.files == 1 && summary.bytes == 3 && summary.directories == 1)
        #expect(Files.names(in: folder.path).isEmpty)
    }

    @Test("Zeros are left out when asked, and the file is the same")
    func sparse() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var mixed = zeros
        mixed[500_000] = 1
        let blobs = [zeros, mixed, zeros, Array(mixed.dropFirst(1234)), zeros]
        var options = RestoreOptions()
        options.isSparse = true
        options.verifies = true
        let tree = try vault.tree([vault.file("f", blobs), vault.file("one", [mixed])])
        let (summary, reports) = try vault.restore(tree, to: folder.path, options)
        #expect(reports.isEmpty && summary.verified == 2)
        #expect(try Files.read(folder.path("f")) == Array(blobs.joined()))
        #expect(try status(folder.path("f")).st_blocks < 1000)
    }

    @Test("A file that even its owner may not write is writable until it is whole")
    func readOnlyFiles() {
        for mode: UInt32 in [0o444, 0o400, 0o000, 0o200, 0o644] {
            var node = Node(name: [0x66], kind: .file)
            (node.mode, node.uid, node.gid) = (mode, geteuid(), getegid())
            #expect(NodeMetadata(node).creationMode & 0o600 == 0o600)
        }
    }

    @Test("What is read-only from an earlier restore can be restored over")
    func readOnlyDirectories() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        var directory = try vault.directory("d", [vault.file("f", [[1]], mode: 0o400)])
        directory.mode = FileMode.directory | 0o500
        let tree = try vault.tree([directory])
        for _ in 0..<2 { #expect(try vault.restore(tree, to: folder.path).reports.isEmpty) }
        #expect(Files.mode(folder.path("d")) == 0o500 && Files.mode(folder.path("d/f")) == 0o400)
        Files.setMode(folder.path("d"), 0o700)
    }
}

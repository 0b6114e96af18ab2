// Trees that want out, and targets that lead out. Nothing outside the target is ever touched.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeDestination

@Suite("Hostile trees and targets")
struct HostileTreeTests {
    /// A target folder with something precious beside it.
    private struct Ground {
        let folder: TemporaryDirectory
        var target: String { folder.path("target") }

        init() throws {
            folder = try TemporaryDirectory()
            try folder.write("outside/precious", "precious", mode: 0o600)
            Files.setModified(folder.path("outside/precious"), seconds: 1000)
            Files.setModified(folder.path("outside"), seconds: 1000)
            try Files.makeFolders(target)
        }

        /// Whether everything beside the target is as it was.
        var isUntouched: Bool {
            var status = stat()
            let precious = try? Files.read(folder.path("outside/precious"))
            let isDirectoryOld = lstat(folder.path("outside"), &status) == 0 && status.st_mtim.tv_sec == 1000
            return precious == Array("precious".utf8) && isDirectoryOld
                && Files.names(in: folder.path) == ["outside", "target"]
                && Files.names(in: folder.path("outside")) == ["precious"]
                && Files.mode(folder.path("outside/precious")) == 0o600
        }
    }

    @Test(
        "Names that lead elsewhere are refused, and the rest of the snapshot is restored",
        arguments: [
            "..", ".", "", "../outside/precious", "/etc/hikae-test", "a/b", "x\0y",
        ])
    func names(_ name: String) throws {
        let vault = try Vault()
        let ground = try Ground()
        let tree = try vault.tree([
            vault.directory("bad", [vault.file(name, [[1]])]), vault.directory("worse", [vault.directory(name, [])]),
            vault.directory("worst", [Vault.symlink(name, to: "/")]), vault.file("good", [[2]]),
        ])
        let (summary, reports) = try vault.restore(tree, to: ground.target)
        #expect(reports.count == 3 && summary.errors == 3 && summary.files == 1)
        #expect(ground.isUntouched)
        #expect(Files.all(below: ground.target) == ["good"])
        let root = try vault.tree([vault.file(name, [[1]])])
        #expect(throws: HikaeError.self) { try vault.restore(root, to: ground.target) }
        #expect(ground.isUntouched)
    }

    @Test("A symlink and a directory of one name, to be walked through, are refused")
    func duplicateNames() throws {
        let vault = try Vault()
        let ground = try Ground()
        let inner = try vault.file("precious", [Array("evil".utf8)])
        for nodes in [
            [Vault.symlink("x", to: "../../outside"), try vault.directory("x", [inner])],
            [try vault.directory("x", [inner]), Vault.symlink("x", to: "../../outside")],
            [Vault.symlink("x", to: "../../outside/precious"), try vault.file("x", [[1]])],
        ] {
            let tree = try vault.tree([vault.directory("d", nodes, sorted: false)])
            let reports = try vault.restore(tree, to: ground.target).reports
            #expect(reports.count == 1 && reports[0].code == .damaged)
            #expect(ground.isUntouched)
        }
    }

    @Test("Symlinks in the target are replaced, never followed", arguments: RestoreOptions.Overwriting.allCases)
    func symlinks(_ overwriting: RestoreOptions.Overwriting) throws {
        let vault = try Vault()
        let ground = try Ground()
        let outside = ground.folder.path("outside")
        try Files.link("\(ground.target)/directory", to: outside)
        try Files.link("\(ground.target)/file", to: "\(outside)/precious")
        try Files.link("\(ground.target)/new", to: "\(outside)/created")
        try Files.link("\(ground.target)/empty", to: "\(outside)/precious")
        let tree = try vault.tree([
            vault.directory("directory", [vault.file("precious", [Array("evil".utf8)]), vault.directory("sub", [])]),
            vault.file("file", [Array("evil".utf8)]), vault.file("new", [[1], [2]]), vault.file("empty", []),
            Vault.symlink("link", to: "\(outside)/precious"),
        ])
        var options = RestoreOptions()
        options.overwriting = overwriting
        options.deletesOthers = true
        options.verifies = true
        _ = try vault.restore(tree, to: ground.target, options)
        #expect(ground.isUntouched, "\(overwriting)")
        if overwriting == .always {
            #expect(Files.all(below: ground.target) == ["directory/precious", "empty", "file", "link", "new"])
            #expect(try Files.read("\(ground.target)/new") == [1, 2])
        }
        // And over its own symlink again.
        _ = try vault.restore(tree, to: ground.target, options)
        #expect(ground.isUntouched)
    }

    @Test("A hard link in the target is cut, so that its other name keeps its content")
    func hardLinkedTarget() throws {
        let vault = try Vault()
        let ground = try Ground()
        #expect(link(ground.folder.path("outside/precious"), "\(ground.target)/f") == 0)
        let tree = try vault.tree([vault.file("f", [Array("evil".utf8)], mode: 0o777)])
        #expect(try vault.restore(tree, to: ground.target).reports.isEmpty)
        #expect(try Files.read("\(ground.target)/f") == Array("evil".utf8))
        #expect(ground.isUntouched)
    }

    @Test("A directory exchanged for a symlink in mid-restore does not lead out")
    func exchangedDirectory() throws {
        let ground = try Ground()
        try Files.makeFolders("\(ground.target)/a")
        let descriptor = open(ground.target, O_RDONLY | O_DIRECTORY)
        let root = TargetFolder(target: descriptor, existedBefore: true)
        let inner = TargetFolder(Array("a".utf8), in: root)
        #expect(try inner.find())
        try Files.move("\(ground.target)/a", to: "\(ground.target)/b")
        try Files.link("\(ground.target)/a", to: ground.folder.path("outside"))
        // Its descriptor still is the directory that was found.
        try inner.withDescriptor { inner in _ = EntryName.with([0x78]) { mkfifoat(inner, $0, 0o600) } }
        #expect(ground.isUntouched && Files.exists("\(ground.target)/b/x"))
        let late = TargetFolder(Array("a".utf8), in: root)
        #expect(try !late.find())
        let error = #expect(throws: HikaeError.self) { try late.make(replaces: false) }
        #expect(error?.code == .refused && ground.isUntouched)
    }

    @Test("Trees of absurd depth end in a report, not in a crash")
    func depth() throws {
        let vault = try Vault()
        let ground = try Ground()
        var nodes = [try vault.file("bottom", [[1]])]
        for _ in 0..<500 { nodes = [try vault.directory("d", nodes)] }
        let (summary, reports) = try vault.restore(try vault.tree(nodes), to: ground.target)
        #expect(reports.isEmpty && summary.directories == 500 && summary.files == 1)
        try Command("rm", ["-rf", ground.target]).succeed()
    }

    @Test("A size that the content does not have is reported, and no more is written than there is")
    func sizes() throws {
        let vault = try Vault()
        let ground = try Ground()
        var huge = try vault.file("huge", [[1, 2, 3]])
        huge.size = 1 << 62
        var none = try vault.file("none", [])
        none.size = 5
        let (summary, reports) = try vault.restore(try vault.tree([huge, none]), to: ground.target)
        #expect(reports.count == 2 && summary.errors == 2)
        #expect(try Files.read("\(ground.target)/huge") == [1, 2, 3])
    }

    @Test("Blobs and trees that are not there are reported by the name of what they belong to")
    func missing() throws {
        let vault = try Vault()
        let ground = try Ground()
        var file = try vault.file("file", [[1]])
        file.content = [Digest.blobID([9, 9, 9])]
        var directory = try vault.directory("directory", [])
        directory.subtree = Digest.blobID([8, 8])
        var nothing = try vault.directory("nothing", [])
        nothing.subtree = nil
        let tree = try vault.tree([file, directory, nothing, vault.file("good", [[1]])])
        let (summary, reports) = try vault.restore(tree, to: ground.target)
        #expect(summary.errors == 3 && summary.files == 1)
        for name in ["/file", "/directory", "/nothing"] {
            #expect(reports.contains { $0.message.contains(name) }, "\(name)")
        }
    }

    @Test("Special files that cannot be made are reported; a link target with a NUL is none")
    func specials() throws {
        let vault = try Vault()
        let ground = try Ground()
        var link = Vault.symlink("nul", to: "x")
        link.linkTarget = [0x78, 0, 0x79]
        let irregular = Node(name: Array("odd".utf8), kind: .irregular)
        var fifo = Node(name: Array("fifo".utf8), kind: .fifo)
        fifo.mode = FileMode.namedPipe | 0o620
        let socket = Node(name: Array("socket".utf8), kind: .socket)
        let tree = try vault.tree([link, irregular, fifo, socket])
        let (summary, reports) = try vault.restore(tree, to: ground.target)
        #expect(summary.others == 2 && reports.count == 2)
        #expect(Files.mode("\(ground.target)/fifo") == 0o620)
    }
}

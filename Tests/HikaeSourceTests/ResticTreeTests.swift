// The same files give the same tree: ours and the real restic's, compared by tree ID.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeSource

/// Whether there is a restic to compare with.
private let hasRestic = Command.path(of: "restic") != nil

@Suite("Trees beside restic's", .enabled(if: hasRestic, "restic is not installed"))
struct ResticTreeTests {
    /// A folder full of odd things, and a repository beside it.
    private struct Scene {
        let folder: TemporaryDirectory
        var source: String { folder.path("work") }

        init() throws {
            folder = try TemporaryDirectory()
            try folder.write("work/src/a/one", "1", mode: 0o4755)
            try folder.write("work/src/a/two words.txt", "22")
            try folder.write("work/src/b/deep/er/x.c", "int x;")
            try folder.write("work/src/b/\"quoted\" <&> \\ \n\t\u{1}", "q")
            try folder.write("work/src/日本語", "j")
            try folder.write("work/src/empty", "")
            try folder.write("work/src/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55")
            try folder.write("work/src/cache/y", "y")
            try folder.write("work/other/src/a/three", "333")
            try Files.makeFolders(folder.path("work/src/hollow"))
            Files.setMode(folder.path("work/src/hollow"), 0o1777)
            try Files.link(folder.path("work/src/link"), to: "a/one")
            _ = Glibc.link(folder.path("work/src/a/one"), folder.path("work/src/hard"))
            _ = mkfifo(folder.path("work/src/fifo"), 0o604)
            _ = mknod(folder.path("work/src/device"), S_IFCHR | 0o600, 259)
            Files.setModified(folder.path("work/src/b/deep"), seconds: -300_000_000)
            Files.setModified(folder.path("work/src/empty"), seconds: 9_000_000_000)
            // Where the filesystem has none, both see none.
            _ = try Command("setfattr", ["-n", "user.note", "-v", "v", folder.path("work/src/a/one")]).run()
            _ = try Command("setfacl", ["-m", "u:1:r", folder.path("work/src/a")]).run()
            try Files.makeFolders(folder.path("repo"))
            try restic(["init"])
        }

        @discardableResult
        func restic(_ arguments: [String], in directory: String = "/") throws -> Command.Outcome {
            var command = Command("restic", ["--no-cache", "-q"] + arguments)
            command.environment = [
                "RESTIC_REPOSITORY": folder.path("repo"), "RESTIC_PASSWORD": "x", "TMPDIR": folder.path("repo"),
            ]
            command.folder = directory
            return try command.succeed()
        }

        /// How many directories lead to what is compared; those above it belong to the machine and do not keep still.
        private var depth: Int { source.split(separator: "/").count }

        /// The tree of the work folder that restic makes, as its ID.
        func theirs(_ options: [String], _ targets: [String]) throws -> String {
            try restic(["backup", "--force", "--host", "h"] + options + targets, in: "/")
            let list = try restic(["snapshots", "--json"]).text
            let trees = list.split(separator: "\"tree\":\"").dropFirst().map { String($0.prefix(64)) }
            let times = list.split(separator: "\"time\":\"").dropFirst().map { String($0.prefix(35)) }
            var tree = try #require(zip(times, trees).max { $0.0 < $1.0 }?.1)
            // Each directory on the way holds one entry.
            for _ in 0..<depth {
                let json = try restic(["cat", "blob", tree]).text
                tree = try #require(
                    json.split(separator: "\"subtree\":\"").dropFirst().first.map { String($0.prefix(64)) })
            }
            return tree
        }

        /// The tree of the work folder that we make, as its ID; what a small file holds is one blob.
        func ours(_ selection: FileSelection, _ targets: [String]) throws -> String {
            var directory = try LocalFileTree(targets: targets, selection: selection).root
            for _ in 0..<depth {
                let entries = try directory.entries(report: { Issue.record($0) })
                guard entries.count == 1, case .directory(let inner) = entries[0].body else {
                    throw HikaeError(.notFound, "one directory")
                }
                directory = inner
            }
            return try Self.identify(directory).hex
        }

        private static func identify(_ directory: any SourceDirectory) throws -> BlobID {
            var tree = Tree()
            for entry in try directory.entries(report: { Issue.record($0) }) {
                var node = entry.node
                switch entry.body {
                case .directory(let inner): node.subtree = try identify(inner)
                case .file(let file):
                    let reader = try file.open()
                    var buffer = [UInt8](repeating: 0, count: 1000)
                    let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
                    if let current = try reader.currentNode() {
                        node = current
                        node.name = entry.node.name
                    }
                    node.content = count == 0 ? [] : [Digest.blobID(Array(buffer[..<count]))]
                case .other: break
                }
                node.atime = node.mtime
                tree.nodes.append(node)
            }
            return Digest.blobID(tree.encoded())
        }
    }

    @Test("Trees of odd files, by all kinds of targets and excludes, have restic's IDs")
    func sameIdentifiers() throws {
        let scene = try Scene()
        let work = scene.source
        var excluding = FileSelection()
        excluding.excludes = try PathFilter(["*.c", "\(work)/src/a/**", "!one"])
        excluding.markers = [.cacheDirectory]
        var small = FileSelection()
        small.largestSize = 2
        small.excludes = try PathFilter([], ignoringCase: ["EMPTY"])
        var staying = FileSelection()
        staying.staysOnFilesystem = true
        let cases: [(FileSelection, [String], [String])] = [
            (FileSelection(), [], ["\(work)/src"]),
            (FileSelection(), [], ["\(work)/src/a", "\(work)/src/b/deep", "\(work)/other/src"]),
            (FileSelection(), [], ["\(work)/src", "\(work)/src/a"]),
            (FileSelection(), [], ["\(work)/src/link", "\(work)/src/fifo"]),
            (
                excluding, ["-e", "*.c", "-e", "\(work)/src/a/**", "-e", "!one", "--exclude-caches"],
                ["\(work)/src"]
            ),
            (small, ["--exclude-larger-than", "2", "--iexclude", "EMPTY"], ["\(work)/src"]),
            (staying, ["-x"], ["\(work)/src", "\(work)/other"]),
        ]
        for (selection, options, targets) in cases {
            let theirs = try scene.theirs(options, targets)
            let ours = try scene.ours(selection, targets)
            #expect(ours == theirs, "\(options) \(targets)")
        }
    }
}

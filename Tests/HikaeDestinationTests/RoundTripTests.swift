// Random folders saved and restored: every byte, name, link, mode, time and attribute comes back.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeDestination

@Suite("Round trips")
struct RoundTripTests {
    /// Everything that a snapshot keeps of a folder, by path: nodes without what a copy must have anew.
    private func picture(_ folder: String) throws -> [[UInt8]: (node: Node, content: [UInt8])] {
        var found: [[UInt8]: (Node, [UInt8])] = [:]
        var links: [UInt64: [UInt8]] = [:]
        func descend(_ directory: any SourceDirectory, _ path: [UInt8]) throws {
            for entry in try directory.entries(report: { Issue.record($0) }) {
                var node = entry.node
                let path = path + [0x2F] + node.name
                var content: [UInt8] = []
                if case .file(let file) = entry.body {
                    let reader = try file.open()
                    var buffer = [UInt8](repeating: 0, count: 1 << 16)
                    while true {
                        let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
                        if count == 0 { break }
                        content += buffer[..<count]
                    }
                    // Which files are one: the first path with that inode.
                    let first = links[node.inode] ?? path
                    links[node.inode] = first
                    node.linkTarget = first
                }
                (node.inode, node.deviceID, node.ctime, node.atime) = (0, 0, .zero, .zero)
                found[path] = (node, content)
                if case .directory(let inner) = entry.body { try descend(inner, path) }
            }
        }
        try descend(Vault.source(folder), [])
        return found
    }

    private func compare(_ left: String, _ right: String, _ comment: String) throws {
        let left = try picture(left)
        let right = try picture(right)
        #expect(Set(left.keys) == Set(right.keys), "\(comment)")
        for (path, expected) in left {
            guard let found = right[path] else { continue }
            let name = String(decoding: path, as: UTF8.self)
            #expect(found.node == expected.node, "\(comment): \(name)")
            #expect(found.content == expected.content, "\(comment): \(name)")
        }
    }

    @Test("Random trees come back as they were, also over what an earlier one left")
    func randomTrees() throws {
        var random = SeededGenerator()
        let target = try TemporaryDirectory()
        for round in 0..<4 {
            let source = try TemporaryDirectory()
            try RandomTree.make(in: source.path("t"), &random)
            let vault = try Vault()
            let tree = try vault.capture(source.path("t"))
            var options = RestoreOptions()
            options.deletesOthers = true
            options.verifies = round.isMultiple(of: 2)
            options.isSparse = round == 1
            options.workers = 1 + round
            let (summary, reports) = try vault.restore(tree, to: target.path("out"), options)
            #expect(reports.isEmpty && summary.errors == 0, "round \(round): \(reports)")
            try compare(source.path("t"), target.path("out"), "round \(round)")
        }
    }

    @Test("What is written while more is planned comes back, also over what is there, but for what is damaged")
    func ahead() throws {
        var random = SeededGenerator()
        let (source, target) = (try TemporaryDirectory(), try TemporaryDirectory())
        // Each folder is more than threads that wait are given at once.
        for folder in 0..<5 {
            for file in 0..<6 { try source.write("t/\(folder)/large \(file)", random.bytes(3_000_000 + file)) }
            for file in 0..<40 { try source.write("t/\(folder)/small \(file)", random.bytes(100 + file)) }
            try source.write("t/\(folder)/empty", "")
            guard folder > 0 else { continue }
            // A name of a file that a batch before has.
            let (old, new) = (source.path("t/\(folder - 1)/small 7"), source.path("t/\(folder)/a further name"))
            #expect(link(old, new) == 0)
        }
        let vault = try Vault()
        let tree = try vault.capture(source.path("t"))
        var options = RestoreOptions()
        for round in 0..<4 {
            (options.workers, options.verifies) = (1 + round, round.isMultiple(of: 2))
            let (summary, reports) = try vault.restore(tree, to: target.path("out"), options)
            #expect(reports.isEmpty && summary.files == 235 && summary.hardLinks == 4, "round \(round): \(reports)")
            try compare(source.path("t"), target.path("out"), "round \(round)")
        }
        // A file of the first folder is damaged: it stays as it is, and what links to it is told too.
        let blob = Digest.blobID(try Files.read(source.path("t/0/small 7")))
        try vault.damage(blob)
        try target.write("out/0/small 7", "the old one")
        let (summary, reports) = try vault.restore(tree, to: target.path("out"), options)
        #expect(summary.errors == 2 && summary.files == 234 && summary.hardLinks == 3, "\(reports)")
        #expect(try Files.read(target.path("out/0/small 7")) == Array("the old one".utf8))
        #expect(!Files.all(below: target.path("out")).contains { $0.contains(".hikae-restore") })
    }

    @Test("More files and links than one batch takes come back")
    func manyFiles() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let ids = try vault.save((0..<50).map { Array("content \($0)".utf8) })
        var nodes: [Node] = []
        for number in 0..<70_000 {
            var node = Node(name: Array("f\(number)".utf8), kind: .file)
            node.mode = 0o600
            node.mtime = Timestamp(seconds: Int64(number))
            node.atime = node.mtime
            if number.isMultiple(of: 10) {
                // One file of many names.
                (node.links, node.inode) = (7000, 1)
                node.content = [ids[0]]
                node.size = 9
            } else {
                node.content = [ids[number % 50]]
                node.size = number % 50 < 10 ? 9 : 10
            }
            nodes.append(node)
        }
        let tree = try vault.tree([vault.directory("d", nodes)])
        let (summary, reports) = try vault.restore(tree, to: folder.path)
        #expect(reports.isEmpty && summary.files == 63_001 && summary.hardLinks == 6999)
        #expect(Files.names(in: folder.path("d")).count == 70_000)
        #expect(try Files.read(folder.path("d/f69999")) == Array("content 49".utf8))
        #expect(try Files.read(folder.path("d/f69990")) == Array("content 0".utf8))
    }
}

/// Folders full of whatever a filesystem takes.
private enum RandomTree {
    static func make(in folder: String, _ random: inout SeededGenerator) throws {
        try Files.makeFolders(folder)
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        var files: [[UInt8]] = []
        // Never empty: of a folder in which nothing is, no snapshot is made.
        try file(descriptor, Array("first".utf8), &random)
        try fill(descriptor, depth: 0, &files, &random)
    }

    private static func fill(
        _ folder: Int32, depth: Int, _ files: inout [[UInt8]], _ random: inout SeededGenerator
    ) throws {
        var last: [UInt8]?
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let name = self.name(&random)
            guard EntryName.isSafe(name), EntryName.status(folder, name) == nil else { continue }
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                try file(folder, name, &random)
                last = name
            case 5:
                let target = self.name(&random)
                _ = EntryName.with(target) { target in EntryName.with(name) { symlinkat(target, folder, $0) } }
            case 6: _ = EntryName.with(name) { mkfifoat(folder, $0, 0o640) }
            case 7:
                guard let last else { continue }
                _ = EntryName.with(last) { old in EntryName.with(name) { linkat(folder, old, folder, $0, 0) } }
            default:
                guard depth < 5 else { continue }
                _ = EntryName.with(name) { mkdirat(folder, $0, 0o755) }
                let inner = EntryName.open(folder, name, O_RDONLY | O_DIRECTORY)
                try fill(inner, depth: depth + 1, &files, &random)
                finish(inner, &random)
                close(inner)
            }
        }
    }

    private static func name(_ random: inout SeededGenerator) -> [UInt8] {
        let length = Bool.random(using: &random) ? Int.random(in: 1...12, using: &random) : 255
        let isText = Bool.random(using: &random)
        return (0..<length).map { _ in
            let byte = UInt8.random(in: 1...255, using: &random)
            return isText ? 0x61 + byte % 26 : byte == 0x2F ? 0x30 : byte
        }
    }

    private static func file(_ folder: Int32, _ name: [UInt8], _ random: inout SeededGenerator) throws {
        let descriptor = EntryName.open(folder, name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        guard descriptor >= 0 else { throw HikaeError.system("create", "a test file") }
        defer { close(descriptor) }
        let size = [0, 1, 100, 4096, 70_000, 3_000_000].randomElement(using: &random) ?? 0
        var content = random.bytes(size)
        if Bool.random(using: &random), size > 10_000 {
            for index in 4096..<size - 1000 { content[index] = 0 }
        }
        try content.withUnsafeBytes { try FileSpace.write($0, to: descriptor, at: 0, "a test file") }
        finish(descriptor, &random)
    }

    /// Random mode, time and attributes.
    private static func finish(_ descriptor: Int32, _ random: inout SeededGenerator) {
        let modes: [mode_t] = [0o644, 0o600, 0o400, 0o4755, 0o1777, 0o2750, 0o711]
        _ = fchmod(descriptor, modes.randomElement(using: &random) ?? 0o644)
        let name = "user.hikae"
        let value = random.bytes(Int.random(in: 0...200, using: &random))
        if Bool.random(using: &random) {
            // Through the test's own helper: where the filesystem has none, there is nothing to keep.
            let metadata = TestAttributes(name: name, value: value)
            metadata.set(on: descriptor)
        }
        let time = timespec(
            tv_sec: Int.random(in: -2_000_000_000...8_000_000_000, using: &random),
            tv_nsec: Int.random(in: 0...999_999_999, using: &random))
        _ = futimens(descriptor, [time, time])
    }
}

/// An extended attribute set by the code under test's own means.
private struct TestAttributes {
    let name: String
    let value: [UInt8]

    func set(on descriptor: Int32) {
        var node = Node(name: [0x78], kind: .file)
        var status = stat()
        _ = fstat(descriptor, &status)
        node.mode = FileMode.fromSystem(UInt32(status.st_mode))
        (node.uid, node.gid) = (status.st_uid, status.st_gid)
        node.extendedAttributes = [ExtendedAttribute(name: name, value: value)]
        _ = NodeMetadata(node).apply(to: descriptor, clearsInherited: false, path: { "a test file" })
    }
}

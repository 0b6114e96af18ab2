// Local files as a source: what is found, what is left out, what goes wrong.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeSource

/// All entries below a folder by path, with what was reported.
private func walk(
    _ target: String, _ selection: FileSelection = FileSelection(), meeting: ((SourceEntry) throws -> Void)? = nil
) throws -> (entries: [String: SourceEntry], reports: [HikaeError]) {
    var found: [String: SourceEntry] = [:]
    var reports: [HikaeError] = []
    let tree = try LocalFileTree(targets: [target], selection: selection)
    func descend(_ directory: any SourceDirectory, _ path: String) throws {
        var last: [UInt8]?
        for entry in try directory.entries(report: { reports.append($0) }) {
            if let last { #expect(last.lexicographicallyPrecedes(entry.node.name)) }
            last = entry.node.name
            let path = path + "/" + entry.node.displayName
            found[path] = entry
            try meeting?(entry)
            if case .directory(let inner) = entry.body { try descend(inner, path) }
        }
    }
    try descend(tree.root, "")
    return (found, reports)
}

private func content(_ file: any SourceFile) throws -> (bytes: [UInt8], node: Node?) {
    let reader = try file.open()
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1000)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
        if count == 0 { return (bytes, try reader.currentNode()) }
        bytes += buffer[..<count]
    }
}

private func content(_ entry: SourceEntry?) throws -> [UInt8] {
    guard case .file(let file)? = entry?.body else { throw HikaeError(.notFound, "no file there") }
    return try content(file).bytes
}

@Suite("Local files")
struct LocalFileTreeTests {
    @Test("Files, links, FIFOs and directories come with their metadata and content")
    func kinds() throws {
        let folder = try TemporaryDirectory()
        try folder.write("d/file", "hello", mode: 0o640)
        try folder.write("d/empty", "")
        try Files.link(folder.path("d/link"), to: "nowhere/at all")
        #expect(mkfifo(folder.path("d/fifo"), 0o600) == 0)
        #expect(link(folder.path("d/file"), folder.path("d/again")) == 0)
        Files.setModified(folder.path("d/file"), seconds: -5)
        let found = try walk(folder.path("d")).entries
        let base = folder.path("d")
        let file = try #require(found["\(base)/file"]?.node)
        #expect(file.kind == .file && file.mode == 0o640 && file.size == 5 && file.links == 2)
        #expect(file.mtime.seconds == -5 && file.inode == found["\(base)/again"]?.node.inode)
        #expect(file.uid == getuid() && file.content == nil)
        #expect(found["\(base)/link"]?.node.linkTarget == Array("nowhere/at all".utf8))
        #expect(found["\(base)/fifo"]?.node.kind == .fifo)
        #expect(found[base]?.node.kind == .dir && found[base]?.node.links == 0)
        #expect(try content(found["\(base)/file"]) == Array("hello".utf8))
        #expect(try content(found["\(base)/empty"]) == [])
    }

    @Test("Names of any bytes and of 255 bytes are kept")
    func names() throws {
        let folder = try TemporaryDirectory()
        let long = String(repeating: "n", count: 255)
        try folder.write("d/\(long)", "x")
        let raw: [CChar] = Array("\(folder.path)/d/".utf8CString.dropLast()) + [-1, -2, 10, 0]
        let descriptor = raw.withUnsafeBufferPointer {
            $0.baseAddress.map { open($0, O_CREAT | O_WRONLY, 0o600) } ?? -1
        }
        #expect(descriptor >= 0)
        close(descriptor)
        var names: [[UInt8]] = []
        _ = try walk(folder.path("d")) { names.append($0.node.name) }
        #expect(names.contains([0xFF, 0xFE, 0x0A]) && names.contains(Array(long.utf8)))
    }

    @Test("Directories deeper than any path the system takes are read to the bottom")
    func deep() throws {
        let folder = try TemporaryDirectory()
        let name = String(repeating: "d", count: 200)
        // 100 levels of 200 bytes: five times as long as PATH_MAX.
        var descriptor = open(folder.path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<100 {
            #expect(mkdirat(descriptor, name, 0o755) == 0)
            let next = openat(descriptor, name, O_RDONLY | O_DIRECTORY)
            close(descriptor)
            descriptor = next
        }
        let file = openat(descriptor, "bottom", O_CREAT | O_WRONLY, 0o644)
        #expect(Glibc.write(file, "deep", 4) == 4)
        close(file)
        close(descriptor)
        var bottom: [UInt8] = []
        var count = 0
        let result = try walk(folder.path) { entry in
            count += 1
            if case .file(let file) = entry.body { bottom = try content(file).bytes }
        }
        #expect(bottom == Array("deep".utf8) && result.reports.isEmpty && count >= 101)
        // The folder's own cleaning works with paths; this one is too deep for it.
        try Command("rm", ["-rf", folder.path(name)]).succeed()
    }

    @Test("More directories can be waiting than descriptors may stay open")
    func manyDirectories() throws {
        let folder = try TemporaryDirectory()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        let count = min(Int(limit.rlim_cur) / 4 + 100, 6000)
        for number in 0..<count { try Files.write(folder.path("\(number)/f"), [1]) }
        var files: [any SourceFile] = []
        _ = try walk(folder.path) { if case .file(let file) = $0.body { files.append(file) } }
        #expect(files.count == count)
        for file in files { #expect(try content(file).bytes == [1]) }
    }

    @Test("A file that vanishes, or becomes a symlink or FIFO, before it is opened is an error and never followed")
    func exchanged() throws {
        let folder = try TemporaryDirectory()
        for name in ["gone", "link", "fifo", "grown"] { try folder.write("d/\(name)", "old") }
        try folder.write("secret", "secret")
        let found = try walk(folder.path("d")).entries
        for name in ["gone", "link", "fifo"] { Files.remove(folder.path("d/\(name)")) }
        try Files.link(folder.path("d/link"), to: folder.path("secret"))
        #expect(mkfifo(folder.path("d/fifo"), 0o600) == 0)
        try folder.write("d/grown", "longer than before")
        for (name, code) in [("gone", HikaeError.Code.notFound), ("link", .incomplete), ("fifo", .incomplete)] {
            let error = #expect(throws: HikaeError.self) { try content(found[folder.path("d/\(name)")]) }
            #expect(error?.code == code && error?.message.contains(name) == true)
        }
        guard case .file(let grown)? = found[folder.path("d/grown")]?.body else { return }
        let (bytes, node) = try content(grown)
        #expect(bytes.count == 18 && node?.size == 18)
    }

    @Test("Excluded names, markers, sizes and hidden folders are left out")
    func selection() throws {
        let folder = try TemporaryDirectory()
        let base = folder.path("d")
        for name in ["a.tmp", "b.txt", "sub/c.tmp/x", "cache/CACHEDIR.TAG", "cache/y", "no/.nobackup", "no/z", "h/x"] {
            try folder.write("d/\(name)", "12345")
        }
        try folder.write("d/big", [UInt8](repeating: 7, count: 5000))
        try folder.write("d/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55 and more")
        try folder.write("d/fake/CACHEDIR.TAG", "something else")
        try folder.write("d/fake/kept", "x")
        var selection = FileSelection()
        selection.excludes = try PathFilter(["*.tmp"])
        selection.markers = [.cacheDirectory, try DirectoryMarker(".nobackup")]
        selection.largestSize = 4999
        selection.hiddenDirectories = [Array("\(base)/h".utf8)]
        let (found, reports) = try walk(base, selection)
        let names = found.keys.filter { $0.hasPrefix("\(base)/") }.map { String($0.dropFirst(base.count + 1)) }.sorted()
        #expect(
            names == [
                "b.txt", "cache", "cache/CACHEDIR.TAG", "fake", "fake/CACHEDIR.TAG", "fake/kept", "no", "no/.nobackup",
                "sub",
            ])
        #expect(reports.count == 1 && reports[0].message.contains("fake/CACHEDIR.TAG"))
    }

    @Test("Markers are read as NAME or NAME:HEADER")
    func markers() throws {
        #expect(try DirectoryMarker("x").header == [])
        #expect(try DirectoryMarker("x:y:z") == DirectoryMarker("x:y:z"))
        #expect(try DirectoryMarker("x:y:z").header == Array("y:z".utf8))
        for text in ["", ":x"] { #expect(throws: HikaeError.self) { try DirectoryMarker(text) } }
    }

    @Test("Targets that are not there are reported and passed over; none left is an error")
    func missingTargets() throws {
        let folder = try TemporaryDirectory()
        let there = Array(folder.path.utf8)
        var reports: [HikaeError] = []
        #expect(try LocalFileTree.existing([there, Array("/none such".utf8)]) { reports.append($0) } == [there])
        #expect(reports.count == 1)
        #expect(throws: HikaeError.self) { try LocalFileTree.existing([Array("/none such".utf8)]) { _ in } }
        #expect(throws: HikaeError.self) { try LocalFileTree(targets: [String]()) }
        #expect(throws: HikaeError.self) { try LocalFileTree(targets: ["/none such/below"]) }
    }

    @Test("Extended attributes come in the system's order, large and empty ones too")
    func attributes() throws {
        let folder = try TemporaryDirectory()
        try folder.write("d/f", "x")
        let big = String(repeating: "b", count: 3000)
        for (name, value) in [("user.z", "1"), ("user.a", ""), ("user.m", big)] {
            let result = try Command("setfattr", ["-n", name, "-v", value, folder.path("d/f")]).run()
            // Not every filesystem that tests run on has them.
            if result.status != 0 { return }
        }
        let entry = try #require(try walk(folder.path("d")).entries[folder.path("d/f")])
        let attributes = entry.node.extendedAttributes.filter { $0.name.hasPrefix("user.") }
        #expect(Set(attributes.map(\.name)) == ["user.z", "user.a", "user.m"])
        #expect(attributes.first { $0.name == "user.m" }?.value.count == 3000)
        #expect(attributes.first { $0.name == "user.a" }?.value == [])
        guard case .file(let file) = entry.body else { return }
        #expect(try content(file).node?.extendedAttributes == entry.node.extendedAttributes)
    }
}

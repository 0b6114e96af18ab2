import HikaeCore
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeGuard

@Suite struct ContentWatchTests {
    private static func judge(_ name: String, _ bytes: [UInt8]) -> ContentSniff.Finding {
        bytes.withUnsafeBytes { ContentSniff.judge(Array(name.utf8), $0) }
    }

    private static let page = Array("\u{FEFF}\n<!DOCTYPE html><html><body>503 Service Unavailable".utf8)

    @Test func errorPagesUnderOtherNames() {
        for name in ["a.jpg", "b.PNG", "c.pdf", "d.zip", "e.docx"] {
            #expect(Self.judge(name, Self.page) == .errorPage, "\(name)")
        }
        for name in ["index.html", "readme", "page.php"] { #expect(Self.judge(name, Self.page) == .asNamed, "\(name)") }
    }

    @Test func whatIsAsNamedIsLeftInPeace() {
        #expect(Self.judge("a.jpg", [0xFF, 0xD8, 0xFF, 0xE0] + [UInt8](repeating: 3, count: 200)) == .asNamed)
        var random = SeededGenerator()
        #expect(Self.judge("a.jpg", Array("RIFF".utf8) + random.bytes(500)) == .asNamed)
        #expect(Self.judge("a.png", [0xFF, 0xD8, 0xFF, 0xE0] + random.bytes(500)) == .asNamed)
        #expect(Self.judge("a.docx", Array("PK".utf8) + [3, 4] + [UInt8](repeating: 1, count: 200)) == .asNamed)
        // Shift_JIS and UTF-16 are text.
        let shiftJIS: [UInt8] = Array(repeating: [0x82, 0xB3, 0x82, 0xAD, 0x82, 0xE7], count: 40).flatMap { $0 }
        #expect(Self.judge("a.txt", shiftJIS) == .asNamed)
        let wide = (0..<200).flatMap { _ in [UInt8(ascii: "a"), 0] }
        #expect(Self.judge("a.csv", wide) == .asNamed)
        #expect(Self.judge("short.txt", [0, 1, 2, 3]) == .asNamed)
    }

    @Test func encryptedBytesAreNoiseUnderNamesThatPromiseSomething() {
        var random = SeededGenerator()
        var found = 0
        for _ in 0..<200 {
            let bytes = random.bytes(512)
            for name in ["a.txt", "b.sql", "c.pdf", "d.jpg"] where Self.judge(name, bytes) == .noise { found += 1 }
            #expect(Self.judge("unknown.bin", bytes) == .asNamed)
        }
        #expect(found > 780)
    }

    @Test func whatGoesThroughIsUnchangedAndCounted() throws {
        let folder = try TemporaryDirectory()
        try Files.write(folder.path + "/a.jpg", Self.page)
        try Files.write(folder.path + "/b.txt", Array("hello".utf8))
        try Files.write(folder.path + "/c.bin", Self.page)
        // Empty files look like nothing: they must not make few odd files of many.
        for number in 0..<9 { try Files.write(folder.path + "/empty-\(number).txt", []) }
        let watch = ContentWatch()
        var directory = watch.watching(try LocalFileTree(targets: [folder.path]).root)
        for name in folder.path.split(separator: "/") {
            let entries = try directory.entries { _ in }
            let entry = try #require(entries.first { $0.node.displayName == name })
            guard case .directory(let inner) = entry.body else { throw HikaeError(.notFound, "no folder \(name)") }
            directory = inner
        }
        var contents: [String: [UInt8]] = [:]
        for entry in try directory.entries(report: { _ in }) {
            guard case .file(let file) = entry.body else { continue }
            let reader = try file.open()
            var buffer = [UInt8](repeating: 0, count: 7)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
                guard count > 0 else { break }
                contents[entry.node.displayName, default: []] += buffer[..<count]
            }
        }
        #expect(contents == ["a.jpg": Self.page, "b.txt": Array("hello".utf8), "c.bin": Self.page])
        #expect(watch.findings.looked == 2)
        #expect(watch.findings.errorPages.count == 1)
        #expect(watch.findings.errorPages.examples.first?.hasSuffix("/a.jpg") == true)
        #expect(watch.findings.noise.count == 0)
    }
}

// Reading a folder from the real sshd.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeSFTP

@Suite(.serialized) struct CaptureTests {
    /// A site with all that a folder can have.
    static func fill(_ folder: String, seed: UInt64 = 7) throws {
        var random = SeededGenerator(seed: seed)
        for number in 0..<300 {
            let size = number % 10 == 0 ? 0 : Int.random(in: 1...40_000, using: &random)
            try Files.write(
                "\(folder)/dir\(number % 17)/sub\(number % 3)/file-\(number).bin", random.bytes(size),
                mode: [0o644, 0o600, 0o755, 0o444][number % 4])
            Files.setModified(
                "\(folder)/dir\(number % 17)/sub\(number % 3)/file-\(number).bin",
                seconds: 1_300_000_000 + Int64(number))
        }
        for size in [32_767, 32_768, 261_119, 261_120, 261_121, 2 << 20, 3_000_001] {
            try Files.write("\(folder)/sizes/\(size)", random.bytes(size))
        }
        try Files.makeFolders("\(folder)/empty/deep/er")
        try Files.write("\(folder)/名前/受注 2012.csv", Array("注文\n".utf8))
        try Files.link("\(folder)/current", to: "dir1/sub1")
        try Files.link("\(folder)/dir2/outside", to: "/etc/passwd")
        try Files.link("\(folder)/dir2/nowhere", to: "gone \u{1B} away")
        Files.setMode("\(folder)/empty", 0o2750)
        Files.setModified("\(folder)/empty", seconds: 1_200_000_000)
    }

    @Test func whatWasReadComesBackAsItWas() throws {
        let folder = try Server.folder()
        try Self.fill(folder)
        // A name that is no UTF-8, and one with control characters.
        try Command(
            "sh",
            ["-c", "cd \"$0\" && printf a > \"$(printf 'caf\\351')\" && printf b > \"$(printf 'bell\\007')\"", folder]
        )
        .succeed()
        let rig = try CaptureRig()
        let capture = try rig.capture(SFTPSource(try Server.settings(folder)))
        #expect(capture.reports.isEmpty, "\(capture.reports)")
        let back = try TemporaryDirectory()
        try rig.restore(capture, to: back.path("x"))
        try Server.expectSame(folder, back.path("x"))
        #expect(capture.facts.items == 310)
        #expect(capture.summary.totalFiles == 310)
        #expect(UInt64(capture.summary.totalBytes) == capture.facts.bytes)
        #expect(capture.facts.groups.first { $0.name == "sizes" }?.items == 7)
        #expect(capture.facts.groups.first { $0.name == "/" }?.items == 2)
    }

    @Test func ownersAreKeptByNumberAndName() throws {
        let folder = try Server.folder()
        try Files.write("\(folder)/a", [1])
        let rig = try CaptureRig()
        let capture = try rig.capture(SFTPSource(try Server.settings(folder)))
        let node = try #require(try capture.content.nodes()?.first)
        let own = try Command("stat", ["-c", "%u %g %U %G", "\(folder)/a"]).succeed().text
        #expect("\(node.uid) \(node.gid) \(node.user) \(node.group)\n" == own)
    }

    @Test func aSecondCaptureReadsNothingButWhatChanged() throws {
        let folder = try Server.folder()
        try Self.fill(folder)
        let rig = try CaptureRig()
        let source = SFTPSource(try Server.settings(folder))
        _ = try rig.capture(source)
        let again = try rig.capture(source)
        #expect(again.summary.filesNew == 0)
        #expect(again.summary.filesChanged == 0)
        #expect(again.summary.filesUnmodified == 308)
        #expect(again.summary.dataBlobs == 0)
        try Files.write("\(folder)/dir1/sub1/new", [1, 2, 3])
        try Files.write("\(folder)/sizes/32768", Array("changed".utf8))
        let third = try rig.capture(source)
        #expect(third.summary.filesNew == 1)
        #expect(third.summary.filesChanged == 1)
        #expect(third.facts.items == 309)
    }

    @Test func whatIsExcludedIsNotEvenListed() throws {
        let folder = try Server.folder()
        try Files.write("\(folder)/cache/x/y", [1])
        try Files.write("\(folder)/keep/cache.txt", [1])
        try Files.write("\(folder)/keep/b.tmp", [1])
        Files.setMode("\(folder)/cache", 0)
        var settings = try Server.settings(folder)
        settings.excludes = ["/cache", "*.tmp"]
        let capture = try CaptureRig().capture(SFTPSource(settings))
        #expect(try capture.content.nodes()?.map(\.displayName) == ["keep"])
        #expect(capture.facts.items == 1)
        Files.setMode("\(folder)/cache", 0o755)
    }

    @Test func specialFilesAreLeftOutAndCounted() throws {
        let folder = try Server.folder()
        try Files.write("\(folder)/a", [1])
        try Command("mkfifo", ["\(folder)/pipe"]).succeed()
        let capture = try CaptureRig().capture(SFTPSource(try Server.settings(folder)))
        #expect(try capture.content.nodes()?.map(\.displayName) == ["a"])
        #expect(capture.facts.notes.contains { $0.contains("1 special file ") })
    }

    @Test func aFileThatVanishedIsReportedAndNotCounted() throws {
        let folder = try Server.folder()
        try Files.write("\(folder)/a", [1])
        try Files.write("\(folder)/b", [2])
        let settings = try Server.settings(folder)
        let session = try SFTPSource(settings).begin(CaptureContext())
        defer { session.close() }
        let entries = try session.root.entries { _ in }
        Files.remove("\(folder)/a")
        guard case .file(let gone) = entries[0].body, case .file(let there) = entries[1].body else {
            throw HikaeError(.notFound, "no files")
        }
        let error = #expect(throws: HikaeError.self) { try gone.open() }
        #expect(error?.code == .notFound)
        #expect(try Self.content(there) == [2])
        let facts = try session.finish()
        #expect(facts.items == 1)
        #expect(facts.bytes == 1)
    }

    @Test(arguments: [10, 3_000_000]) func aFileThatGrewIsReadAsItIsNow(size: Int) throws {
        let folder = try Server.folder()
        try Files.write("\(folder)/log", [UInt8](repeating: 1, count: size))
        let session = try SFTPSource(try Server.settings(folder)).begin(CaptureContext())
        defer { session.close() }
        let entries = try session.root.entries { _ in }
        let grown = [UInt8](repeating: 2, count: size + 5)
        try Files.write("\(folder)/log", grown)
        guard case .file(let file) = entries[0].body else { throw HikaeError(.notFound, "no file") }
        #expect(try Self.content(file) == grown)
        #expect(try file.open().currentNode()?.size == UInt64(size + 5))
    }

    static func content(_ file: any SourceFile) throws -> [UInt8] {
        let reader = try file.open()
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 100_000)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
            if count == 0 { return content }
            content += buffer[..<count]
        }
    }
}

// What a restore must never do to a site: replace what nobody allowed, lose what it replaces, believe a half file.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeFTP

@Suite("What a restore over FTP leaves alone")
struct OverwriteTests {
    private static let site = Result {
        let site = try SiteServer()
        try SampleSite.write(to: site.root)
        return site
    }

    private func captured() throws -> CaptureRig.Capture {
        try CaptureRig().capture(FTPSource(Self.site.get().settings()))
    }

    private final class Reports: Sendable {
        private let errors = Mutex<[HikaeError]>([])
        var all: [HikaeError] { errors.withLock { $0 } }
        var watch: ReturnWatch { ReturnWatch(report: { [self] error in errors.withLock { $0.append(error) } }) }
    }

    private func names(_ folder: String) throws -> Set<String> {
        Set(
            try Command("find", [folder, "-type", "f", "-printf", "%P\n"]).succeed().text.split(separator: "\n")
                .map(String.init))
    }

    @Test("A file that the listing hides is not replaced without leave")
    func hidden() throws {
        let capture = try captured()
        let other = try SiteServer("--hide-dots")
        try Files.write("\(other.root)/.htaccess", Array("Require valid-user\n".utf8))
        let reports = Reports()
        let destination = FTPDestination(other.settings())
        let summary = try destination.restore(capture.content, ReturnOptions(), reports.watch)
        #expect(try Files.read("\(other.root)/.htaccess") == Array("Require valid-user\n".utf8))
        #expect(summary.errors == 1)
        #expect(reports.all.contains { $0.code == .refused && $0.message.contains("/.htaccess") }, "\(reports.all)")
        #expect(try !names(other.root).contains { $0.contains(".hikae-") })
        // Told to, it does; and once it is as it should be, it is no error any more.
        var replacing = ReturnOptions()
        replacing.replaces = true
        #expect(try destination.restore(capture.content, replacing, ReturnWatch()).errors == 0)
        #expect(try Files.read("\(other.root)/.htaccess") == Files.read("\(Self.site.get().root)/.htaccess"))
        #expect(try destination.restore(capture.content, ReturnOptions(), ReturnWatch()).errors == 0)
    }

    @Test("Where the new file cannot take its name, the old one stays")
    func renameRefused() throws {
        let capture = try captured()
        let other = try SiteServer("--rename", "never")
        try Files.write("\(other.root)/index.html", Array("the old page".utf8))
        var replacing = ReturnOptions()
        replacing.replaces = true
        let summary = try FTPDestination(other.settings()).restore(capture.content, replacing, ReturnWatch())
        #expect(summary.errors == UInt64(capture.summary.totalFiles))
        #expect(try Files.read("\(other.root)/index.html") == Array("the old page".utf8))
        #expect(try names(other.root).filter { !$0.contains(".hikae-") } == ["index.html"])
    }

    @Test("A server that renames only to new names is filled too, and nothing stays beside")
    func newNamesOnly() throws {
        let capture = try captured()
        let other = try SiteServer("--rename", "new-only")
        try Files.write("\(other.root)/index.html", Array("the old page".utf8))
        var replacing = ReturnOptions()
        replacing.replaces = true
        #expect(try FTPDestination(other.settings()).restore(capture.content, replacing, ReturnWatch()).errors == 0)
        try SampleSite.expectEqual(Self.site.get().root, other.root)
    }

    @Test("What an earlier run has left is believed only when its bytes are right")
    func garbledRemains() throws {
        let capture = try captured()
        let other = try SiteServer()
        let images = try #require(try capture.content.nodes(at: [Array("images".utf8)]))
        for node in images where node.kind == .file {
            let temporary = String(decoding: Upload.temporaryName(node), as: UTF8.self)
            // As a power cut at the server may leave it: of the right length, or half, and empty of content.
            let count = node.displayName == "large.jpg" ? Int(node.size) : Int(node.size) / 2
            try Files.write("\(other.root)/images/\(temporary)", [UInt8](repeating: 0, count: count))
        }
        let summary = try FTPDestination(other.settings()).restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.errors == 0)
        try SampleSite.expectEqual(Self.site.get().root, other.root)
    }

    @Test("A look whether one may write touches no file that is there")
    func probe() throws {
        let other = try SiteServer()
        try Files.write("\(other.root)/.hikae-probe", Array("mine".utf8))
        _ = try FTPDestination(other.settings()).probe()
        #expect(try Files.read("\(other.root)/.hikae-probe") == Array("mine".utf8))
        #expect(try names(other.root) == [".hikae-probe"])
    }

    @Test("A folder in a file's place stays, and is named in a report")
    func folderInTheWay() throws {
        let capture = try captured()
        let other = try SiteServer()
        try Files.write("\(other.root)/index.html/inner", Array("x".utf8))
        try Files.write("\(other.root)/deep", Array("a file where a folder was".utf8))
        var replacing = ReturnOptions()
        replacing.replaces = true
        let reports = Reports()
        let summary = try FTPDestination(other.settings()).restore(capture.content, replacing, reports.watch)
        #expect(summary.errors == 2)
        #expect(reports.all.contains { $0.message.contains("/index.html") }, "\(reports.all)")
        #expect(reports.all.contains { $0.message.contains("/deep") })
        #expect(try Files.read("\(other.root)/index.html/inner") == Array("x".utf8))
        #expect(try Files.read("\(other.root)/deep") == Array("a file where a folder was".utf8))
    }

    @Test("Names that a server would take for paths, or a terminal for commands, go nowhere")
    func names() throws {
        func wire(_ name: String, _ system: String) -> [UInt8]? {
            try? ReturnSite.wire(Array(name.utf8), "/x", .utf8, host: "h", software: "banner; \(system)")
        }
        for name in ["..", ".", "", "a/b", "a\r\nDELE b", "nul\0", "bell\u{7}", "esc\u{1B}[2J", "del\u{7F}"] {
            #expect(wire(name, "UNIX Type: L8") == nil && wire(name, "Windows_NT") == nil)
        }
        for name in ["..\\..\\windows", "a\\b", "file:stream", "CON:"] {
            #expect(wire(name, "Windows_NT") == nil)
            #expect(wire(name, "UNIX Type: L8") == Array(name.utf8))
        }
        #expect(wire("商品.csv", "Windows_NT") == Array("商品.csv".utf8))
        let folder = ReturnFolder(
            tree: BlobID(words: 0, 0, 0, 0), names: [Array("a\u{1B}[2Jb".utf8)], path: RemotePath([]))
        #expect(
            !folder.shown(Array("c\u{9B}d\n".utf8)).unicodeScalars.contains {
                $0.value < 0x20 || (0x7F...0x9F).contains($0.value)
            })
    }
}

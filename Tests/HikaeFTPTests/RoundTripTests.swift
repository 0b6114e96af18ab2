// A site captured from one real server and put back on another, compared by diff.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeFTP

@Suite("A site there and back")
struct RoundTripTests {
    /// A manner of server, and what it cannot write.
    struct Manner: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var isPlain = false
        var testDescription: String { arguments.isEmpty ? "plain" : arguments.joined(separator: " ") }
    }

    static let manners = [
        Manner(arguments: []), Manner(arguments: ["--no-mlsd"]),
        Manner(arguments: ["--encoding", "shift_jis"], isPlain: true),
        Manner(arguments: ["--encoding", "euc_jp", "--no-mlsd"], isPlain: true),
    ]

    private func start(_ manner: Manner) throws -> SiteServer {
        try SiteServer(manner.arguments)
    }

    @Test("Every byte, mode and time comes back, and a second capture reads nothing", arguments: manners)
    func thereAndBack(_ manner: Manner) throws {
        let one = try start(manner)
        try SampleSite.write(to: one.root, isPlain: manner.isPlain)
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(one.settings()))
        #expect(capture.reports == [])
        #expect(capture.facts.items == UInt64(capture.summary.totalFiles))
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("site"))
        try SampleSite.expectEqual(one.root, folder.path("site"))
        #expect(try SampleSite.facts(one.root) == SampleSite.facts(folder.path("site")))

        let again = try rig.capture(FTPSource(one.settings()))
        #expect(again.summary.filesUnmodified == capture.summary.totalFiles)
        #expect(again.summary.filesNew + again.summary.filesChanged == 0)
        #expect(again.facts == capture.facts)
        #expect(again.content.tree == capture.content.tree)

        let other = try start(manner)
        // What is there tells the encoding of names where the server does not.
        var settings = other.settings()
        if manner.arguments.contains("shift_jis") { settings.encoding = .shiftJIS }
        if manner.arguments.contains("euc_jp") { settings.encoding = .eucJP }
        let destination = FTPDestination(settings)
        let preview = try destination.preview(capture.content, ReturnOptions(), ReturnWatch())
        #expect(preview.items == UInt64(capture.summary.totalFiles) && preview.conflictCount == 0)
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.itemsWritten == preview.items && summary.errors == 0)
        try SampleSite.expectEqual(one.root, other.root)
        #expect(try SampleSite.facts(one.root) == SampleSite.facts(other.root))
        let verification = try destination.verify(
            capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.isWhole && verification.extra == 0 && verification.compared > preview.items)

        let repeated = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(repeated.itemsWritten == 0 && repeated.itemsSkipped == preview.items)
    }

    @Test("What changed at the site is read again, and nothing else", arguments: [[], ["--no-mlsd"]])
    func changes(_ arguments: [String]) throws {
        let site = try SiteServer(arguments)
        try SampleSite.write(to: site.root)
        let rig = try CaptureRig()
        _ = try rig.capture(FTPSource(site.settings()))
        try Files.write("\(site.root)/index.html", Array("<h1>新しい</h1>".utf8))
        try Files.write("\(site.root)/new/page.html", Array("new".utf8))
        Files.removeAll("\(site.root)/deep")
        let second = try rig.capture(FTPSource(site.settings { $0.excludes = ["*.csv"] }))
        #expect(second.summary.filesChanged == 1 && second.summary.filesNew == 1)
        let folder = try TemporaryDirectory()
        try rig.restore(second, to: folder.path("site"))
        Files.removeAll("\(site.root)/商品一覧.csv")
        try SampleSite.expectEqual(site.root, folder.path("site"))
    }

    @Test("A destination that differs is refused, unless it may be replaced; what is missing can be put back alone")
    func conflicts() throws {
        let one = try SiteServer()
        try SampleSite.write(to: one.root)
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(one.settings()))
        let destination = FTPDestination(one.settings())
        try Files.write("\(one.root)/index.html", Array("defaced".utf8))
        Files.removeAll("\(one.root)/pages/page3.html")
        Files.removeAll("\(one.root)/deep")
        try Files.write("\(one.root)/pages/extra.html", Array("of the site's own".utf8))
        let preview = try destination.preview(capture.content, ReturnOptions(), ReturnWatch())
        #expect(preview.conflictCount == 1 && preview.conflicts[0].contains("/index.html"))

        let before = try SampleSite.facts(one.root)
        let refusal = #expect(throws: HikaeError.self) {
            try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        }
        #expect(refusal?.code == .refused)
        #expect(try SampleSite.facts(one.root) == before)

        var missing = ReturnOptions()
        missing.onlyMissing = true
        let summary = try destination.restore(capture.content, missing, ReturnWatch())
        #expect(summary.itemsWritten == 2)
        #expect(try Files.read("\(one.root)/index.html") == Array("defaced".utf8))
        let verification = try destination.verify(capture.content, facts: capture.facts, missing, ReturnWatch())
        #expect(verification.differenceCount == 1 && verification.extra == 1)
        #expect(verification.differences[0].contains("/index.html"))

        var replacing = ReturnOptions()
        replacing.replaces = true
        #expect(try destination.restore(capture.content, replacing, ReturnWatch()).itemsWritten == 1)
        #expect(
            try destination.verify(capture.content, facts: capture.facts, replacing, ReturnWatch()).isWhole)
        #expect(try Files.read("\(one.root)/pages/extra.html") == Array("of the site's own".utf8))
    }

    @Test("Without MFMT nothing is written twice, although times differ")
    func withoutTimes() throws {
        let one = try SiteServer()
        try SampleSite.write(to: one.root)
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(one.settings()))
        let other = try SiteServer("--no-mfmt")
        let destination = FTPDestination(other.settings())
        let first = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(first.errors == 0)
        let second = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(second.itemsWritten == 0)
        try SampleSite.expectEqual(one.root, other.root)
    }

    @Test(
        "vsftpd, which knows LIST alone, gives and takes a site",
        .enabled(if: Command.path(of: "vsftpd") != nil && isRoot, "vsftpd is not installed, or this is not root"))
    func vsftpd() throws {
        let one = try SiteServer("--program", "vsftpd")
        try SampleSite.write(to: "\(one.root)/site")
        try Command("chown", ["-R", "ftp", "\(one.root)/site"]).succeed()
        try Command("chmod", ["-R", "a+rX", "\(one.root)/.."]).succeed()
        let rig = try CaptureRig()
        let settings = one.settings("/site")
        let capture = try rig.capture(FTPSource(settings))
        #expect(capture.reports == [])
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("site"))
        try SampleSite.expectEqual("\(one.root)/site", folder.path("site"))
        #expect(try SampleSite.facts("\(one.root)/site") == SampleSite.facts(folder.path("site")))
        #expect(try rig.capture(FTPSource(settings)).summary.filesUnmodified == capture.summary.totalFiles)

        try Command("install", ["-d", "-o", "ftp", "\(one.root)/copy"]).succeed()
        let destination = FTPDestination(one.settings("/copy"))
        #expect(try destination.restore(capture.content, ReturnOptions(), ReturnWatch()).errors == 0)
        try SampleSite.expectEqual("\(one.root)/site", "\(one.root)/copy")
        #expect(try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch()).isWhole)
    }
}

/// Whether the tests run as root.
private let isRoot = (try? Command("id", ["-u"]).succeed().text) == "0\n"

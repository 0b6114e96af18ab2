// Commands whose answers never come: a site is read and filled all the same, or the error is clear and a second run
// ends it.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeFTP

@Suite("FTP connections that are cut", .serialized)
struct CutTests {
    private func write(to folder: String, seed: Int) throws {
        var dice = SeededGenerator(seed: UInt64(seed))
        for number in 0..<30 {
            try Files.write("\(folder)/pages/\(number % 6)/\(number).html", dice.bytes(number * 97))
        }
        for number in 0..<4 { try Files.write("\(folder)/images/\(number)", dice.bytes(1_100_000 + number * 400_000)) }
        for name in [".htaccess", "empty", "商品.csv"] { try Files.write("\(folder)/\(name)", Array(name.utf8)) }
    }

    private func through(_ proxy: ControlProxy, _ site: SiteServer) -> FTPSettings {
        site.settings {
            $0.port = proxy.port
            $0.connections = 3
        }
    }

    /// Every file that is there under its own name is whole.
    private func expectNoHalves(_ there: String, of whole: String) throws {
        let found = try Command("find", [there, "-type", "f", "-printf", "%P\n"]).succeed().text
        for path in found.split(separator: "\n") where !path.contains(".hikae-") {
            #expect(try Files.read("\(there)/\(path)") == Files.read("\(whole)/\(path)"))
        }
    }

    @Test("Filling a site ends whole, or with a clear error that a second run makes good", arguments: 1...5)
    func upload(_ seed: Int) throws {
        let one = try SiteServer()
        try write(to: one.root, seed: seed)
        let capture = try CaptureRig().capture(FTPSource(one.settings()))
        let other = try SiteServer("--cut", "2000000", "--seed", "\(seed)")
        let proxy = try ControlProxy(to: other.server.port(), seed: seed, mean: seed % 2 == 0 ? 15 : 60)
        var isWhole = false
        do {
            let cut = FTPDestination(through(proxy, other))
            let summary = try cut.restore(capture.content, ReturnOptions(), ReturnWatch())
            isWhole = summary.errors == 0
        } catch {
            #expect([.unreachable, .limit].contains(error.code), "\(error)")
        }
        try expectNoHalves(other.root, of: one.root)
        if !isWhole {
            let direct = FTPDestination(other.settings())
            #expect(try direct.restore(capture.content, ReturnOptions(), ReturnWatch()).errors == 0)
            #expect(try direct.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch()).isWhole)
        }
        try SampleSite.expectEqual(one.root, other.root)
    }

    @Test("Files that are replaced are never lost on the way", arguments: 1...3)
    func replacing(_ seed: Int) throws {
        let one = try SiteServer()
        try write(to: one.root, seed: seed)
        let capture = try CaptureRig().capture(FTPSource(one.settings()))
        let other = try SiteServer(seed % 2 == 0 ? ["--rename", "new-only"] : [])
        try Command("cp", ["-r", "\(one.root)/.", other.root]).succeed()
        for number in 0..<30 { try Files.write("\(other.root)/pages/\(number % 6)/\(number).html", Array("old".utf8)) }
        let before = try Command("find", [other.root, "-type", "f", "-printf", "%P\n"]).succeed().text
        let proxy = try ControlProxy(to: other.server.port(), seed: seed, mean: 40)
        var options = ReturnOptions()
        options.replaces = true
        do {
            _ = try FTPDestination(through(proxy, other)).restore(capture.content, options, ReturnWatch())
        } catch {
            #expect([.unreachable, .limit].contains(error.code), "\(error)")
        }
        // Either the old file or the new one is there, under its name or the one it waits under.
        let after = try Command("find", [other.root, "-type", "f", "-printf", "%P\n"]).succeed().text
        #expect(after.split(separator: "\n").count >= before.split(separator: "\n").count)
        let direct = FTPDestination(other.settings())
        #expect(try direct.restore(capture.content, options, ReturnWatch()).errors == 0)
        try SampleSite.expectEqual(one.root, other.root)
    }

    @Test("Reading a site ends whole, or with a clear error and no snapshot", arguments: 1...6)
    func download(_ seed: Int) throws {
        let site = try SiteServer("--cut", "3000000", "--seed", "\(seed)")
        try write(to: site.root, seed: seed)
        let proxy = try ControlProxy(to: site.server.port(), seed: seed, mean: seed % 2 == 0 ? 15 : 60)
        let rig = try CaptureRig()
        do {
            let capture = try rig.capture(FTPSource(through(proxy, site)))
            let folder = try TemporaryDirectory()
            try rig.restore(capture, to: folder.path("site"))
            if capture.summary.errors == 0 {
                try SampleSite.expectEqual(site.root, folder.path("site"))
            } else {
                try expectNoHalves(folder.path("site"), of: site.root)
            }
            #expect(capture.facts.items == UInt64(capture.summary.totalFiles))
        } catch let error as HikaeError {
            #expect([.unreachable, .limit, .notFound].contains(error.code), "\(error)")
        }
    }
}

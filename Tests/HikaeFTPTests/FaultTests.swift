// What goes wrong at real servers: passwords, full accounts, broken connections, too few of them.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeFTP

@Suite("FTP faults")
struct FaultTests {
    private func refusal(_ body: () throws -> Void) -> HikaeError? {
        #expect(throws: HikaeError.self) { try body() }
    }

    @Test("A wrong password is said to be one, and is not repeated in the message")
    func password() throws {
        let site = try SiteServer()
        let wrong = site.settings { $0.password = { () throws(HikaeError) in Secret("tsubaki-wrong") } }
        let error = refusal { _ = try FTPSource(wrong).probe() }
        #expect(error?.code == .accessDenied && error?.isRetryable == false)
        #expect(error?.description.contains("tsubaki") == false)
    }

    @Test(
        "A secret with an end of line in it is refused before it is sent", arguments: ["a\r\nDELE x", "a\nb", "\u{0}"])
    func injection(_ password: String) throws {
        let site = try SiteServer()
        let settings = site.settings { $0.password = { () throws(HikaeError) in Secret(password) } }
        #expect(refusal { _ = try FTPSource(settings).probe() }?.code == .usage)
    }

    @Test("A program that is started while a connection is open does not get it")
    func kept() throws {
        let site = try SiteServer()
        try Files.write("\(site.root)/page", [1])
        let session = try FTPSource(site.settings()).begin(CaptureContext())
        defer { session.close() }
        #expect(try session.root.entries { _ in }.count == 1)
        // The numbers of the sockets whose other end is the server's port.
        let port = String(site.server.port(), radix: 16, uppercase: true)
        let table = String(decoding: try Files.read("/proc/net/tcp"), as: UTF8.self)
        var own: [String] = []
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            if fields.count > 9, fields[2].hasSuffix(":" + port), fields[3] == "01" { own.append(fields[9]) }
        }
        #expect(!own.isEmpty, "there is a connection to be kept")
        let program = try Command("ls", ["-l", "/proc/self/fd"]).succeed().text
        for number in own { #expect(!program.contains("socket:[\(number)]"), "\(program)") }
    }

    @Test("A folder or server that is not there is named")
    func missing() throws {
        let site = try SiteServer()
        let folder = refusal { _ = try FTPSource(site.settings("/nowhere")).probe() }
        #expect(folder?.code == .notFound && folder?.message.contains("/nowhere") == true)
        #expect(refusal { _ = try CaptureRig().capture(FTPSource(site.settings("/nowhere"))) }?.code == .notFound)
        let closed = refusal { _ = try FTPSource(site.settings { $0.port = 1 }).probe() }
        #expect(closed?.code == .unreachable)
    }

    @Test("A full account ends the restore with that reason, and leaves no half file under its name")
    func quota() throws {
        let one = try SiteServer()
        try SampleSite.write(to: one.root)
        let capture = try CaptureRig().capture(FTPSource(one.settings()))
        let full = try SiteServer("--quota", "1000000")
        let error = refusal {
            _ = try FTPDestination(full.settings()).restore(capture.content, ReturnOptions(), ReturnWatch())
        }
        #expect(error?.code == .quota)
        let there = try Command("find", [full.root, "-type", "f", "-printf", "%P\n"]).succeed().text
        for path in there.split(separator: "\n") where !path.contains(".hikae-") {
            #expect(try Files.read("\(full.root)/\(path)") == Files.read("\(one.root)/\(path)"))
        }
    }

    @Test("Connections cut at random points cost time and nothing else", arguments: [1, 2, 3])
    func cuts(_ seed: Int) throws {
        let one = try SiteServer("--cut", "400000", "--seed", "\(seed)")
        try SampleSite.write(to: one.root)
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(one.settings()))
        #expect(capture.summary.errors == 0)
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("site"))
        try SampleSite.expectEqual(one.root, folder.path("site"))

        let other = try SiteServer("--cut", "400000", "--seed", "\(seed + 10)")
        let destination = FTPDestination(other.settings())
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.errors == 0)
        try SampleSite.expectEqual(one.root, other.root)
        #expect(try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch()).isWhole)
    }

    @Test("A server that takes fewer connections than wished for is read with those", arguments: [1, 2, 3])
    func crowd(_ limit: Int) throws {
        let site = try SiteServer("--max-connections", "\(limit)")
        try SampleSite.write(to: site.root)
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(site.settings { $0.connections = 6 }))
        #expect(capture.summary.errors == 0)
        #expect(capture.reports.allSatisfy { $0.code == .limit })
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("site"))
        try SampleSite.expectEqual(site.root, folder.path("site"))
    }

    @Test("A server that takes one connection is filled and compared with that one")
    func one() throws {
        let one = try SiteServer()
        try SampleSite.write(to: one.root)
        let capture = try CaptureRig().capture(FTPSource(one.settings()))
        let other = try SiteServer("--max-connections", "1")
        let destination = FTPDestination(other.settings { $0.connections = 6 })
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.errors == 0)
        try SampleSite.expectEqual(one.root, other.root)
        #expect(try destination.verify(capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch()).isWhole)
    }

    /// Another program, or a connection of ours that the server has not noticed to be closed, takes the only place.
    @Test("The one connection that a server allows is waited for while somebody else has it", arguments: [4.0])
    func taken(_ seconds: Double) throws {
        let site = try SiteServer("--max-connections", "1")
        try SampleSite.write(to: site.root)
        var options = ChildProcess.Options()
        options.takesInput = true
        let script = """
            import ftplib, sys, time
            ftp = ftplib.FTP(); ftp.connect("127.0.0.1", \(site.server.port())); ftp.login("shop", "\(site.server.text("password"))")
            print("in", flush=True); time.sleep(\(seconds)); ftp.quit()
            """
        let holder = try ChildProcess(["python3", "-B", "-c", script], options: options)
        var word = [UInt8](repeating: 0, count: 3)
        _ = try word.withUnsafeMutableBytes { bytes throws(HikaeError) in try holder.read(into: bytes) }
        let capture = try CaptureRig().capture(FTPSource(site.settings { $0.connections = 6 }))
        #expect(capture.summary.errors == 0 && capture.facts.items > 40)
        _ = try holder.wait()
    }

    @Test("Large files over the only connection there may be are read and filled side by side")
    func largeOverOne() throws {
        let site = try SiteServer("--max-connections", "1")
        var dice = SeededGenerator(seed: 3)
        for number in 0..<8 { try Files.write("\(site.root)/large/\(number)", dice.bytes(3_000_000)) }
        for number in 0..<60 { try Files.write("\(site.root)/small/\(number)", dice.bytes(900)) }
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(site.settings { $0.connections = 6 }))
        #expect(capture.summary.errors == 0)
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("site"))
        try SampleSite.expectEqual(site.root, folder.path("site"))
    }

    @Test("One connection does for large files among many small ones")
    func single() throws {
        let site = try SiteServer()
        var dice = SeededGenerator(seed: 3)
        for number in 0..<120 { try Files.write("\(site.root)/a/\(number)", dice.bytes(900)) }
        try Files.write("\(site.root)/b/large", dice.bytes(12_000_000))
        for number in 0..<120 { try Files.write("\(site.root)/c/\(number)", dice.bytes(900)) }
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(site.settings { $0.connections = 1 }))
        #expect(capture.reports == [])
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("site"))
        try SampleSite.expectEqual(site.root, folder.path("site"))
    }

    @Test("A capture whose server goes away fails as a whole and makes no snapshot")
    func gone() throws {
        let site = try SiteServer()
        try SampleSite.write(to: site.root)
        let context = CaptureContext()
        let session = try FTPSource(site.settings()).begin(context)
        defer { session.close() }
        let entries = try session.root.entries { _ in }
        site.server.stop()
        for entry in entries {
            if case .directory(let inner) = entry.body { _ = try? inner.entries { _ in } }
            if case .file(let file) = entry.body { _ = try? file.open() }
        }
        #expect(refusal { _ = try session.finish() }?.code == .unreachable)
    }

    @Test("An interrupted restore goes on where it was")
    func resumed() throws {
        let one = try SiteServer()
        var dice = SeededGenerator(seed: 5)
        try Files.write("\(one.root)/large", dice.bytes(6_000_000))
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(one.settings()))
        let node = try #require(try capture.content.nodes()?.first)
        let other = try SiteServer()
        // As a restore leaves it that was killed in the middle.
        let temporary = String(decoding: Upload.temporaryName(node), as: UTF8.self)
        try Files.write("\(other.root)/\(temporary)", Array(try Files.read("\(one.root)/large").prefix(4_000_000)))
        let watch = ReturnWatch()
        _ = try FTPDestination(other.settings()).restore(capture.content, ReturnOptions(), watch)
        #expect(watch.progress.bytesDone.load(ordering: .relaxed) == 2_000_000)
        try SampleSite.expectEqual(one.root, other.root)
    }
}

// A server that means harm: clear errors, no hang, nothing outside.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeFTP

@Suite("A hostile FTP server")
struct HostileTests {
    private func settings(_ site: SiteServer) -> FTPSettings {
        site.settings {
            $0.user = "shop"
            $0.password = { () throws(HikaeError) in Secret("hanko-secret") }
            $0.patience = 60
        }
    }

    private func failure(_ manner: String) throws -> HikaeError? {
        let site = try SiteServer(hostile: manner)
        return #expect(throws: HikaeError.self) { _ = try CaptureRig().capture(FTPSource(settings(site))) }
    }

    @Test("Names that lead out, steer a terminal or come twice are reported and left out")
    func names() throws {
        let site = try SiteServer(hostile: "names")
        let rig = try CaptureRig()
        let capture = try rig.capture(FTPSource(settings(site)))
        let names = try #require(try capture.content.nodes()).map { $0.displayName }
        #expect(names == ["good", "link", "twice"])
        #expect(capture.reports.count >= 7 && capture.reports.allSatisfy { $0.code == .protocolViolation })
        #expect(capture.reports.allSatisfy { !$0.message.unicodeScalars.contains { $0.value < 0x20 } })
        let folder = try TemporaryDirectory()
        try rig.restore(capture, to: folder.path("in/site"))
        #expect(try Command("find", [folder.path, "-type", "f"]).succeed().text.split(separator: "\n").count == 2)
    }

    @Test("Sizes that are none are reported, and a file that ends early is not taken for whole")
    func sizes() throws {
        let site = try SiteServer(hostile: "sizes")
        let capture = try CaptureRig().capture(FTPSource(settings(site)))
        #expect(try capture.content.nodes()?.map { $0.displayName } == ["good"])
        #expect(capture.reports.contains { $0.code == .incomplete && $0.message.contains("huge") })
    }

    @Test("Data is fetched from the server itself, whatever address it names")
    func otherHost() throws {
        let site = try SiteServer(hostile: "other-host")
        let capture = try CaptureRig().capture(FTPSource(settings(site)))
        #expect(capture.facts.items == 1 && capture.reports == [])
    }

    @Test("Endless lines, entries and replies end with an error that says so")
    func endless() throws {
        #expect(try failure("endless-listing")?.code == .protocolViolation)
        #expect(try failure("endless-entries")?.code == .limit)
        #expect(try failure("endless-reply")?.code == .protocolViolation)
    }

    @Test("A page instead of a listing yields no files, and says what came")
    func garbage() throws {
        let site = try SiteServer(hostile: "garbage")
        let capture = try CaptureRig().capture(FTPSource(settings(site)))
        #expect(capture.facts.items == 0 && capture.summary.errors == 1)
        #expect(capture.reports.first?.message.contains("503 Service") == true)
    }

    @Test("A folder in itself without end is cut off")
    func deep() throws {
        let site = try SiteServer(hostile: "deep")
        let capture = try CaptureRig().capture(FTPSource(settings(site)))
        #expect(capture.reports.map { $0.code } == [.limit])
    }

    @Test("A password that the server repeats is not passed on")
    func repeated() throws {
        let error = try failure("repeats-password")
        #expect(error?.code == .accessDenied && error?.description.contains("hanko-secret") == false)
    }
}

// Disasters replayed end to end: real servers, the real command, a company with everything to lose.
//
// The scenarios themselves are programs under practice/scenarios, which anybody can run by hand; here each is a test that
// shows what its program said when an expectation did not hold.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Disasters, replayed with real servers", .serialized)
struct DisasterTests {
    @Test("S1: a provider's script erases everything and its own backup; forty empty days later all of it comes back")
    func wipeAndReset() throws { try replay("s1") }

    @Test("S3: a mailbox is made anew at the server; the old mail is kept, and comes back merged, nothing twice")
    func mailboxReborn() throws { try replay("s3") }

    @Test("S4: dump tools that lie, rights revoked, an empty bucket, a full disk: never good, and somebody is told")
    func backupThatLies() throws { try replay("s4") }

    @Test("S5: a few mails and objects vanish and nobody says so; exactly these are listed and put back")
    func partialLoss() throws { try replay("s5") }

    @Test(
        "S11: the second vault is the first one under another name: red, with the reason; two that stand apart are not")
    func falseIndependence() throws { try replay("s11") }

    @Test("S6: files rot and vanish over days; each comes back in its last good generation; rotten packs are mended")
    func slowRot() throws { try replay("s6") }

    @Test("S7: the account dies, and the capturing machine falls with every key; what is older stays and comes back")
    func accountDies() throws { try replay("s7") }

    @Test(
        "Deletion by agreement: restic cannot erase, people can together and in time; forgeries and lies cannot at all")
    func agreement() throws { try replay("agreement") }

    @Test(
        "Ceph: two machines capture into one repository, a storage process is killed, one prunes beside the other",
        .enabled(
            if: Self.has("ceph", "ceph-mon", "ceph-osd", "radosgw"),
            "Ceph is not installed: tools/install-deps.sh scale"))
    func scaleOnCeph() throws { try replay("scale", "--store", "ceph") }

    @Test(
        "OpenStack Swift: two machines capture into one repository while a storage process is killed and comes back",
        .enabled(
            if: Self.has("swift-proxy-server", "swift-container-server", "swift-object-server", "memcached"),
            "OpenStack Swift is not installed: tools/install-deps.sh scale"))
    func scaleOnSwift() throws { try replay("scale", "--store", "swift") }

    @Test("Without Hikae: the manual's page, followed to the letter with restic and standard tools, brings it all back")
    func withoutHikae() throws { try replay("without_hikae") }

    private static func has(_ programs: String...) -> Bool { programs.allSatisfy { Command.path(of: $0) != nil } }

    /// Runs one scenario; it checks, counts and cleans up by itself.
    private func replay(_ name: String, _ more: String...) throws {
        let script = "\(PracticeServer.projectFolder)/practice/scenarios/\(name).py"
        var command = Command("python3", ["-B", script, "--hikae", HikaeProgram.binary] + more)
        command.timeLimit = 2000
        let outcome = try command.run()
        #expect(outcome.status == 0, "\(name) did not hold:\n\(outcome.text.suffix(12_000))\n\(outcome.errorText)")
        #expect(outcome.text.contains("expectations held"))
    }
}

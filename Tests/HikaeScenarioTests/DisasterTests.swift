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

    @Test("Without Hikae: the manual's page, followed to the letter with restic and standard tools, brings it all back")
    func withoutHikae() throws { try replay("without_hikae") }

    /// Runs one scenario; it checks, counts and cleans up by itself.
    private func replay(_ name: String) throws {
        let script = "\(PracticeServer.projectFolder)/practice/scenarios/\(name).py"
        var command = Command("python3", ["-B", script, "--hikae", HikaeProgram.binary])
        command.timeLimit = 500
        let outcome = try command.run()
        #expect(outcome.status == 0, "\(name) did not hold:\n\(outcome.text.suffix(12_000))\n\(outcome.errorText)")
        #expect(outcome.text.contains("expectations held"))
    }
}

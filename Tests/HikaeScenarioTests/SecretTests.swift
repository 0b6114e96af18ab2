// Passwords of every kind of place, watched for in processes, output, files and messages while the command works.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Secrets, looked for with real servers", .serialized)
struct SecretTests {
    @Test(
        "No password is in a process list, an environment, an output, a record, a cache, or what is said of a wrong one"
    )
    func nobodySeesAPassword() throws {
        let script = "\(PracticeServer.projectFolder)/practice/scenarios/passwords.py"
        var command = Command("python3", ["-B", script, "--hikae", HikaeProgram.binary])
        command.timeLimit = 2000
        let outcome = try command.run()
        #expect(outcome.status == 0, "a secret showed:\n\(outcome.text.suffix(12_000))\n\(outcome.errorText)")
        #expect(outcome.text.contains("expectations held"))
    }
}

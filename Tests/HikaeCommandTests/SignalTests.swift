import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct SignalTests {
    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143)), (SIGHUP, Int32(129))])
    func aSignalEndsABackupCleanly(_ signal: Int32, _ status: Int32) throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        let mark = "sleep-\(signal)-\(harness.folder.path.suffix(6))"
        try harness.folder.write(mark, "#!/bin/sh\nexec sleep 3061.$PPID\n", mode: 0o755)
        let running = try harness.hikae("backup", "--json", "--stdin-from-command", harness.folder.path(mark)).start()
        try waitForLock(harness)
        running.signal(signal)
        let outcome = try running.wait()
        #expect(outcome.status == status)
        let error = try #require(try JSONValue.lines(outcome.errorText).last)
        #expect(error["message_type"]?.string == "exit_error")
        #expect(error["error_code"]?.string == "cancelled")
        #expect(error["code"]?.number == Double(status))
        #expect(Files.names(in: harness.repository + "/locks").isEmpty)
        #expect(Files.names(in: harness.repository + "/snapshots").isEmpty)
        try waitUntil("the program that it ran is gone") {
            try harness.shell("! pgrep -f 'sleep 3061[.]\(running.processID)$'").run().status == 0
        }
        #expect(try harness.restic("check").run().status == 0)
    }

    @Test func aBackupOfFilesStopsByItself() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        try harness.shell("mkdir in; head -c 300000000 /dev/urandom > in/large").succeed()
        let running = try harness.hikae("backup", "in", "--limit-upload", "1000").start()
        try waitForLock(harness)
        running.signal(SIGTERM)
        let outcome = try running.wait()
        #expect(outcome.status == 143)
        #expect(outcome.errorText == "Stopped: stopped before the end\n")
        #expect(Files.names(in: harness.repository + "/locks").isEmpty)
        #expect(Files.names(in: harness.repository + "/snapshots").isEmpty)
        try harness.hikae("backup", "in").succeed()
        #expect(try harness.restic("check").run().status == 0)
    }
}

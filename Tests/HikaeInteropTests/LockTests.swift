// Who holds the repository is respected, both ways, and the locks of the dead stop nobody for good.

import HikaeCore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Locks")
struct LockTests {
    /// A script whose output never ends of itself, and which ends soon when nobody takes its output any more.
    private static let endless = "while sleep 0.2; do echo more; done"

    /// Runs `body` while `program` holds a shared lock: it waits for the input of a backup that does not come.
    private func whileHeld(_ rig: Rig, by program: String, _ body: () throws -> Void) throws {
        let words =
            program == "restic"
            ? "exec restic backup --stdin --stdin-filename held < <(sleep 3000)"
            : "exec \"$1\" backup --stdin-filename held --stdin-from-command -- sh -c '\(Self.endless)'"
        let holder = try rig.shell(words, Rig.binary).start()
        // Waited for, so that the process is gone, not only dead, when this returns.
        defer {
            holder.killNow()
            _ = try? holder.wait()
        }
        try waitUntil("a lock is there") { !rig.locks.isEmpty }
        try body()
    }

    @Test("What restic holds, Hikae adds to, but neither prunes nor forgets in")
    func heldByRestic() throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 1)
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        try rig.hikae("backup", source).succeed()
        try whileHeld(rig, by: "restic") {
            for words in [["prune"], ["forget", "--keep-last", "1"], ["repair", "index"]] {
                let outcome = try rig.command(Rig.binary, words).run()
                #expect(outcome.status == 11, "\(words): \(outcome.errorText)")
            }
            #expect(rig.snapshotIDs().count == 2)
            try rig.hikae("backup", source).succeed()
            try rig.hikae("snapshots").succeed()
            // Asked to wait, it waits, and then still does not go in.
            #expect(try rig.hikae("prune", "--retry-lock", "1s").run().status == 11)
        }
    }

    @Test("What Hikae holds, restic adds to, but neither prunes nor forgets in")
    func heldByHikae() throws {
        let rig = try Rig()
        let source = try rig.plainFiles(megabytes: 1)
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        try rig.hikae("backup", source).succeed()
        try whileHeld(rig, by: "hikae") {
            for words in [["prune"], ["forget", "--keep-last", "1"]] {
                let outcome = try rig.command("restic", words).run()
                #expect(
                    outcome.status != 0 && outcome.errorText.contains("already locked"),
                    "\(words): \(outcome.errorText)")
            }
            #expect(rig.snapshotIDs().count == 2)
            try rig.restic("backup", source).succeed()
        }
    }

    @Test("Waiting for a lock ends when the lock goes")
    func waiting() throws {
        let rig = try Rig()
        try rig.hikae("init").succeed()
        let holder = try rig.shell(
            "(until [ -e go ]; do sleep 0.05; done; echo done) | restic backup --stdin --stdin-filename held"
        ).start()
        try waitUntil("a lock is there") { !rig.locks.isEmpty }
        let waiting = try rig.hikae("prune", "--retry-lock", "10m").start()
        // Time to find the lock; with or without it the promise holds.
        usleep(1_000_000)
        try rig.folder.write("go", "")
        let held = try holder.wait()
        #expect(held.status == 0, "\(held.errorText)")
        let pruned = try waiting.wait()
        #expect(pruned.status == 0, "\(pruned.errorText)")
    }

    @Test("A lock that a killed program left is taken away by the other's unlock", arguments: ["restic", "hikae"])
    func leftBehind(_ killed: String) throws {
        let rig = try Rig()
        try rig.hikae("init").succeed()
        try whileHeld(rig, by: killed) {}
        #expect(!rig.locks.isEmpty, "SIGKILL leaves the lock")
        let other = killed == "restic" ? Rig.binary : "restic"
        try rig.command(other, ["unlock"]).succeed()
        #expect(rig.locks.isEmpty)
        try rig.hikae("prune").succeed()
        try rig.resticFindsItWhole()
    }

    @Test("A living lock is not taken away by unlock, unless all are")
    func unlockSparesTheLiving() throws {
        let rig = try Rig()
        try rig.hikae("init").succeed()
        try whileHeld(rig, by: "restic") {
            try rig.hikae("unlock").succeed()
            #expect(rig.locks.count == 1)
            try rig.hikae("unlock", "--remove-all").succeed()
            #expect(rig.locks.isEmpty)
        }
    }

    @Test("An interrupted run removes its lock and makes no snapshot", arguments: [SIGINT, SIGTERM])
    func interrupted(_ number: Int32) throws {
        let rig = try Rig()
        try rig.hikae("init").succeed()
        let running = try rig.hikae(
            "backup", "--stdin-filename", "held", "--stdin-from-command", "--", "sh", "-c", Self.endless
        )
        .start()
        try waitUntil("a lock is there") { !rig.locks.isEmpty }
        running.signal(number)
        let outcome = try running.wait()
        #expect(outcome.status == 128 + number, "\(outcome.errorText)")
        #expect(rig.locks.isEmpty)
        #expect(rig.snapshotIDs().isEmpty)
    }
}

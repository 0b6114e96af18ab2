import HikaeCore
import HikaeHTTP
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `rclone serve restic` is killed, hangs, or cannot be started any more, while a backup goes through its pipes.
@Suite(.serialized)
struct RcloneDeathTests {
    private let folder: TemporaryDirectory
    private let rclone: MortalProgram

    init() throws {
        folder = try TemporaryDirectory()
        rclone = try MortalProgram("rclone", in: folder)
    }

    private var vault: String { folder.path("vault") }

    /// Files of noise that no round before had.
    private func writeShop(_ round: Int, files: Int = 12, bytes: Int = 1_500_000) throws {
        var generator = SeededGenerator(seed: UInt64(1000 + round))
        for number in 0..<files {
            try folder.write("shop/round \(round)/photo \(number)", generator.bytes(bytes + number))
        }
    }

    private func restic(_ arguments: String...) -> Command {
        var command = Command("restic", ["--no-cache", "-r", vault] + arguments)
        command.environment = ["RESTIC_PASSWORD": "rig", "RESTIC_PROGRESS_FPS": "0.01", "LC_ALL": "C.UTF-8"]
        command.environment["RESTIC_REPOSITORY"] = .some(nil)
        return command
    }

    private func store(_ patience: Patience = Patience()) throws -> RESTStore {
        var options = RemoteOptions()
        options.rcloneProgram = rclone.path
        options.rcloneArguments.append("--cache-objects=false")
        return try RESTStore.rclone("rclone:\(vault)", options, patience: patience)
    }

    @Test func `backups during which rclone is killed again and again go on with a new one, and lose nothing`() throws {
        let policy = RetryPolicy(attempts: 60, firstPause: 1_000_000, longestPause: 50_000_000)
        let store = PipelinedStore(RetryingStore(try store(), policy: policy), uploads: 3)
        _ = try CaptureRig(store)
        var (rounds, kills) = (0, 0)
        var quickest = Double.infinity
        // Until it was killed often enough in mid-backup, wherever that was. The quickest round so far tells how long one
        // takes: the first may have been held up by others.
        while kills < 12, rounds < 60 {
            rounds += 1
            try writeShop(rounds)
            let repository = try Repository.open(store, password: Array("rig".utf8))
            try repository.loadIndex()
            let begun = MonotonicTime.seconds()
            let pause = rounds == 1 ? 1...1 : quickest * 0.05...quickest * 0.9
            let reaper = Reaper(most: rounds == 1 ? 0 : 4, every: pause) { rclone.signal(SIGKILL) > 0 }
            defer { reaper.end() }
            try LocalWork.backup(folder.path("shop"), into: repository)
            quickest = min(quickest, MonotonicTime.seconds() - begun)
            reaper.end()
            kills += reaper.count
        }
        #expect(kills >= 12, "killed \(kills) times in \(rounds) backups")
        #expect(rclone.starts > 3)
        try restic("check", "--read-data").succeed()
        let snapshots = try JSONValue(restic("snapshots", "--json").succeed().text).array
        #expect(snapshots.count == rounds)
        try restic("restore", "latest", "--target", folder.path("back")).succeed()
        try Command("diff", ["-r", folder.path("shop"), folder.path("back") + folder.path("shop")]).succeed()
    }

    @Test func `the command, too, goes on with a new rclone, and ends with exit status 0`() throws {
        let program = try HikaeProgram()
        try program.folder.write("password", "rig\n", mode: 0o600)
        func hikae(_ arguments: String...) -> Command {
            let options = ["-o", "rclone.program=\(rclone.path)", "-r", "rclone:\(vault)"]
            var command = program.command(HikaeProgram.binary, options + arguments)
            command.environment["HIKAE_PASSWORD_FILE"] = program.folder.path("password")
            command.timeLimit = 900
            return command
        }
        try hikae("init").succeed()
        for round in 0..<3 {
            try writeShop(round, files: 8)
            let reaper = Reaper(most: 2, every: 0.1...1) { rclone.signal(SIGKILL) > 0 }
            defer { reaper.end() }
            let outcome = try hikae("backup", folder.path("shop")).run()
            reaper.end()
            #expect(outcome.status == 0, "\(outcome.errorText)")
            try restic("check", "--read-data").succeed()
        }
        #expect(try JSONValue(restic("snapshots", "--json").succeed().text).array.count == 3)
    }

    @Test func `a rclone that cannot be started again ends the backup with its own words, and the next one is whole`()
        throws
    {
        let policy = RetryPolicy(attempts: 3, firstPause: 1, longestPause: 1)
        let bare = try store()
        let store = PipelinedStore(RetryingStore(bare, policy: policy), uploads: 3)
        _ = try CaptureRig(store)
        try writeShop(1)
        let repository = try Repository.open(store, password: Array("rig".utf8))
        try repository.loadIndex()
        try rclone.setBroken(true)
        #expect(rclone.signal(SIGKILL) == 1)
        let error = try refusal { try LocalWork.backup(folder.path("shop"), into: repository) }
        #expect(error?.code == .unreachable && error?.exitCode == 1)
        #expect(error?.description.contains("exit status 9") == true, "\(String(describing: error))")
        #expect(error?.description.contains("the cloud is gone") == true, "\(String(describing: error))")
        try restic("check", "--read-data").succeed()
        #expect(try restic("snapshots", "--json").succeed().text.hasPrefix("[]"))
        try rclone.setBroken(false)
        let again = PipelinedStore(RetryingStore(try self.store()), uploads: 3)
        let next = try Repository.open(again, password: Array("rig".utf8))
        try next.loadIndex()
        try LocalWork.backup(folder.path("shop"), into: next)
        try restic("check", "--read-data").succeed()
    }

    @Test func `what killed it is told`() throws {
        let store = try store()
        try store.create()
        try store.save(.config, [1])
        // Stopped, so that the request waits when it is killed.
        try rclone.stop()
        let killing = RunningThread {
            try? rclone.waitForInput()
            rclone.signal(SIGKILL)
        }
        let error = try refusal { _ = try store.load(.config) }
        killing.join()
        #expect(error?.code == .unreachable && error?.isRetryable == true)
        #expect(error?.message.contains("signal 9") == true, "\(String(describing: error))")
        #expect(try RetryingStore(store).load(.config) == [1], "and another goes on")
    }

    @Test func `a rclone on which nothing moves any more is ended, and another goes on`() throws {
        let store = RetryingStore(try store(Patience(silence: 3)), clock: ManualPaceClock())
        try store.create()
        try store.save(.config, [1])
        try rclone.stop()
        let before = rclone.starts
        #expect(try store.load(.config) == [1])
        // More often when the machine is so busy that a new one does not answer in time, either.
        #expect(rclone.starts > before)
        #expect(rclone.signal(0) == 1, "the one that hung is gone")
    }
}

// What the server promises of its own disk and memory: folders durable before anything in them is, room for locks and the log
// when everything else is full, and no tenant that takes the memory of others.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeServer

@Suite(.serialized) struct StorageTests {
    @Test("a folder that another has just made is not relied upon before its name is on the disk")
    func folders() throws {
        let folder = try TemporaryDirectory()
        let (isSyncing, mayEnd) = (Monitor(false), Monitor(false))
        let isDurable = Atomic<Bool>(false)
        let making = FolderMaking { _ throws(HikaeError) in
            isSyncing.withLock { $0 = true }
            _ = mayEnd.wait { $0 ? true : nil }
            isDurable.store(true, ordering: .sequentiallyConsistent)
        }
        let failure = FirstError()
        let first = RunningThread {
            do throws(HikaeError) { try making.make(["a"], in: folder.path("")) } catch { failure.set(error) }
        }
        _ = isSyncing.wait { $0 ? true : nil }
        #expect(Files.exists(folder.path("a")))
        let wasDurable = Mutex<Bool?>(nil)
        let second = RunningThread {
            do throws(HikaeError) { try making.make(["a"], in: folder.path("")) } catch { failure.set(error) }
            wasDurable.withLock { $0 = isDurable.load(ordering: .sequentiallyConsistent) }
        }
        // Time for the second to do it wrong.
        usleep(300_000)
        mayEnd.withLock { $0 = true }
        first.join()
        second.join()
        try failure.check()
        #expect(wasDurable.withLock { $0 } == true)
    }

    @Test("a name that is no folder is refused, and a sync that failed is made up for")
    func foldersThatFail() throws {
        let folder = try TemporaryDirectory()
        try Files.write(folder.path("file"), [1])
        #expect(throws: HikaeError.self) { try FolderMaking().make(["file"], in: folder.path("")) }
        let calls = Mutex(0)
        let making = FolderMaking { path throws(HikaeError) in
            let isFirst = calls.withLock { calls in
                calls += 1
                return calls == 1
            }
            if isFirst { throw HikaeError(.inputOutput, "the disk is ill") }
        }
        #expect(throws: HikaeError.self) { try making.make(["a"], in: folder.path("")) }
        try making.make(["a"], in: folder.path(""))
        #expect(calls.withLock { $0 } == 2)
        try making.make(["a"], in: folder.path(""))
        #expect(calls.withLock { $0 } == 2)
    }

    @Test("a lock that was begun before files began to go does not hold")
    func lateLock() throws {
        let rig = try ServerRig()
        try rig.create()
        let repository = try rig.server.vault.repository(tenant: "sakura", name: "main")
        let lock = Array("lock".utf8)
        let file = StoredFile(.lock, try #require(FileID(hex: ServerRig.hash(lock))))
        let upload = Upload(file, in: repository, limit: 100)
        try upload.begin(rig.server.settings.limits)
        try lock.withBytes { raw throws(HikaeError) in try upload.take(raw) }
        rig.server.vault.removals.set(repository)
        let error = #expect(throws: HikaeError.self) { try upload.finish() }
        #expect(error?.code == .locked)
        upload.abandon()
        #expect(try repository.list(.lock).isEmpty)
        #expect(try rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash(lock))", lock).status == 409)
        rig.server.vault.removals.clear(repository)
        #expect(try rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash(lock))", lock).status == 200)
    }

    @Test("nobody can bury a repository's key under keys")
    func keys() throws {
        let rig = try ServerRig { settings, _ in settings.limits.keys = 3 }
        try rig.create()
        let statuses = try (0..<4).map { number in
            try rig.ask("POST", "/sakura/main/keys/\(ServerRig.hash([UInt8(number)]))", [UInt8(number)]).status
        }
        #expect(statuses == [200, 200, 200, 507])
        #expect(try rig.ask("POST", "/sakura/main/keys/\(ServerRig.hash([0]))", [0]).status == 200)
    }

    @Test("a tenant whose requests hold too much memory waits; another is served")
    func memory() throws {
        let rig = try ServerRig { settings, _ in settings.limits.tenantMemoryBytes = 1000 }
        try rig.create()
        try rig.create("/fuji/main/", as: "stranger")
        for (path, user) in [("/sakura/main/config", "writer"), ("/fuji/main/config", "stranger")] {
            #expect(try rig.ask("POST", path, [1], as: user).status == 200)
        }
        let (id, body) = (ServerRig.hash([1]), [UInt8](repeating: 0x61, count: 900))
        let path = "/sakura/main/hikae/ledger/\(id)"
        // Two bodies that are still coming.
        let vault = rig.server.vault
        let (large, small) = (vault.memory.share("sakura"), vault.memory.share("sakura"))
        #expect(large.grow(by: 500) && small.grow(by: 400))
        #expect(try rig.ask("POST", path, body).status == 503)
        #expect(try rig.ask("GET", "/sakura/main/locks/").status == 200)
        #expect(try rig.ask("POST", "/fuji/main/hikae/ledger/\(id)", body, as: "stranger").status == 400)
        withExtendedLifetime((large, small)) {}
    }

    @Test("what a request held is given back with its answer")
    func memoryIsGivenBack() throws {
        let rig = try ServerRig { settings, _ in settings.limits.tenantMemoryBytes = 1000 }
        try rig.create()
        #expect(try rig.ask("POST", "/sakura/main/config", [1]).status == 200)
        let body = [UInt8](repeating: 0x61, count: 900)
        let end = MonotonicTime.seconds() + 300
        for _ in 0..<5 {
            // The answer may come a moment before what was held is let go.
            var status = 503
            while status == 503, MonotonicTime.seconds() < end {
                status = try rig.ask("POST", "/sakura/main/hikae/ledger/\(ServerRig.hash([1]))", body).status
            }
            #expect(status == 400)
        }
        while !rig.server.vault.memory.share("sakura").grow(by: 1000), MonotonicTime.seconds() < end { usleep(1000) }
        #expect(rig.server.vault.memory.share("sakura").grow(by: 1000))
    }

    @Test func sharesAreGivenBack() {
        let budget = MemoryBudget(limit: 100)
        var large: MemoryBudget.Share? = budget.share("a")
        #expect(large?.grow(by: 500) == true, "what one request alone needs it gets")
        #expect(!budget.share("a").grow(by: 1))
        #expect(budget.share("b").grow(by: 100))
        large = nil
        let small = budget.share("a")
        #expect(small.grow(by: 60))
        #expect(!budget.share("a").grow(by: 60))
        #expect(budget.share("a").grow(by: 40))
    }

    @Test(
        "a folder that is another user's is not written to", .enabled(if: geteuid() == 0, "changing owners needs root"))
    func owner() throws {
        let folder = try TemporaryDirectory()
        try Command("chown", ["12345", folder.path("")]).succeed()
        let error = #expect(throws: HikaeError.self) { try UsersFile.change(folder: folder.path("")) { _ in } }
        #expect(error?.code == .permission)
        #expect(Files.names(in: folder.path("")).isEmpty)
    }

    @Test("commands that change the users' file at once lose none of their changes")
    func usersAtOnce() throws {
        let folder = try TemporaryDirectory()
        let failure = FirstError()
        runThreads(16) { thread in
            do throws(HikaeError) {
                for number in 0..<10 {
                    try UsersFile.change(folder: folder.path("")) { users in
                        users.quotas["t\(thread)-\(number)"] = TenantQuota(files: number)
                    }
                }
            } catch { failure.set(error) }
        }
        try failure.check()
        #expect(try UsersFile.load(folder: folder.path("")).quotas.count == 160)
    }
}

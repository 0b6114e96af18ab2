// Full, read-only and unmounted disks: real ones, where the machine lets a test make them.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

/// A small file system in memory, mounted for one test; nil where the machine does not allow it.
private final class SmallDisk {
    let folder: TemporaryDirectory
    var path: String { folder.path("disk") }

    init?(bytes: Int) {
        guard let folder = try? TemporaryDirectory() else { return nil }
        self.folder = folder
        try? Files.makeFolders(folder.path("disk"))
        let mounted = try? Command("mount", ["-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", folder.path("disk")]).run()
        guard mounted?.status == 0 else { return nil }
    }

    /// Programs that other tests start at this moment hold files open until they are under way: then it is busy.
    func remount(_ options: String) throws {
        try waitUntil("the disk can be mounted otherwise") {
            try Command("mount", ["-o", "remount,\(options)", path]).run().status == 0
        }
    }

    deinit { _ = try? Command("umount", ["-l", path]).run() }
}

private let canMount = SmallDisk(bytes: 1 << 20) != nil

@Suite("A local store on a disk in trouble", .enabled(if: canMount, "mounting a tmpfs needs privileges"))
struct LocalStoreDiskTests {
    private func prepare(bytes: Int) throws -> (SmallDisk, LocalStore) {
        let disk = try #require(SmallDisk(bytes: bytes))
        let store = LocalStore(path: disk.path + "/repository")
        try store.create()
        try store.save(.config, [1])
        return (disk, store)
    }

    @Test("says that the disk is full, leaves no part of the file, and goes on when there is room again")
    func full() throws {
        let (disk, store) = try prepare(bytes: 2 << 20)
        var generator = SeededGenerator(seed: 1)
        let (small, large) = (generator.bytes(1 << 20), generator.bytes(1 << 20))
        let (first, second) = (StoredFile(.pack, .named(by: small)), StoredFile(.pack, .named(by: large)))
        try store.save(first, small)
        do throws(HikaeError) {
            try store.save(second, large)
            Issue.record("a full disk took the file")
        } catch {
            #expect(error.code == .noSpace)
            #expect(error.hint != nil)
            #expect(!error.isRetryable)
        }
        #expect(Files.all(below: store.location) == ["config", first.path].sorted())
        #expect(try store.load(first) == small)
        try store.remove(first)
        // Programs that other tests start at this moment hold the removed file open until they are under way.
        try waitUntil("there is room") { code { () throws(HikaeError) in try store.save(second, large) } != .noSpace }
        #expect(try store.load(second) == large)
        withExtendedLifetime(disk) {}
    }

    @Test("says that a disk is read-only, and reads from it all the same")
    func readOnly() throws {
        let (disk, store) = try prepare(bytes: 1 << 20)
        let file = StoredFile(.index, .named(by: [9]))
        try store.save(file, [9])
        try disk.remount("ro")
        let other = StoredFile(.index, .named(by: [8]))
        #expect(code { () throws(HikaeError) in try store.save(other, [8]) } == .permission)
        #expect(code { () throws(HikaeError) in try store.remove(file) } == .permission)
        #expect(try store.load(file) == [9])
        #expect(try store.list(.index).count == 1)
        try store.flush()
    }

    @Test("says that there is no repository any more when its disk is unmounted under it")
    func unmounted() throws {
        let (disk, store) = try prepare(bytes: 1 << 20)
        let file = StoredFile(.pack, .named(by: [9]))
        try store.save(file, [9])
        try Command("umount", ["-l", disk.path]).succeed()
        #expect(code { () throws(HikaeError) in try store.load(file) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.save(file, [9]) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.list(.pack) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.flush() } == .noRepository)
        #expect(Files.names(in: disk.path).isEmpty)
    }
}

// What a local store must not say: that files are gone which it could not see, or durable which are not.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeStore

@Suite("What a local store says can be relied on")
struct LocalStoreTrustTests {
    let folder: TemporaryDirectory
    let store: LocalStore

    init() throws {
        folder = try TemporaryDirectory()
        store = LocalStore(path: folder.path("repository"))
        try store.create()
        try store.save(.config, [1])
    }

    @Test("a link where a file should be is named, never left out", arguments: [FileKind.snapshot, .index, .pack])
    func links(kind: FileKind) throws {
        let file = StoredFile(kind, .named(by: [9]))
        try store.save(file, [9])
        let path = folder.path("repository/\(file.path)")
        try Files.move(path, to: folder.path("elsewhere"))
        for target in ["elsewhere", "nowhere"] {
            try Files.link(path, to: folder.path(target))
            let error = #expect(throws: HikaeError.self) { try store.list(kind) }
            #expect(error?.code == .refused && error?.message.contains(file.path) == true)
            Files.remove(path)
        }
        #expect(try store.list(kind).isEmpty)
    }

    @Test("a lost snapshot folder is no repository without snapshots")
    func lostSnapshotFolder() throws {
        Files.removeAll(folder.path("repository/snapshots"))
        #expect(try store.list(.snapshot).isEmpty, "nothing was ever saved")
        try store.save(StoredFile(.index, .named(by: [9])), [9])
        let error = #expect(throws: HikaeError.self) { try store.list(.snapshot) }
        #expect(error?.code == .inputOutput && error?.isRetryable == false && error?.hint != nil)
        try Files.makeFolders(folder.path("repository/snapshots"))
        #expect(try store.list(.snapshot).isEmpty)
    }

    @Test("a flush returns only when another that is under way has synced the packs saved before")
    func flushesTogether() throws {
        let stage = Monitor((isSyncing: false, mayGoOn: false, returned: 0))
        let store = LocalStore(path: store.location, clock: SystemClock()) { _ in
            stage.withLock { $0.isSyncing = true }
            stage.wait { $0.mayGoOn ? () : nil }
        }
        try store.save(StoredFile(.pack, .named(by: [9])), [9])
        let flush: @Sendable () -> Void = {
            try? store.flush()
            stage.withLock { $0.returned += 1 }
        }
        let first = RunningThread { flush() }
        stage.wait { $0.isSyncing ? () : nil }
        let second = RunningThread { flush() }
        // It has nothing of its own to sync, and all the same must not return yet.
        let early: Void? = stage.wait(seconds: 0.2) { $0.returned > 0 ? () : nil }
        #expect(early == nil)
        stage.withLock { $0.mayGoOn = true }
        first.join()
        second.join()
        #expect(stage.withLock { $0.returned } == 2)
    }

    @Test("a failed sync is never tried again, since the second would succeed without what was lost")
    func failedSync() {
        // EIO, EAGAIN, EBUSY, ENOSPC
        for number: Int32 in [5, 11, 16, 28] {
            #expect(!SystemFile.syncFailure("/a", errno: number).isRetryable)
        }
    }
}

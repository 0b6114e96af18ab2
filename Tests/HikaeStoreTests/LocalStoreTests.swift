// What holds of a repository in a local folder beyond the suite: layout, modes, leftovers, and full or vanished disks.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeStore

@Suite("A local store")
struct LocalStoreTests {
    let folder: TemporaryDirectory
    let store: LocalStore
    let clock = FixedClock()

    init() throws {
        folder = try TemporaryDirectory()
        store = LocalStore(path: folder.path("repository"), clock: clock)
    }

    private func path(_ relative: String) -> String { folder.path("repository/\(relative)") }

    private func makeRepository() throws {
        try store.create()
        try store.save(.config, [1, 2, 3])
    }

    @Test("lays out what restic lays out, for its owner only")
    func layout() throws {
        try store.create()
        #expect(Files.names(in: store.location) == ["data", "index", "keys", "locks", "snapshots"])
        let bytes = (0..<256).map { Hex.encode([UInt8($0)]) }
        #expect(Files.names(in: path("data")) == bytes)
        for folder in ["", "/data", "/keys", "/data/7f"] { #expect(Files.mode(store.location + folder) == 0o700) }
    }

    @Test("makes the folders above a new repository")
    func makesParents() throws {
        let deep = LocalStore(path: folder.path("a/b/c/"))
        try deep.create()
        try deep.save(.config, [1])
        #expect(Files.exists(folder.path("a/b/c/config")))
    }

    @Test("keeps files where restic looks for them, read-only")
    func places() throws {
        try makeRepository()
        #expect(Files.mode(path("config")) == 0o400)
        let id = FileID.named(by: [9])
        for (kind, place) in [
            (FileKind.key, "keys/"), (.lock, "locks/"), (.snapshot, "snapshots/"), (.index, "index/"),
            (.pack, "data/\(id.hex.prefix(2))/"),
        ] {
            try store.save(StoredFile(kind, id), [9])
            #expect(try Files.read(path(place + id.hex)) == [9])
            #expect(Files.mode(path(place + id.hex)) == 0o400)
        }
    }

    @Test("lets the group read when the config does")
    func groupModes() throws {
        try makeRepository()
        Files.setMode(path("config"), 0o440)
        let opened = LocalStore(path: store.location)
        let file = StoredFile(.index, .named(by: [9]))
        try opened.save(file, [9])
        #expect(Files.mode(path(file.path)) == 0o440)
    }

    @Test("leaves nothing behind but what was saved")
    func noLeftovers() throws {
        try makeRepository()
        let file = StoredFile(.pack, .named(by: [9]))
        try store.save(file, [9])
        #expect(throws: HikaeError.self) { try store.save(.config, [4]) }
        #expect(Files.all(below: store.location) == ["config", file.path].sorted())
    }

    @Test("removes what a crash has left once it is a day old, and lets younger work be")
    func leftovers() throws {
        try makeRepository()
        let id = FileID.named(by: [9])
        let old = ["data/\(id.hex.prefix(2))/\(id.hex)-tmp-1", "index/\(id.hex)-tmp-2", "locks/\(id.hex)-tmp-3"]
        let young = ["data/\(id.hex.prefix(2))/\(id.hex)-tmp-4", "snapshots/\(id.hex)-tmp-5"]
        let foreign = "index/notes-tmp-6"
        for name in old + young + [foreign] { try Files.write(path(name), [1]) }
        for name in old + [foreign] { Files.setModified(path(name), seconds: clock.now().seconds - 86_401) }
        for name in young { Files.setModified(path(name), seconds: clock.now().seconds - 86_399) }
        for kind in FileKind.allCases { #expect(try store.list(kind).isEmpty) }
        #expect(Files.exists(path(old[0])), "reading removes nothing")
        try store.flush()
        #expect(Files.all(below: store.location) == (young + [foreign, "config"]).sorted())
    }

    @Test("makes a missing data folder again, as repositories lose empty ones when they are copied")
    func missingSubfolders() throws {
        try makeRepository()
        Files.removeAll(path("data"))
        Files.removeAll(path("locks"))
        #expect(try store.list(.pack).isEmpty)
        #expect(try store.list(.lock).isEmpty)
        for kind in [FileKind.pack, .lock] {
            let file = StoredFile(kind, .named(by: [9]))
            try store.save(file, [9])
            #expect(try store.load(file) == [9])
        }
        try store.flush()
        #expect(Files.names(in: path("data")).count == 1)
    }

    @Test("says that a vanished repository has vanished, and never writes beside it")
    func vanished() throws {
        try makeRepository()
        try Files.move(store.location, to: folder.path("elsewhere"))
        let file = StoredFile(.pack, .named(by: [9]))
        #expect(code { () throws(HikaeError) in try store.save(file, [9]) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.load(file) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.list(.pack) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.remove(file) } == .noRepository)
        #expect(!Files.exists(store.location))
        // An unmounted disk leaves an empty folder where it was.
        try Files.makeFolders(store.location)
        #expect(code { () throws(HikaeError) in try store.save(file, [9]) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.list(.pack) } == .noRepository)
        #expect(code { () throws(HikaeError) in try store.load(.config) } == .noRepository)
        #expect(Files.names(in: store.location).isEmpty)
    }

    @Test("follows no link and waits for no pipe where a file should be")
    func strangeFiles() throws {
        try store.create()
        try folder.write("secret", "secret")
        try Files.link(path("config"), to: folder.path("secret"))
        #expect(code { () throws(HikaeError) in try store.load(.config) } == .refused)
        let file = StoredFile(.index, .named(by: [9]))
        try Files.makeFolders(path(file.path))
        #expect(code { () throws(HikaeError) in try store.load(file) } == .refused)
        let error = #expect(throws: HikaeError.self) { try store.list(.index) }
        #expect(error?.code == .refused && error?.message.contains(file.path) == true)
    }

    @Test("does not save over a config that is a dangling link")
    func danglingConfig() throws {
        try store.create()
        try Files.link(path("config"), to: folder.path("nowhere"))
        #expect(code { () throws(HikaeError) in try store.save(.config, [1]) } == .repositoryExists)
        #expect(code { () throws(HikaeError) in try store.create() } == .repositoryExists)
        #expect(!Files.exists(folder.path("nowhere")))
    }

    @Test("takes a relative path from where it was made")
    func relative() {
        #expect(LocalStore(path: "/a/b//").root == "/a/b")
        #expect(LocalStore(path: "repository").root.hasPrefix("/"))
        #expect(LocalStore(path: "repository").root.hasSuffix("/repository"))
        #expect(LocalStore(path: "repository").location == "repository")
    }

    @Test("says which file is too short, and by how much")
    func shortFile() throws {
        try makeRepository()
        let file = StoredFile(.pack, .named(by: [9]))
        try store.save(file, [1, 2, 3])
        do throws(HikaeError) {
            _ = try store.load(file, range: 1..<9)
            Issue.record("it loaded what is not there")
        } catch {
            #expect(error.code == .damaged)
            #expect(!error.isRetryable)
            #expect(error.message.contains(file.description))
            #expect(error.message.contains("3 bytes"))
            #expect(error.message.contains("9"))
        }
    }
}

/// The code of the error that `body` throws, or nil.
func code<Result>(_ body: () throws(HikaeError) -> Result) -> HikaeError.Code? {
    do throws(HikaeError) {
        _ = try body()
        return nil
    } catch { return error.code }
}

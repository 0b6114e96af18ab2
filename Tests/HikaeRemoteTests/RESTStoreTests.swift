import HikaeCore
import HikaeFormat
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

/// A repository behind restic's REST protocol keeps what every store promises, on rclone's server and through its pipes.
@Suite(.serialized)
struct RESTStoreTests {
    @Test(arguments: StoreConformance.checks)
    func `over HTTP it keeps the promises of stores`(check: StoreConformance.Check) throws {
        // With retries: rclone breaks off what is read while another saves it anew.
        try check.run(RetryingStore(try RESTRig.store()))
    }

    @Test(arguments: StoreConformance.checks)
    func `it keeps them behind retries and a pipeline`(check: StoreConformance.Check) throws {
        try check.run(RemoteLocation.assembled(try RESTRig.store()))
    }

    @Test(arguments: StoreConformance.checks)
    func `through rclone's pipes it keeps them, too`(check: StoreConformance.Check) throws {
        try check.run(try RESTRig.rclone(try TemporaryDirectory()))
    }

    @Test func `a wrong password is told without it, and nothing is tried again`() throws {
        let server = try RESTRig.server.get()
        let location = "rest:http://sakura:not-the-geheim@127.0.0.1:\(server.port())/x"
        let store = try RemoteLocation.store(at: location, RemoteOptions())
        #expect(!store.location.contains("geheim"))
        let error = try #require(try refusal { _ = try store.load(.config) })
        #expect(error.code == .accessDenied)
        #expect(!error.description.contains("geheim"))
    }

    @Test func `a server that is not there is unreachable, soon`() throws {
        let options = try RESTRig.options()
        let store = try RESTStore(RESTLocation("rest:http://127.0.0.1:9/x"), options)
        let error = try #require(try refusal { _ = try store.load(.config) })
        #expect(error.code == .unreachable)
        #expect(error.isRetryable)
        #expect(error.message.contains("connection refused"), "\(error)")
    }

    @Test func `what only takes new data in is no obstacle, and refuses to remove`() throws {
        let server = try RESTRig.appendOnly.get()
        let location = RESTRig.location(RESTRig.name(), server)
        let store = try RESTStore(RESTLocation(location), RESTRig.options())
        try store.create()
        try store.save(.config, [1])
        let pack = StoredFile(.pack, .named(by: [1, 2, 3]))
        try store.save(pack, [1, 2, 3])
        try store.save(pack, [1, 2, 3])
        #expect(try refusal { try store.remove(pack) }?.code == .refused)
        #expect(try store.load(pack) == [1, 2, 3])
        #expect(try refusal { try store.save(.config, [2]) }?.code == .repositoryExists)
        let lock = StoredFile(.lock, .named(by: [7]))
        try store.save(lock, [7])
        try store.remove(lock)
        #expect(try store.list(.lock).isEmpty)
    }

    @Test func `a rclone that cannot be run, or that fails, is told with its words`() throws {
        var options = RemoteOptions()
        options.rcloneProgram = "/nowhere/rclone"
        let missing = try RESTStore.rclone("rclone:x:y", options)
        #expect(try refusal { _ = try missing.load(.config) }?.code == .programFailed)
        let unknown = try RESTStore.rclone("rclone:no-such-remote:y", RemoteOptions())
        let error = try #require(try refusal { _ = try unknown.load(.config) })
        #expect(error.code == .unreachable)
        #expect("\(error)".contains("didn't find section"), "\(error)")
    }

    @Test func `restic checks, restores and adds to what Hikae wrote over REST, and Hikae reads on`() throws {
        let name = RESTRig.name()
        let location = RESTRig.location(name, try RESTRig.server.get())
        try Self.interop(RemoteLocation.assembled(try RESTRig.store(name)), location)
    }

    @Test func `restic checks, restores and adds to what Hikae wrote through rclone, and Hikae reads on`() throws {
        let folder = try TemporaryDirectory()
        try Self.interop(RemoteLocation.assembled(try RESTRig.rclone(folder)), "rclone:\(folder.path("repository"))")
    }

    @Test func `Hikae reads, checks and adds to what restic wrote over REST`() throws {
        let name = RESTRig.name()
        let location = RESTRig.location(name, try RESTRig.server.get())
        let folder = try TemporaryDirectory()
        try folder.write("shop", String(repeating: "通販サイト", count: 100_000))
        try RESTRig.restic(location, "init").succeed()
        try RESTRig.restic(location, "backup", folder.path("shop")).succeed()
        let store = RemoteLocation.assembled(try RESTRig.store(name))
        let repository = try Repository.open(store, password: Array("rig".utf8))
        try repository.loadIndex()
        let snapshot = try #require(try repository.snapshots().first)
        #expect(snapshot.snapshot.paths == [folder.path("shop")])
        try Self.check(repository)
    }

    /// Writes with Hikae, reads and writes with restic, reads with Hikae.
    static func interop(_ store: any ObjectStore, _ location: String) throws {
        let folder = try TemporaryDirectory()
        let rig = try CaptureRig(store)
        let capture = try rig.capture(try S3Rig.source(count: 12, bytes: 3_000_000))
        try RESTRig.restic(location, "check", "--read-data").succeed()
        try RESTRig.restic(location, "restore", "latest", "--target", folder.path("back")).succeed()
        let photo = try Files.read(folder.path("back/shop/part/photos/写真 3.jpg"))
        #expect(photo.count == 3_000_003)
        try folder.write("more", "something more")
        try RESTRig.restic(location, "backup", folder.path("more")).succeed()
        let repository = try Repository.open(store, password: Array("rig".utf8))
        try repository.loadIndex()
        #expect(try repository.snapshots().count == 2)
        #expect(try store.list(.lock).isEmpty, "restic's locks are gone")
        try rig.restore(capture, to: folder.path("again"))
        #expect(try Files.read(folder.path("again/photos/写真 3.jpg")) == photo)
        try check(repository)
    }

    static func check(_ repository: Repository) throws {
        var options = CheckOptions()
        options.readData = .all
        _ = try Checker(repository: repository, options: options, report: { Issue.record("\($0)") }).run()
    }
}

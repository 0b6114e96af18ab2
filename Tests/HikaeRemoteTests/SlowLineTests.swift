import HikaeCore
import HikaeHTTP
import HikaeRemote
import HikaeS3
import HikaeStore
import HikaeTesting
import Testing

/// A pack takes longer on a slow line than any server may be silent: it goes on as long as bytes go out.
@Suite
struct SlowLineTests {
    /// Half a megabyte a second.
    private static let kibibytes = 512
    private static let pack = [UInt8](repeating: 7, count: 24 << 20)
    /// Far less than the 48 seconds that the pack takes.
    private static let patience: Patience = {
        var patience = Patience(connect: 60, silence: 20, window: 20, windowBytes: 1024)
        patience.sendingRate = Double(kibibytes) * 1024
        return patience
    }()

    private func line(to server: PracticeServer) throws -> PracticeServer {
        try PracticeServer(
            "delay", ["--target", "\(server.port())", "--milliseconds", "0", "--kibibytes", "\(Self.kibibytes)"])
    }

    private func save(through store: some ObjectStore) throws {
        try store.create()
        try store.save(.config, [1])
        let file = StoredFile(.pack, .named(by: Self.pack))
        let begun = ContinuousClock.now
        try store.save(file, Self.pack)
        #expect(begun.duration(to: .now) > .seconds(30), "the line is not slow")
        #expect(try store.load(file) == Self.pack)
    }

    @Test func `to a REST server`() throws {
        let server = try RESTRig.server.get()
        let line = try line(to: server)
        let location = RESTRig.location(RESTRig.name(), server, port: line.port())
        try save(through: RESTStore(RESTLocation(location), RESTRig.options(), patience: Self.patience))
    }

    @Test func `to a bucket`() throws {
        let line = try line(to: S3Rig.server.get())
        let location = try S3Rig.location(S3Rig.bucket(), through: "http://127.0.0.1:\(line.port())")
        var conditions = S3Rig.conditions()
        conditions.patience = Self.patience
        try save(through: S3Store(location, S3Rig.options(), conditions))
    }
}

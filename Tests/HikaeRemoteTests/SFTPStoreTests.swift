import HikaeCore
import HikaeFormat
import HikaeRemote
import HikaeStore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A repository behind SFTP keeps what every store promises, on the real sshd.
@Suite(.serialized)
struct SFTPStoreTests {
    @Test(arguments: StoreConformance.checks)
    func `it keeps the promises of stores`(check: StoreConformance.Check) throws {
        try check.run(try SFTPRig.store(SFTPRig.folder()))
    }

    @Test(arguments: StoreConformance.checks)
    func `it keeps them behind retries and a pipeline`(check: StoreConformance.Check) throws {
        try check.run(RemoteLocation.assembled(try SFTPRig.store(SFTPRig.folder())))
    }

    @Test func `a folder that is removed is no repository, and never an empty one`() throws {
        let folder = try SFTPRig.folder()
        let store = try SFTPRig.store(folder)
        try store.create()
        try store.save(.config, [1])
        let pack = StoredFile(.pack, FileID.named(by: [2]))
        try store.save(pack, [2])
        #expect(try store.list(.snapshot).isEmpty)
        try Command("rm", ["-r", folder]).succeed()
        for kind in FileKind.standard where kind != .config {
            #expect(try refusal { _ = try store.list(kind) }?.code == .noRepository, "\(kind)")
        }
        #expect(try refusal { _ = try store.load(pack) }?.code == .noRepository)
        #expect(try refusal { try store.save(pack, [2]) }?.code == .noRepository)
        #expect(try Command("test", ["-e", folder]).run().status == 1, "nothing was made in its place")
    }

    @Test func `a pack of many pieces comes back whole, and any part of it`() throws {
        let store = try SFTPRig.store(SFTPRig.folder())
        try store.create()
        try store.save(.config, [1])
        var generator = SeededGenerator(seed: 2012)
        let bytes = (0..<3_000_017).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let pack = StoredFile(.pack, FileID.named(by: bytes))
        try store.save(pack, bytes)
        #expect(try store.load(pack) == bytes)
        for _ in 0..<20 {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let end = Int.random(in: start...bytes.count, using: &generator)
            #expect(try store.load(pack, range: UInt64(start)..<UInt64(end)) == Array(bytes[start..<end]))
        }
    }

    @Test func `a file is there whole under its name, or not at all`() throws {
        let folder = try SFTPRig.folder()
        let store = try SFTPRig.store(folder)
        try store.create()
        try store.save(.config, [1])
        let pack = StoredFile(.pack, FileID.named(by: [9]))
        try store.save(pack, [9])
        let found = try Command("find", [folder, "-type", "f", "-printf", "%P %m\n"]).run().text
        #expect(
            Set(found.split(separator: "\n").map(String.init)) == ["config 600", "\(pack.path) 600"],
            "nothing half is left beside them")
    }

    @Test func `a key that is not let in, and a host that is not known, are named`() throws {
        let server = try SFTPRig.server.get()
        let place = try SFTPRig.location(SFTPRig.folder())
        var options = try SFTPRig.options()
        options.identityFile = server.text("stranger_identity")
        #expect(try refusal { try SFTPStore(place, options).create() }?.code == .accessDenied)
        options = try SFTPRig.options()
        options.sshOptions[0] = "UserKnownHostsFile=\(server.text("wrong_known_hosts"))"
        #expect(try refusal { try SFTPStore(place, options).create() }?.code == .untrusted)
    }

    @Test func `a connection that dies under a save is made again`() throws {
        let programs = try TemporaryDirectory()
        let ssh = try MortalProgram("ssh", in: programs)
        var options = try SFTPRig.options()
        options.sshProgram = ssh.path
        let store = try SFTPStore(SFTPRig.location(SFTPRig.folder()), options)
        try store.create()
        try store.save(.config, [1])
        var generator = SeededGenerator(seed: 7)
        // More attempts than it is killed: on a busy machine all of that may come upon one save.
        let patient = RetryingStore(
            store, policy: RetryPolicy(attempts: 60, firstPause: 1, longestPause: 1), clock: ManualPaceClock())
        let reaper = Reaper(most: 6, every: 0.05...0.25) { ssh.signal(SIGKILL) > 0 }
        defer { reaper.end() }
        var packs: [(StoredFile, [UInt8])] = []
        // Until it was killed a few times, and some more.
        while packs.count < 12 || reaper.count < 3 && packs.count < 300 {
            let bytes = generator.bytes(700_000)
            let pack = StoredFile(.pack, FileID.named(by: bytes))
            try patient.save(pack, bytes)
            packs.append((pack, bytes))
        }
        reaper.end()
        #expect(reaper.count >= 3, "killed \(reaper.count) times")
        for (pack, bytes) in packs { #expect(try RetryingStore(store).load(pack) == bytes) }
        #expect(Set(try store.list(.pack).map(\.id)) == Set(packs.compactMap(\.0.id)))
    }

    @Test(
        arguments: [
            ("sftp:user@host:/srv/vault", "user", "host", nil, "/srv/vault"),
            ("sftp:host:vault", nil, "host", nil, "vault"),
            ("sftp://user@host:2222//srv/vault", "user", "host", 2222, "/srv/vault"),
            ("sftp://host/vault", nil, "host", nil, "vault"),
            ("sftp:me@x@[::1]:/v", "me@x", "::1", nil, "/v"),
            ("sftp://[fe80::1]:22//v", nil, "fe80::1", 22, "/v"),
        ] as [(String, String?, String, Int?, String)])
    func `restic's forms are understood`(
        text: String, user: String?, host: String, port: Int?, path: String
    ) throws {
        let location = try SFTPLocation(text)
        #expect(
            location.user == user && location.host == host && location.port == port && location.path == path)
    }

    @Test(arguments: [
        "sftp:", "sftp:host", "sftp://host", "sftp://host:0//v", "sftp::/v", "sftp://@host//v", "sftp:h:",
    ])
    func `what is no place is refused`(text: String) throws {
        #expect(try refusal { _ = try SFTPLocation(text) }?.code == .usage)
    }
}

// Hikae's own REST store against Hikae's own vault server, the real program: every promise of a store that only takes in.

import HikaeCore
import HikaeRemote
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

/// The server, with a repository for each test.
private enum VaultRig {
    static let server = Result { try PracticeServer("vault", ["--hikae", HikaeProgram.binary]) }
    private static let number = Atomic<Int>(0)

    static func store(user: String = "keeper", _ name: String? = nil) throws -> RESTStore {
        let server = try server.get()
        let name = name ?? "store-\(number.add(1, ordering: .relaxed).newValue)"
        var options = RemoteOptions()
        options.user = user
        let secret = Secret(server.facts["users"]?[user]?.string ?? "")
        options.password = { () throws(HikaeError) in secret }
        return try RESTStore(RESTLocation("rest:http://127.0.0.1:\(server.port())/sakura/\(name)/"), options)
    }
}

@Suite(.serialized) struct VaultServerStoreTests {
    @Test(arguments: StoreConformance.appendOnlyChecks)
    func `a vault server keeps the promises of stores that only take in`(check: StoreConformance.Check) throws {
        try check.run(try VaultRig.store())
    }

    // Behind retries, what arrived otherwise than it was sent is sent again for a quarter of an hour: that is not waited for.
    @Test(arguments: StoreConformance.appendOnlyChecks.filter { !$0.description.hasPrefix("bytes that are not") })
    func `and keeps them behind retries and a pipeline, for who may only append`(check: StoreConformance.Check) throws {
        try check.run(RemoteLocation.assembled(try VaultRig.store(user: "writer")))
    }

    @Test func `who may only read reads, locks, and adds nothing`() throws {
        let writer = try VaultRig.store(user: "writer", "shared")
        try writer.create()
        try writer.save(.config, [1])
        let pack = StoredFile(.pack, .named(by: [1, 2, 3]))
        try writer.save(pack, [1, 2, 3])
        let reader = try VaultRig.store(user: "reader", "shared")
        #expect(try reader.load(pack) == [1, 2, 3])
        let lock = StoredFile(.lock, .named(by: [7]))
        try reader.save(lock, [7])
        try reader.remove(lock)
        let other = StoredFile(.pack, .named(by: [4]))
        #expect(try refusal { try reader.save(other, [4]) } != nil)
        #expect(try !writer.exists(other))
        let stranger = try VaultRig.store(user: "stranger", "shared")
        #expect(try refusal { _ = try stranger.load(pack) } != nil)
    }
}

// Keys: who may open, and that nobody locks himself out.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("The keys of a repository")
struct KeyRingTests {
    private let second = Array("second".utf8)

    private func add(_ ring: KeyRing, _ password: [UInt8]) throws -> FileID {
        try ring.add(password: password, username: "yuki", hostname: "shop", parameters: .insecureForTests)
    }

    @Test("can be added, listed and removed")
    func lifecycle() throws {
        let small = try SmallRepository()
        let ring = KeyRing(repository: small.repository)
        let id = try add(ring, second)
        let keys = try ring.list()
        #expect(keys.count == 2)
        #expect(keys.filter(\.isCurrent).map(\.id) == [small.repository.keyID])
        #expect(keys.first { $0.id == id }.map { [$0.username, $0.hostname] } == ["yuki", "shop"])
        #expect(try Repository.open(small.store, password: second).keyID == id)
        #expect(try ring.remove(id.short) == id)
        #expect(throws: HikaeError.self) { try Repository.open(small.store, password: second) }
        #expect(throws: HikaeError.self) { try ring.remove(id.hex) }
    }

    @Test("in use cannot be removed")
    func current() throws {
        let small = try SmallRepository()
        let ring = KeyRing(repository: small.repository)
        _ = try add(ring, second)
        let error = #expect(throws: HikaeError.self) { try ring.remove(small.repository.keyID.hex) }
        #expect(error?.code == .refused)
        #expect(try ring.list().count == 2)
    }

    @Test("is replaced when the password changes")
    func passwd() throws {
        let small = try SmallRepository()
        let id = try KeyRing(repository: small.repository).changePassword(
            second, username: "u", hostname: "h", parameters: .insecureForTests)
        #expect(try small.store.list(.key).map(\.id) == [id])
        #expect(throws: HikaeError.self) { try Repository.open(small.store, password: Scene.password) }
        #expect(try Repository.open(small.store, password: second).keyID == id)
    }

    @Test("that does not open after it was written is taken back, and the old one stays")
    func unverified() throws {
        let small = try SmallRepository()
        // The store hands the new key back with a bit turned over.
        let plan = FaultPlan([.on([.load], of: [.key], numbers: 1..<2, .flip(byte: 300))])
        let faulty = try Repository.open(FaultyStore(small.store, plan: plan), password: Scene.password)
        let before = small.store.files
        #expect(throws: HikaeError.self) {
            try KeyRing(repository: faulty).changePassword(
                second, username: "u", hostname: "h", parameters: .insecureForTests)
        }
        #expect(small.store.files == before)
    }
}

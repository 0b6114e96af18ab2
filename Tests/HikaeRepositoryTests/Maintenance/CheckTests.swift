// What check finds, and that it names what is concerned.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("Checking a repository")
struct CheckTests {
    /// Two snapshots that share a file, in several packs.
    private func scene() throws -> (small: SmallRepository, snapshots: [NamedSnapshot]) {
        let small = try SmallRepository(packSize: 4000)
        let shared = TestBytes.noise(3000, seed: 1)
        let first = try small.save(
            ["mail/inbox/1": shared, "mail/inbox/2": TestBytes.text(1500, seed: 2), "site/index.html": []],
            at: 1_340_000_000)
        let second = try small.save(
            ["mail/inbox/1": shared, "orders.sql": TestBytes.noise(6000, seed: 3)], at: 1_340_000_100)
        return (small, [first, second])
    }

    private func packs(_ store: MemoryStore) throws -> [FileID] { try store.list(.pack).map(\.id).sorted() }

    @Test("finds nothing wrong with a sound one, and says what it read")
    func sound() throws {
        let (small, _) = try scene()
        let (report, findings) = try Findings.check(small.store)
        #expect(report.isSound)
        #expect(findings.all.isEmpty)
        #expect(report.snapshots == 2)
        #expect(report.trees == 7)
        #expect(report.packsRead == report.packs)
        #expect(
            report.bytesRead
                == small.store.files.filter { $0.key.kind == .pack }.reduce(0) { $0 + UInt64($1.value.count) })
        #expect(report.suggestions.isEmpty)
    }

    @Test("names the pack that is missing and the files that need it")
    func missingPack() throws {
        let (small, snapshots) = try scene()
        let blob = try #require(
            try small.repository.tree(snapshots[1].snapshot.tree).nodes.first { $0.displayName == "orders.sql" }?
                .content?.first)
        let pack = try #require(small.repository.index.lookup(blob, .data)).pack
        small.store.damage(StoredFile(.pack, pack), with: nil)
        let (report, findings) = try Findings.check(small.store, .none)
        #expect(!report.isSound)
        let finding = try #require(findings.errors.first { $0.kind == .packMissing })
        #expect(finding.pack == pack)
        #expect(finding.paths.contains("\(snapshots[1].id.short):/orders.sql"))
        #expect(report.suggestions.contains { $0.contains("repair index") })
    }

    @Test("names a damaged blob, its pack, and every path it is needed at")
    func damagedBlob() throws {
        let (small, snapshots) = try scene()
        let inbox = try small.repository.subtree(of: snapshots[0].snapshot.tree, at: "mail/inbox")
        let blob = try #require(try small.repository.tree(inbox).nodes.first { $0.displayName == "1" }?.content?[2])
        let place = try #require(small.repository.index.lookup(blob, .data))
        try flip(small.store, place.pack, at: Int(place.offset) + 40)
        let (report, findings) = try Findings.check(small.store)
        let finding = try #require(findings.errors.first { $0.kind == .blobDamaged })
        #expect(finding.blob == blob)
        #expect(finding.pack == place.pack)
        #expect(Set(finding.paths) == Set(snapshots.map { "\($0.id.short):/mail/inbox/1" }))
        #expect(finding.pathCount == 2)
        #expect(findings.errors.contains { $0.kind == .packDamaged && $0.pack == place.pack })
        #expect(report.damagedPacks == [place.pack])
        // Without reading the data nothing of this can be seen.
        #expect(try Findings.check(small.store, .none).report.isSound)
    }

    @Test("names the folder whose tree is damaged")
    func damagedTree() throws {
        let (small, snapshots) = try scene()
        let inbox = try small.repository.subtree(of: snapshots[0].snapshot.tree, at: "mail/inbox")
        let place = try #require(small.repository.index.lookup(inbox, .tree))
        try flip(small.store, place.pack, at: Int(place.offset) + 20)
        let (_, findings) = try Findings.check(small.store, .none)
        let finding = try #require(findings.errors.first { $0.kind == .tree })
        #expect(finding.tree == inbox)
        #expect(finding.pack == place.pack)
        #expect(finding.paths == ["\(snapshots[0].id.short):/mail/inbox/"])
    }

    @Test("tells a cut pack, and which files it cost")
    func cutPack() throws {
        let (small, snapshots) = try scene()
        let blob = try #require(
            try small.repository.tree(snapshots[1].snapshot.tree).nodes.first { $0.displayName == "orders.sql" }?
                .content?.first)
        let place = try #require(small.repository.index.lookup(blob, .data))
        let file = StoredFile(.pack, place.pack)
        small.store.damage(file, with: Array(try small.store.load(file).prefix(Int(place.offset) + 5)))
        let (report, findings) = try Findings.check(small.store, .none)
        let finding = try #require(findings.errors.first { $0.kind == .packSize })
        #expect(finding.paths == ["\(snapshots[1].id.short):/orders.sql"])
        #expect(report.damagedPacks == [place.pack])
    }

    @Test("takes a pack that no index knows for a hint, not an error")
    func orphan() throws {
        let (small, _) = try scene()
        let orphan = TestBytes.noise(500, seed: 9)
        try small.store.save(StoredFile(.pack, FileID.named(by: orphan)), orphan)
        let (report, findings) = try Findings.check(small.store)
        #expect(report.isSound)
        #expect(findings.all.map(\.kind) == [.packOrphaned])
        #expect(report.suggestions.contains { $0.contains("prune") })
    }

    @Test("takes a pack in two indexes for a hint, and counts it once")
    func duplicatePack() throws {
        let (small, _) = try scene()
        let index = try #require(try small.store.list(.index).first)
        _ = try small.repository.saveUnpacked(.index, try small.repository.loadUnpacked(StoredFile(.index, index.id)))
        let (report, findings) = try Findings.check(small.store)
        #expect(report.isSound)
        #expect(Set(findings.all.map(\.kind)) == [.duplicatePack])
    }

    @Test("finds an index that cannot be read, and the files that only it knew")
    func damagedIndex() throws {
        let (small, snapshots) = try scene()
        let indexes = try small.store.list(.index).map(\.id)
        for id in indexes { small.store.damage(StoredFile(.index, id), with: Array("gone".utf8)) }
        let (report, findings) = try Findings.check(small.store)
        #expect(findings.errors.filter { $0.kind == .index }.count == indexes.count)
        #expect(findings.errors.contains { $0.kind == .blobMissing && $0.paths == ["\(snapshots[0].id.short):/"] })
        #expect(report.suggestions.contains { $0.contains("repair index") })
    }

    @Test("finds a damaged key file and a damaged snapshot")
    func keysAndSnapshots() throws {
        let (small, snapshots) = try scene()
        _ = try KeyRing(repository: small.repository).add(
            password: Array("second".utf8), username: "u", hostname: "h", parameters: .insecureForTests)
        let other = try #require(try small.store.list(.key).map(\.id).first { $0 != small.repository.keyID })
        small.store.damage(StoredFile(.key, other), with: Array("{}".utf8))
        small.store.damage(StoredFile(.snapshot, snapshots[0].id), with: [1, 2, 3])
        let (_, findings) = try Findings.check(small.store)
        #expect(findings.errors.map(\.kind) == [.key, .snapshot])
        #expect(findings.errors.map { $0.file?.id } == [other, snapshots[0].id])
    }

    @Test("reads every pack in exactly one of the groups")
    func groups() throws {
        let (small, _) = try scene()
        var read = 0
        for number in 1...3 {
            read += try Findings.check(small.store, .group(UInt(number), of: 3)).report.packsRead
        }
        #expect(read == (try packs(small.store)).count)
        #expect(try Findings.check(small.store, .percent(1)).report.packsRead == 1)
        #expect(try Findings.check(small.store, .bytes(1 << 40)).report.packsRead == read)
    }

    @Test(
        "reads a subset as restic writes it",
        arguments: [
            ("1/5", ReadSubset.group(1, of: 5)), ("2.5%", .percent(2.5)), ("50G", .bytes(50 << 30)),
        ])
    func subset(text: String, expected: ReadSubset) throws { #expect(try ReadSubset(text) == expected) }

    @Test("refuses a subset that makes no sense", arguments: ["0/5", "6/5", "1/257", "0%", "101%", "0", "x", "1/2/3"])
    func badSubset(text: String) { #expect(throws: HikaeError.self) { try ReadSubset(text) } }

    @Test("takes a share or a size for a scrub, and no percentage without its sign")
    func share() throws {
        #expect(try ScrubShare("5%") == .percent(5))
        #expect(try ScrubShare("1M") == .bytes(1 << 20))
        let error = #expect(throws: HikaeError.self) { try ScrubShare("5") }
        #expect(error?.code == .usage && error?.hint?.contains("5%?") == true)
        #expect(throws: HikaeError.self) { try ScrubShare("512K") }
    }

    @Test("tells one bad reading from bad bytes")
    func transient() throws {
        let (small, _) = try scene()
        let plan = FaultPlan([.on([.read], of: [.pack], numbers: 2..<3, .flip(byte: 50))])
        let (_, findings) = try Findings.check(FaultyStore(small.store, plan: plan))
        #expect(findings.errors.count == 1)
        #expect(findings.errors.first?.kind == .packUnreadable)
    }

    private func flip(_ store: MemoryStore, _ pack: FileID, at place: Int) throws {
        let file = StoredFile(.pack, pack)
        var bytes = try store.load(file)
        bytes[place] ^= 1
        store.damage(file, with: bytes)
    }
}

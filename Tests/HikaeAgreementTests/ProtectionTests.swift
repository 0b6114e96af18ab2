// What must stay whatever was signed: last good captures, what nobody knows, and what remaining snapshots need.

import HikaeCore
import HikaeFormat
import Testing

@testable import HikaeAgreement

@Suite struct ProtectionTests {
    @Test("the last good capture of a source never goes, nor with later suspect ones beside it")
    func lastGood() throws {
        var company = try Company()
        for number in [1, 2, 3] as [UInt64] {
            try company.register(number)
            company.now += 40 * Company.day
        }
        try company.register(4, .suspect)
        let all: [UInt64] = [1, 2, 3, 4]
        #expect(try company.obstacles(company.proposal([1, 2]), snapshots: all).isEmpty)
        #expect(try company.obstacles(company.proposal([3]), snapshots: all) == [.lastGood(Company.id(3))])
        #expect(try company.obstacles(company.proposal(all), snapshots: all) == [.lastGood(Company.id(3))])
        // When the newest is not there any more, the one before it is the last.
        #expect(try company.obstacles(company.proposal([2]), snapshots: [1, 2, 4]) == [.lastGood(Company.id(2))])
    }

    @Test("a flood of captures that say they are good does not displace the one from before")
    func flood() throws {
        var company = try Company()
        try company.register(1)
        company.now += 31 * Company.day
        try company.register(2)
        company.now += 31 * Company.day
        for number in 3..<500 as Range<UInt64> { try company.register(number) }
        let all = Array(1..<500 as Range<UInt64>)
        let protected = company.state.protected(among: Set(all.map(Company.id)), at: company.now)
        #expect(Set(protected.keys) == [Company.id(2), Company.id(499)])
        #expect(
            try company.obstacles(company.proposal([2]), snapshots: all) == [.lastGoodBeforeDelay(Company.id(2))])
    }

    @Test("in a vault younger than the delay the first good capture stays")
    func youngVault() throws {
        var company = try Company()
        for number in 1..<6 as Range<UInt64> { try company.register(number) }
        #expect(
            try company.obstacles(company.proposal([1]), snapshots: [1, 2, 3, 4, 5])
                == [.lastGoodBeforeDelay(Company.id(1))])
        #expect(try company.obstacles(company.proposal([2]), snapshots: [1, 2, 3, 4, 5]).isEmpty)
    }

    @Test("snapshots that nobody registered stay for the delay, and the newest of them for good")
    func unregistered() throws {
        var company = try Company()
        let all = Array(1...40 as ClosedRange<UInt64>)
        #expect(try company.obstacles(company.proposal([1]), snapshots: all) == [.unknownSnapshot(Company.id(1))])
        try company.apply(.seen(all.map(Company.id)))
        company.now += 29 * Company.day
        #expect(try company.obstacles(company.proposal([1]), snapshots: all) == [.unknownSnapshot(Company.id(1))])
        company.now += Company.day
        #expect(try company.obstacles(company.proposal([1]), snapshots: all).isEmpty)
        #expect(try company.obstacles(company.proposal([24]), snapshots: all).isEmpty)
        #expect(try company.obstacles(company.proposal([25]), snapshots: all) == [.unknownSnapshot(Company.id(25))])
    }

    @Test("a pack that a remaining snapshot needs does not go")
    func neededPacks() throws {
        var company = try Company()
        for number in 1..<4 as Range<UInt64> { try company.register(number) }
        company.now += 40 * Company.day
        try company.register(4)
        let packs: [UInt64: [UInt64]] = [1: [101], 2: [101, 102], 3: [103], 4: [103, 104]]
        #expect(
            try company.obstacles(company.proposal([1], packs: [101]), snapshots: [1, 2, 3, 4], packs: packs)
                == [.neededPack(Company.id(101), by: Company.id(2))])
        #expect(
            try company.obstacles(
                company.proposal([1, 2], packs: [101, 102]), snapshots: [1, 2, 3, 4], packs: packs
            ).isEmpty)
        // Without any snapshot: only what nobody needs.
        #expect(
            try company.obstacles(company.proposal([], packs: [103]), snapshots: [1, 2, 3, 4], packs: packs)
                .count == 2)
    }

    @Test("while a snapshot that stays has not said what it needs no pack goes, whenever it came")
    func silentSnapshot() throws {
        var company = try Company()
        for number in 1..<4 as Range<UInt64> { try company.register(number) }
        let proposal = company.proposal([2], packs: [101])
        try company.apply(.seen([Company.id(50)]))
        try company.apply(.proposed(proposal.id, by: "admin"))
        #expect(
            try company.obstacles(proposal, snapshots: [1, 2, 3, 50]) == [.unregistered(Company.id(50))])
        #expect(try company.obstacles(company.proposal([2]), snapshots: [1, 2, 3, 50]).isEmpty, "no pack is named")
        try company.register(50, .suspect)
        #expect(try company.obstacles(proposal, snapshots: [1, 2, 3, 50]).isEmpty)
        #expect(
            try company.obstacles(proposal, snapshots: [1, 2, 3, 50, 51]) == [.unregistered(Company.id(51))],
            "one that nobody has even seen yet")
        try company.register(51)
        #expect(
            try company.obstacles(proposal, snapshots: [1, 2, 3, 50, 51], packs: [51: [101]])
                == [.neededPack(Company.id(101), by: Company.id(51))])
        #expect(try company.obstacles(proposal, snapshots: [1, 2, 3, 50, 51], packs: [51: [9]]).isEmpty)
    }

    @Test("a new capture that says it needs hardly anything takes no pack away from those before it")
    func newCaptureThatLies() throws {
        var company = try Company()
        for number in 1..<4 as Range<UInt64> {
            try company.register(number)
            company.now += 40 * Company.day
        }
        // The enemy's: the same content, of which it names one pack.
        for number in 10..<40 as Range<UInt64> { try company.register(number) }
        company.now += 400 * Company.day
        let packs: [UInt64: [UInt64]] = [1: [101], 2: [101, 102], 3: [102, 103], 39: [103]]
        let all = [1, 2, 3] + Array(10..<40 as Range<UInt64>)
        for pack in [101, 102, 103] as [UInt64] {
            #expect(
                try !company.obstacles(company.proposal([], packs: [pack]), snapshots: all, packs: packs).isEmpty,
                "pack \(pack)")
        }
        // Even together with every capture that may go: what stays keeps what it said it needs.
        let obstacles = try company.obstacles(
            company.proposal([1, 2], packs: [101, 102]), snapshots: all, packs: packs)
        #expect(obstacles == [.neededPack(Company.id(102), by: Company.id(3))])
        #expect(throws: HikaeError.self, "an entry is written once") { try company.register(3) }
    }

    @Test("no index is left: refused; a new index that is not there: refused")
    func indexes() throws {
        let company = try Company()
        var proposal = company.proposal([], packs: [1])
        proposal.indexes = [Company.id(7)]
        proposal.newIndexes = [Company.id(8)]
        func obstacles(_ there: [UInt64]) throws -> [RemovalObstacle] {
            try company.state.obstacles(
                to: proposal,
                contents: VaultContents(snapshots: [], indexes: Set(there.map(Company.id)), hasOtherPacks: true),
                at: company.now
            ) { _ throws(HikaeError) in [] }
        }
        #expect(try obstacles([7, 8]).isEmpty)
        #expect(try obstacles([7]).contains(.noIndexLeft))
        #expect(try obstacles([7, 9]) == [.missing("index \(Company.id(8).hex)")])
    }

    @Test("sources have digests that tell nothing and that no other repository shares")
    func digests() throws {
        let (first, second) = (SourceNaming(.random()), SourceNaming(.random()))
        #expect(first.digest(["a", "shop", "site"]) == first.digest(["a", "shop", "site"]))
        #expect(first.digest(["a", "shop", "site"]) != first.digest(["a", "shops", "ite"]))
        #expect(first.digest(["a", "shop", "site"]) != second.digest(["a", "shop", "site"]))
    }
}

// What a person accepted stays as the last good capture does; what a person rejected displaces nothing. And whoever owns
// the capturing host, and so can write such words, cannot free anything with them.

import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeAgreement

@Suite struct LedgerDecisionTests {
    private func protected(_ company: Company, _ snapshots: [UInt64]) -> Set<UInt64> {
        let kept = company.state.protected(among: Set(snapshots.map(Company.id)), at: company.now)
        return Set(snapshots.filter { kept[Company.id($0)] != nil })
    }

    @Test("a suspect capture that was accepted is the last good one, at once and for good")
    func accepted() throws {
        var company = try Company()
        try company.register(1)
        company.now += 40 * Company.day
        try company.register(2, .suspect)
        #expect(protected(company, [1, 2]) == [1])
        try company.register(3, .accepted, of: [2])
        #expect(protected(company, [1, 2, 3]) == [1, 2], "what counted before it stays until it is old enough")
        company.now += 29 * Company.day
        #expect(protected(company, [1, 2, 3]) == [1, 2])
        company.now += Company.day
        // The decision's own snapshot may go; what it said stays said.
        #expect(protected(company, [2]) == [2])
        #expect(
            try company.obstacles(company.proposal([2]), snapshots: [1, 2, 3]) == [.lastGood(Company.id(2))])
    }

    @Test("a good capture that was rejected does not displace the one before it, nor does it lose its own place")
    func rejected() throws {
        var company = try Company()
        for number in [1, 2] as [UInt64] {
            try company.register(number)
            company.now += 40 * Company.day
        }
        #expect(protected(company, [1, 2]) == [2])
        try company.register(3, .rejected, of: [2])
        #expect(protected(company, [1, 2, 3]) == [1, 2])
        company.now += 400 * Company.day
        #expect(protected(company, [1, 2, 3]) == [1, 2])
        try company.register(4, .accepted, of: [2])
        company.now += 31 * Company.day
        #expect(protected(company, [1, 2, 3, 4]) == [2], "taken back")
    }

    @Test("an enemy who accepts and rejects for an hour does not displace the last good capture older than the delay")
    func enemy() throws {
        var company = try Company()
        try company.register(1)
        company.now += 40 * Company.day
        try company.register(2, .suspect)
        try company.register(3, .accepted, of: [2])
        company.now += 40 * Company.day
        #expect(protected(company, [1, 2, 3]) == [1, 2], "the newest that is good of itself stays beside it")
        // The hour: an empty capture, accepted; what counted, rejected.
        try company.register(10, .suspect)
        try company.register(11, .accepted, of: [10])
        try company.register(12, .rejected, of: [2])
        try company.register(13, .rejected, of: [1])
        let all: [UInt64] = [1, 2, 3, 10, 11, 12, 13]
        company.now += 29 * Company.day
        #expect(protected(company, all).isSuperset(of: [2, 10]))
        #expect(try company.obstacles(company.proposal([2]), snapshots: all) == [.lastGoodBeforeDelay(Company.id(2))])
        // Rejections never free anything, however old they get: without the empty one 2 stays for ever.
        company.now += 4000 * Company.day
        #expect(protected(company, [1, 2, 3, 12, 13]) == [1, 2])
    }

    @Test("a word on another source, on what never registered, or of before is none")
    func nothingSaid() throws {
        var company = try Company()
        try company.register(1)
        company.now += 40 * Company.day
        try company.register(2, .suspect)
        try company.register(3, .accepted, source: SourceDigest(words: 7, 7, 7, 7), of: [2])
        try company.register(4, .accepted, of: [99])
        try company.register(5, .decision)
        #expect(protected(company, [1, 2, 3, 4, 5]) == [1])
    }

    @Test("whatever is accepted and rejected in whatever order, all that would stay without these words stays")
    func neverLess() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            var (said, silent) = (try Company(), try Company())
            var captures: [UInt64] = []
            for number in 1...30 as ClosedRange<UInt64> {
                let days = UInt64.random(in: 0...20, using: &generator) * Company.day
                said.now += days
                silent.now += days
                if captures.isEmpty || Bool.random(using: &generator) {
                    let verdict: LedgerEntry.Verdict = Bool.random(using: &generator) ? .good : .suspect
                    try said.register(number, verdict)
                    try silent.register(number, verdict)
                    captures.append(number)
                } else {
                    let subjects = Set(captures.filter { _ in UInt8.random(in: 0...3, using: &generator) == 0 })
                    try said.register(
                        number, Bool.random(using: &generator) ? .accepted : .rejected, of: subjects.sorted())
                }
            }
            let (with, without) = (protected(said, captures), protected(silent, captures))
            #expect(with.isSuperset(of: without), "seed \(seed), round \(round)")
            #expect(with.count <= 6, "seed \(seed), round \(round)")
        }
    }

    @Test("a decision's line keeps what it is about, and a line without it is read as before")
    func line() throws {
        let record = LedgerRecord(
            snapshot: Company.id(9), source: SourceDigest(words: 1, 2, 3, 4), verdict: .rejected, run: 0,
            digest: Company.id(8), subjects: [Company.id(1), Company.id(2)])
        let line = BookLine(number: 3, time: 7, previous: BookLine.origin, event: .registered(record))
        #expect(try BookLine(decoding: line.encoded()) == line)
        var plain = record
        (plain.verdict, plain.subjects) = (.good, [])
        let old = BookLine(number: 3, time: 7, previous: BookLine.origin, event: .registered(plain))
        #expect(!String(decoding: old.encoded(), as: UTF8.self).contains("subjects"))
    }
}

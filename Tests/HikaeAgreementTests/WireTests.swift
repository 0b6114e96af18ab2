// What comes over the wire comes from a stranger: understood in its one form, or refused.

import HikaeCore
import Testing

@testable import HikaeAgreement

@Suite struct WireTests {
    @Test("a proposal that waits cannot be hidden behind others that are over")
    func openProposalsAreAlwaysTold() throws {
        var company = try Company()
        let evil = company.proposal([1])
        try company.apply(.proposed(evil.id, by: "keeper"))
        for nonce in 1...150 as ClosedRange<UInt8> {
            let other = company.proposal([2], nonce: nonce)
            try company.apply(.proposed(other.id, by: "keeper"))
            try company.apply(.said(try company.word(.veto, of: "Ken", on: other)))
        }
        let report = try AgreementReport(company.state, at: company.now)
        #expect(report.proposals.first?.id == evil.id)
        #expect(report.proposals.count == 101)
    }

    @Test("an approval that is said again is no news, one that holds longer is")
    func approvalsAgain() throws {
        var company = try Company()
        company.now += 40 * Company.day
        let proposal = company.proposal([1])
        try company.apply(.proposed(proposal.id, by: "keeper"))
        let first = try company.word(.approve, of: "Ken", on: proposal, expiry: company.now + 100)
        let term = try company.state.judge(first, at: company.now).get()
        #expect(company.state.isNews(first, of: term))
        try company.apply(.said(first))
        #expect(!company.state.isNews(first, of: term))
        let longer = try company.word(.approve, of: "Ken", on: proposal, expiry: company.now + 200)
        #expect(company.state.isNews(longer, of: term))
        #expect(company.state.isNews(try company.word(.veto, of: "Ken", on: proposal), of: term))
    }

    @Test("what is decoded encodes to the same bytes, and any cut or lengthened form is refused")
    func canonical() throws {
        for seed in AgreementExercise.seeds {
            #expect(AgreementExercise.breach(seed) == nil)
            let (kind, bytes) = (seed[0], Array(seed.dropFirst()))
            #expect(AgreementExercise.isRead(kind, bytes))
            #expect(!AgreementExercise.isRead(kind, bytes + [0]))
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 97)) {
                #expect(!AgreementExercise.isRead(kind, Array(bytes[..<length])), "\(kind) cut at \(length)")
            }
        }
    }

    @Test("changed bytes break no promise", arguments: 0..<4)
    func mutations(_ round: UInt64) {
        var generator = SplitMix(seed: 0xA62E + round)
        for seed in AgreementExercise.seeds {
            for _ in 0..<2000 {
                var bytes = seed
                for _ in 0...Int(generator.next() % 4) {
                    let place = Int(generator.next() % UInt64(bytes.count - 1)) + 1
                    bytes[place] = UInt8(truncatingIfNeeded: generator.next())
                }
                #expect(AgreementExercise.breach(bytes) == nil, "round \(round)")
            }
        }
    }

    @Test("a count that promises more than is there takes no memory")
    func absurdCounts() {
        var writer = CanonicalWriter(domain: "hikae ledger entry 1")
        writer.put(FileID(words: 1, 0, 0, 0))
        writer.put(SourceDigest(words: 1, 0, 0, 0))
        writer.put("good")
        writer.put(7)
        writer.put(count: 999_999)
        #expect(throws: HikaeError.self) { try LedgerEntry(decoding: writer.bytes) }
    }

    @Test("texts that would change a terminal are refused")
    func controls() throws {
        let company = try Company()
        for text in ["a\u{1B}[2Jb", "a\u{202E}b", "a\rb", "\u{200B}"] {
            var proposal = company.proposal()
            proposal.reason = text
            #expect(throws: HikaeError.self) { try Proposal(decoding: proposal.encoded()) }
        }
    }

    @Test("a report tells what it was told")
    func report() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        try company.apply(.ruled(threshold: 1, delay: 60))
        let report = try AgreementReport(company.state, at: company.now, obstacles: [proposal.id: ["because"]])
        #expect(try AgreementReport(decoding: report.encoded()) == report)
        #expect(report.members.count == 3)
        #expect(report.proposals.first?.standing.approvals.map(\.text) == ["Sato"])
    }
}

/// SplitMix64: small and the same everywhere.
private struct SplitMix {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

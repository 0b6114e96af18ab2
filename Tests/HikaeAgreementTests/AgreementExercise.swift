// What is fed to the decoders of the agreement, by tests and by the fuzzer, and what must hold for any bytes.

import HikaeCore

@testable import HikaeAgreement

enum AgreementExercise {
    /// The first byte says which decoder is fed.
    static func breach(_ input: [UInt8]) -> String? {
        guard let kind = input.first else { return nil }
        let bytes = Array(input.dropFirst())
        do throws(HikaeError) {
            guard let again = try reencoded(kind, bytes) else { return nil }
            // The JSON forms may be written in several ways; signed ones in one only.
            if kind % 5 < 3, again != bytes { return "one meaning in two forms" }
            guard let twice = try reencoded(kind, again), twice == again else { return "a meaning that changes" }
            return nil
        } catch {
            let known: [HikaeError.Code] = [.protocolViolation, .damaged, .limit, .usage, .unsupported]
            return known.contains(error.code) ? nil : "an error of code \(error.code)"
        }
    }

    static func isRead(_ kind: UInt8, _ bytes: [UInt8]) -> Bool { ((try? reencoded(kind, bytes)) ?? nil) != nil }

    private static func reencoded(_ kind: UInt8, _ bytes: [UInt8]) throws(HikaeError) -> [UInt8]? {
        switch kind % 5 {
        case 0: try Proposal(decoding: bytes).encoded()
        case 1: try SignedWord(decoding: bytes).encoded()
        case 2: try LedgerEntry(decoding: bytes).encoded()
        case 3: try BookLine(decoding: bytes).encoded()
        default: try AgreementReport(decoding: bytes).encoded()
        }
    }

    static var seeds: [[UInt8]] {
        func id(_ number: UInt64) -> FileID { FileID(words: number, 1, 2, 3) }
        guard let name = try? PersonName("Sato") else { return [] }
        let vault = VaultIdentity(book: BookID(words: 1, 2, 3, 4), repository: id(9))
        let key = PersonPrivateKey()
        let person = Person(name: name, key: key.publicKey)
        let proposal = Proposal(
            vault: vault, snapshots: [.init(id: id(1), label: "shop/site 2026-11-01"), .init(id: id(2), label: "")],
            packs: [id(3), id(4)], indexes: [id(5)], parity: [], newIndexes: [id(6)], reason: "古い控え\nold",
            proposer: "Sato", nonce: [UInt8](repeating: 7, count: 16), vaultTime: 12345)
        let word = SignedWord(.approve, on: proposal.id, of: vault, by: name, expiry: 99, key: key)
        let entry = LedgerEntry(
            snapshot: id(1), source: SourceDigest(words: 1, 2, 3, 4), verdict: .good, run: 3, packs: [id(3), id(4)])
        let record = LedgerRecord(
            snapshot: id(1), source: entry.source, verdict: .good, run: 3, digest: id(8))
        let decision = LedgerEntry(
            snapshot: id(2), source: entry.source, verdict: .accepted, run: 0, packs: [id(3)], subjects: [id(1)])
        let decided = LedgerRecord(
            snapshot: id(2), source: entry.source, verdict: .accepted, run: 0, digest: id(8), subjects: [id(1)])
        let events: [AgreementEvent] = [
            .opened(vault, clock: "abc"), .clockChanged("def"), .ruled(threshold: 2, delay: 60),
            .personAdded(person), .personRemoved(name), .proposed(proposal.id, by: "admin"), .said(word),
            .registered(record), .registered(decided), .seen([id(1), id(2)]), .began(proposal.id),
            .finished(proposal.id, removed: 5),
        ]
        var report = AgreementReport(vault: vault, vaultTime: 77)
        report.rule = AgreementRule(threshold: 2, delay: 60)
        report.members = [.init(person: person, approvesFrom: 3)]
        report.proposals = [
            .init(
                id: proposal.id, by: "admin", submitted: 4,
                standing: ProposalStanding(stage: .waiting, approvals: [name], threshold: 2, due: 64), veto: nil,
                obstacles: ["x"], removed: nil)
        ]
        return [
            [0] + proposal.encoded(), [1] + word.encoded(), [2] + entry.encoded(), [2] + decision.encoded(),
            [4] + report.encoded(),
        ]
            + events.enumerated().map { number, event in
                [3] + BookLine(number: UInt64(number), time: 5, previous: BookLine.origin, event: event).encoded()
            }
    }
}

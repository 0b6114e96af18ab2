// What people said of captures, as the ledger tells it. The vault cannot know that a person said it: whoever owns the
// capturing host can write such a word. So no word takes protection away, it only adds some.

import HikaeCore

/// Acceptances and rejections among some of a ledger's entries.
struct LedgerDecisions {
    typealias Registration = AgreementState.Registration

    private var accepted: Set<FileID> = []
    private var last: [FileID: LedgerEntry.Verdict] = [:]

    /// - Parameter isHeard: which entries count. Whether a decision's own snapshot is still there does not matter.
    init(_ ledger: [FileID: Registration], where isHeard: (Registration) -> Bool) {
        let decisions = ledger.values.filter { $0.record.verdict.hasSubjects && isHeard($0) }
        for decision in decisions.sorted(by: { $0.number < $1.number }) {
            for subject in decision.record.subjects {
                // A word on another source's capture, or on what never registered, is none.
                guard ledger[subject]?.record.source == decision.record.source else { continue }
                last[subject] = decision.record.verdict
                if decision.record.verdict == .accepted { accepted.insert(subject) }
            }
        }
    }

    /// The ways to tell which captures count; the newest by each of them stays.
    ///
    /// As the captures say of themselves; with what was ever accepted; and by the last word, which is what people mean.
    /// The first two see to it that no word, forged or not, lets go what stayed without it.
    var views: [(Registration) -> Bool] {
        [
            { $0.record.verdict == .good },
            { $0.record.verdict == .good || accepted.contains($0.record.snapshot) },
            { capture in
                switch last[capture.record.snapshot] {
                case .accepted: true
                case .rejected: false
                default: capture.record.verdict == .good
                }
            },
        ]
    }
}

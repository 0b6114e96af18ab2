// Where a proposal stands at a moment of the vault's own time.

public import HikaeCore

/// What has become of a proposal so far.
public struct ProposalStanding: Sendable, Equatable {
    /// Its stage.
    public enum Stage: String, Sendable, CaseIterable {
        /// The delay is not over, or approvals are lacking.
        case waiting
        /// Delay over, approvals there: the server carries it out unless something must stay.
        case due
        /// Files are going.
        case underway
        /// All are gone.
        case done
        /// Somebody said no.
        case vetoed
        /// Nobody wanted it for too long.
        case lapsed
    }

    public var stage: Stage
    /// People whose approval counts now.
    public var approvals: [PersonName]
    /// Approvals that are needed.
    public var threshold: Int
    /// Vault time from which on it may be carried out, in seconds.
    public var due: UInt64

    /// Whether nothing more will come of it.
    public var isOver: Bool { [.done, .vetoed, .lapsed].contains(stage) }
}

extension AgreementState {
    /// Seconds after its delay in which a proposal must find its approvals.
    public static let patience: UInt64 = 90 * 86400
    /// Proposals that may wait at once.
    public static let maximumWaiting = 16

    /// Where a proposal stands; nil when there is none of this name.
    public func standing(_ id: ProposalID, at time: UInt64) -> ProposalStanding? {
        guard let proposal = proposals[id] else { return nil }
        // Whichever is stricter: the rule at its arrival or the rule now.
        let now = rule(at: time) ?? proposal.rule
        let threshold = max(now.threshold, proposal.rule.threshold)
        let due = proposal.submitted.addingOrMaximum(max(now.delay, proposal.rule.delay))
        // A term is a person's, and only one term of a person can approve: a person counts once.
        let approvals = proposal.approvals.filter { term, word in
            people.mayApprove(term, at: time) && time < word.expiry
        }.map(\.value.person).sorted { $0.text < $1.text }
        var standing = ProposalStanding(stage: .waiting, approvals: approvals, threshold: threshold, due: due)
        if proposal.removed != nil {
            standing.stage = .done
        } else if proposal.hasBegun {
            standing.stage = .underway
        } else if proposal.veto != nil {
            standing.stage = .vetoed
        } else if time >= due.addingOrMaximum(Self.patience) {
            standing.stage = .lapsed
        } else if time >= due, approvals.count >= threshold {
            standing.stage = .due
        }
        return standing
    }

    /// Proposals that something may still come of, the oldest first.
    public func open(at time: UInt64) -> [ProposalRecord] {
        proposals.values.filter { standing($0.id, at: time)?.isOver == false }.sorted { $0.number < $1.number }
    }
}

// Which snapshots must not be forgotten, whoever asks and whatever a policy or a clock says.

public import HikaeCore
public import HikaeRepository

/// Why a snapshot must stay.
public enum RetentionHold: Sendable, Equatable {
    /// It is the last good capture of its source.
    case lastGood(SourceName)
    /// No capture of its source counts as good: whatever there is may be all that is left.
    case noneGood(SourceName)
    /// A suspect capture of its source waits for a person's decision; until then nothing of the source goes.
    case undecided(SourceName, capture: String)
    /// It says what a person decided about a capture that is still there.
    case decides(SourceName, capture: String)
    /// Some snapshots could not be read, so that it is not known which capture is the last good one.
    case unknown(SourceName)
    /// Another vault of the plan could not be looked into: what stands there may have to hold this.
    case unread(SourceName, vault: String)

    /// The reason as a sentence.
    public var reason: String {
        switch self {
        case .lastGood(let name): "it is the last good capture of \(name)"
        case .noneGood(let name): "no capture of \(name) counts as good, so that nothing of \(name) may go"
        case .undecided(let name, let capture):
            "the capture \(capture) of \(name) is suspect and nobody has decided on it: nothing of \(name) may go"
        case .decides(let name, let capture):
            "it is the decision on the capture \(capture) of \(name), which is still there"
        case .unknown(let name):
            "some snapshots cannot be read, so that the last good capture of \(name) is not known for certain"
        case .unread(let name, let vault):
            "the vault \(vault) could not be read, so that it is not known whether a capture of \(name) is suspect there"
        }
    }

    /// The reason in a language of plans.
    public func reason(in language: ReasonLanguage) -> String {
        guard language == .japanese else { return reason }
        return switch self {
        case .lastGood(let name): "\(name) の最後の正常な控えです"
        case .noneGood(let name): "\(name) には正常な控えが一つもないため、\(name) は何も削除されません"
        case .undecided(let name, let capture):
            "\(name) の控え \(capture) が要確認のまま未判断です。判断されるまで \(name) は何も削除されません"
        case .decides(let name, let capture): "残っている控え \(capture)（\(name)）についての判断です"
        case .unknown(let name):
            "読み取れないスナップショットがあるため、\(name) の最後の正常な控えを確定できません"
        case .unread(let name, let vault):
            "保管先 \(vault) を読み取れないため、そこに \(name) の要確認の控えがあるかどうか分かりません"
        }
    }

    /// What the reader can do.
    public var hint: String {
        switch self {
        case .lastGood: "It goes by itself once there is a newer good capture and the retention no longer wants it."
        case .noneGood(let name):
            "It may go once there is a good capture of \(name), or one was accepted: `hikae accept \(name) --why …`."
        case .undecided(let name, _):
            "Look at it with `hikae status`, then say `hikae accept \(name) --why …` or `hikae reject \(name) --why …`."
        case .decides: "Forget the capture first, or both together."
        case .unread(_, let vault): "Try again when the vault \(vault) can be opened."
        case .unknown: "Run `hikae check` and see to the snapshots that cannot be read."
        }
    }
}

/// The holds on the snapshots of one repository.
public struct RetentionHolds: Sendable {
    private var holds: [FileID: RetentionHold] = [:]
    /// Decisions by the capture they are about, with the snapshots of that capture.
    private var decided: [FileID: (hold: RetentionHold, captures: [FileID])] = [:]

    /// - Parameters:
    ///   - snapshots: all that the repository has.
    ///   - isComplete: whether every snapshot file could be read, here and elsewhere.
    ///   - elsewhere: what the other vaults of the plan have. A capture that is suspect there, or a decision that has
    ///     not come here yet, holds here, too.
    ///   - unread: a vault of the plan that could not be read.
    public init(
        _ snapshots: [NamedSnapshot], isComplete: Bool = true, elsewhere: [NamedSnapshot] = [], unread: String? = nil
    ) {
        let own = Set(snapshots.map(\.id))
        // Copies of a repository have the same names for the same snapshots.
        let others = elsewhere.filter { !own.contains($0.id) }
        for history in SourceHistory.all(snapshots + others) {
            let name = history.name
            let captures = history.captures.filter { own.contains($0.snapshot.id) }
            let decisions = history.decisions.filter { own.contains($0.snapshot.id) }
            for decision in decisions {
                let about = captures.filter { $0.capture == decision.capture }.map(\.snapshot.id)
                if !about.isEmpty {
                    decided[decision.snapshot.id] = (.decides(name, capture: decision.capture), about)
                }
            }
            let everything = (captures.map(\.snapshot.id) + decisions.map(\.snapshot.id))
            func hold(_ hold: RetentionHold) { for id in everything { holds[id] = hold } }
            if !history.captures.isEmpty, history.lastGood == nil { hold(.noneGood(name)) }
            if let unread { hold(.unread(name, vault: unread)) }
            if !isComplete { hold(.unknown(name)) }
            if let suspect = history.undecided.last { hold(.undecided(name, capture: suspect.capture)) }
            // The last good one of this vault stays, and its copy of the last good one of all.
            for entry in captures where entry.capture == history.lastGood?.capture {
                holds[entry.snapshot.id] = .lastGood(name)
            }
            if let lastGood = SourceHistory.lastGood(captures) { holds[lastGood.snapshot.id] = .lastGood(name) }
        }
    }

    /// What keeps a snapshot, should it alone be forgotten; nil when nothing does.
    public func hold(on id: FileID) -> RetentionHold? { holds[id] ?? decided[id]?.hold }

    /// Of the snapshots that somebody wants to forget together, those that must stay, and why.
    public func refused(_ removals: [FileID]) -> [FileID: RetentionHold] {
        let wanted = Set(removals)
        var refused: [FileID: RetentionHold] = [:]
        for id in removals {
            if let hold = holds[id] { refused[id] = hold }
        }
        for id in removals where refused[id] == nil {
            guard let (hold, captures) = decided[id] else { continue }
            // A decision may go with its capture, not before it.
            if captures.contains(where: { !wanted.contains($0) || refused[$0] != nil }) { refused[id] = hold }
        }
        return refused
    }
}

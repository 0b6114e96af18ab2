// What became of one source in a round of captures.

public import HikaeArchive
public import HikaeCore
public import HikaeGuard
import HikaeRepository

/// One source's part in a round.
public struct CaptureResult: Sendable {
    /// A capture that was made.
    public struct Capture: Sendable {
        public var record: CaptureRecord
        public var summary: ArchiveSummary
        /// Nil in a dry run.
        public var snapshot: FileID?
    }

    /// What came of it.
    public enum Outcome: Sendable {
        case captured(Capture)
        case failed(HikaeError)
    }

    public var name: SourceName
    /// What people call the system.
    public var title: String
    public var address: String
    public var outcome: Outcome
    public var seconds: Double
    /// When the last good capture before this one was made; nil when there was none.
    public var lastGoodBefore: Timestamp?
    /// The vaults that have the capture, in the plan's order.
    public var vaults: [String] = []
    /// The vault that it was read into; nil when it failed.
    var readInto: String?

    /// The capture; nil when it failed.
    public var capture: Capture? {
        if case .captured(let capture) = outcome { return capture }
        return nil
    }

    /// Why it failed; nil when it did not.
    public var failure: HikaeError? {
        if case .failed(let error) = outcome { return error }
        return nil
    }

    public var isSuspect: Bool { capture?.record.verdict == .suspect }

    /// "good", "suspect" or "failed".
    public var word: String { capture?.record.verdict.rawValue ?? "failed" }
}

/// What a round tells while it runs, from any thread.
public enum CaptureEvent: Sendable {
    /// A source is being read; `progress` counts.
    case started(SourceName, Progress)
    /// An item was left out, something was tried again, or a person should know.
    case warning(SourceName, HikaeError)
    /// A source is done, well or not. Its copies in other vaults are still to be made.
    case finished(CaptureResult)
    /// Snapshots are being copied from one vault into another.
    case copying(from: String, to: String, Progress)
    /// So many snapshots were copied.
    case copied(from: String, to: String, Int)
    /// A vault cannot be used; it is caught up at a later round.
    case vaultUnavailable(String, HikaeError)
    /// Parity by the plan could not be made in a vault; what was captured is there.
    case parityFailed(String, HikaeError)
}

/// What a round came to.
public struct CaptureRoundReport: Sendable {
    /// In the plan's order.
    public var results: [CaptureResult]
    /// Vaults that could not be used or not be brought level.
    public var unavailable: [(vault: String, error: HikaeError)]
    /// The vaults of the plan that are level now.
    public var vaults: [String]
    /// Vaults whose parity could not be brought up to date.
    public var withoutParity: [(vault: String, error: HikaeError)] = []
    /// Vaults that have been away for too long, as far as somebody looked.
    public var absences: [VaultAbsence] = []

    /// Vaults that are there and took nothing: full, damaged, of another password. Those merely away are none.
    public var brokenVaults: [(vault: String, error: HikaeError)] {
        unavailable.filter { ![.noRepository, .locked, .unreachable, .notFound].contains($0.error.code) }
    }

    public var suspects: [CaptureResult] { results.filter(\.isSuspect) }
    public var failures: [CaptureResult] { results.filter { $0.failure != nil } }
    /// Captures that had to leave something out.
    public var incomplete: [CaptureResult] {
        results.filter { ($0.capture?.record.changes.unreadable ?? 0) > 0 }
    }
}

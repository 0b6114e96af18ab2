// How one source stands: what its last good capture is, how old, where the copies are, and what a person must see to.

public import HikaeCore
public import HikaeGuard

/// The standing of one source.
public struct SourceStanding: Sendable {
    /// What a traffic light shows.
    public enum Light: String, Sendable, Comparable {
        case green, amber, red

        private var rank: Int { self == .green ? 0 : self == .amber ? 1 : 2 }
        public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    }

    /// What is wrong, in an order of its own.
    public enum Problem: Sendable, Equatable {
        /// There is no capture that counts.
        case noGood
        /// The last good capture is older than the business can bear.
        case objectiveMissed(ageSeconds: Int64, objectiveSeconds: Int64)
        /// So many suspect captures wait for a person; whether the newest capture is one.
        case suspect(count: Int, isNewest: Bool)
        /// The last attempt failed.
        case failed(at: Timestamp, message: String)
        /// The last good capture lacks items that could not be read.
        case unreadable(Int)
        /// These vaults are there and have no copy of the last good capture.
        case notIn(vaults: [String])
        /// These vaults could not be looked into.
        case unknownIn(vaults: [String])
    }

    public var name: SourceName
    public var title: String
    public var address: String
    /// Seconds of work that may be lost; nil when the plan does not say.
    public var objectiveSeconds: Int64?
    public var lastGood: Timestamp?
    /// Seconds since the last good capture.
    public var ageSeconds: Int64?
    /// The last good capture's record; nil when there is none, or it cannot be read.
    public var record: CaptureRecord?
    /// The newest capture, good or not.
    public var newest: CaptureEntry?
    /// Its record, when it is suspect: the reasons.
    public var newestRecord: CaptureRecord?
    /// Vaults that have the last good capture, in the plan's order.
    public var vaults: [String] = []
    public var problems: [Problem] = []
    /// Captures there are.
    public var captures = 0

    public var light: Light {
        problems.map { problem -> Light in
            switch problem {
            case .noGood, .objectiveMissed: .red
            case .suspect(_, let isNewest): isNewest ? .red : .amber
            case .failed, .unreadable, .notIn, .unknownIn: .amber
            }
        }.max() ?? .green
    }

    public var isSuspect: Bool {
        problems.contains { if case .suspect = $0 { true } else { false } }
    }

    /// Whether an objective is missed or the last attempt failed.
    public var isFailing: Bool {
        problems.contains {
            switch $0 {
            case .noGood, .objectiveMissed, .failed: true
            case .suspect, .unreadable, .notIn, .unknownIn: false
            }
        }
    }
}

/// A vault as it was found.
public struct VaultStanding: Sendable {
    public var name: String
    /// Captures of this organisation in it.
    public var captures = 0
    public var newest: Timestamp?
    /// Why it could not be looked into.
    public var error: HikaeError?
    /// How many of its packs lack the parity that the plan asks for, and how many packs there are; nil where the plan asks
    /// for none, or it could not be told.
    public var parity: (missing: Int, packs: Int)?
    /// Why that could not be told.
    public var parityError: HikaeError?

    /// Whether there is all the parity that the plan asks for.
    public var hasItsParity: Bool { parityError == nil && parity?.missing ?? 0 == 0 }
}

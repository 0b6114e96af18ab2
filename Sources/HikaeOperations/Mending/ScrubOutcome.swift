// What a scrub of one vault came to: what was found, what was mended and from where, and what is still not whole.

public import HikaeCore
public import HikaeRepository

/// The outcome of checking, and mending, one repository.
public struct ScrubOutcome: Sendable {
    /// A pack that is not whole.
    public struct Broken: Sendable {
        public let pack: FileID
        /// What is wrong with it, and why it could not be mended, a sentence each.
        public var reasons: [String]
        /// The snapshots that need what it lost. Empty: none does, or all of it stands elsewhere.
        public var snapshots: [NamedSnapshot] = []
    }

    /// How the repository stood at last: after the mending when there was one.
    public var report: CheckReport
    /// Packs that were found damaged, cut off or missing, in the order of their IDs.
    public var damaged: [FileID] = []
    /// Put right byte for byte, by the parity beside them.
    public var mendedByParity: [FileID] = []
    /// Put right byte for byte, with what another repository has of their blobs.
    public var mendedInPlace: [FileID] = []
    /// Their content stands in new packs now, and they are gone.
    public var mendedByContent: [FileID] = []
    /// Their content stands in other packs, read and whole; they stay, damaged, for the store lets nobody remove them.
    public var outlived: [FileID] = []
    /// Blobs that came from another repository.
    public var rescued = 0
    /// Packs that are still not whole.
    public var broken: [Broken] = []
    /// Errors that are about no pack: of indexes, keys, snapshots.
    public var others: [CheckFinding] = []
    /// Packs whose parity is damaged; whole, when it was made anew.
    public var damagedParity: [FileID] = []
    public var renewedParity: [FileID] = []
    /// What went wrong beside: another vault that could not be opened, parity that cannot be kept.
    public var troubles: [HikaeError] = []

    init(report: CheckReport) { self.report = report }

    /// Whether all that was looked at is whole now: each capture can be restored, though packs that are outlived stay.
    public var isWhole: Bool {
        let isSound = report.isSound || (broken.isEmpty && others.isEmpty && !outlived.isEmpty)
        return isSound && Set(damagedParity).subtracting(renewedParity).isEmpty
    }
}

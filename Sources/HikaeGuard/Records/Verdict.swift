// What Hikae thinks of a capture that was made, and why. A capture that failed makes no snapshot, so it has none.

/// The verdict on a capture.
public enum Verdict: String, Sendable, CaseIterable {
    /// Nothing speaks against it.
    case good
    /// A person must look at it before it counts.
    case suspect
}

/// The language that reasons are written in.
public enum ReasonLanguage: String, Sendable, CaseIterable {
    case japanese = "ja"
    case english = "en"
}

/// One reason for a verdict: the rule that spoke, and a sentence with its figure and its threshold.
public struct VerdictReason: Sendable, Equatable {
    /// The rules, by names that stay: they stand in records and in JSON output.
    public enum Rule: String, Sendable, CaseIterable {
        /// Nothing is there.
        case empty
        /// Far fewer items than before.
        case fewerItems = "fewer-items"
        /// Far fewer bytes than before.
        case fewerBytes = "fewer-bytes"
        /// Items have gone a few at a time, and many in the last weeks.
        case eroded
        /// A mailbox, table or folder that was there is not.
        case groupGone = "group-gone"
        /// A mailbox, table or folder has far fewer items than before.
        case groupShrunk = "group-shrunk"
        /// A mailbox of the same name that is another one.
        case groupReborn = "group-reborn"
        /// Nearly everything changed at once.
        case massChange = "mass-change"
        /// Pages that tell of an error stand in place of files.
        case errorPages = "error-pages"
        /// Files look encrypted that should not be.
        case noise
        /// Files hold other bytes, though nobody has written them.
        case rotten
        /// Too many items could not be read.
        case unreadable
        /// Folders that held something could not be listed, so that everything in them is missing.
        case unlistedFolders = "unlisted-folders"
        /// What it would have to be compared with cannot be read, or has lost something itself.
        case baselineLost = "baseline-lost"
        /// It is not certain which capture is the last good one.
        case historyIncomplete = "history-incomplete"
    }

    public var rule: Rule
    public var sentence: String

    public init(_ rule: Rule, _ sentence: String) { (self.rule, self.sentence) = (rule, sentence) }
}

// How long a vault has been away, by what this machine remembers of its rounds. A disk that is carried to a safe is away
// for days; one that nobody misses is a copy that there is no more.

public import HikaeCore

/// A vault that no round could use for a while.
public struct VaultAbsence: Sendable, Equatable {
    /// Days after which people are told: a disk that is changed every week is back by then.
    static let days: Int64 = 8

    public var vault: String
    /// The first of the rounds in a row that could not use it.
    public var since: Timestamp

    /// Those of the vaults that were away too long.
    ///
    /// - Parameters:
    ///   - vaults: away in the round that was made at `now`.
    ///   - entries: what the journal has of the rounds before, oldest first.
    public static func overdue(
        _ vaults: [String], _ entries: [JournalEntry], now: Timestamp
    ) -> [VaultAbsence] {
        vaults.compactMap { vault in
            var since = now
            var place = entries.endIndex
            // Entries of one round bear one time.
            while place > entries.startIndex {
                let time = entries[place - 1].time
                let start = entries[..<place].lastIndex { $0.time != time }.map { $0 + 1 } ?? entries.startIndex
                let round = entries[start..<place]
                place = start
                guard round.contains(where: { $0.kind != .alarmFailed }) else { continue }
                guard round.contains(where: { $0.kind == .vaultUnavailable && $0.subject == vault }) else { break }
                since = min(since, time)
            }
            guard now.seconds - since.seconds >= days * 86_400 else { return nil }
            return VaultAbsence(vault: vault, since: since)
        }
    }
}

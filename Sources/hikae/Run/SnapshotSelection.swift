// Which snapshots a command works on: those named, else all that pass the filter.

import HikaeCore
import HikaeFormat
import HikaeRepository

extension Repository {
    /// The snapshots that `texts` name, each once, or without any name all that pass the filter; oldest first.
    ///
    /// `latest` is the newest that passes the filter. A snapshot that cannot be read is handed to `unreadable`, or
    /// thrown without it.
    func selectSnapshots(
        _ texts: [String], _ filter: SnapshotFilter, unreadable: ((FileID, HikaeError) -> Void)? = nil
    ) throws(HikaeError) -> [NamedSnapshot] {
        guard !texts.isEmpty else {
            return try snapshots(unreadable: unreadable).filter { filter.matches($0.snapshot) }
        }
        var entries: [NamedSnapshot] = []
        for text in texts {
            if text.contains(":") { throw HikaeError(.usage, "\(text) names a folder, where a snapshot is meant") }
            let found: NamedSnapshot
            if text == "latest" {
                let address = try resolve(text, filter)
                found = NamedSnapshot(id: address.id, snapshot: address.snapshot)
            } else {
                let id = try find(.snapshot, prefix: text)
                do throws(HikaeError) {
                    found = NamedSnapshot(id: id, snapshot: try snapshot(id))
                } catch {
                    if error.code == .notFound { throw HikaeError(.notFound, "there is no snapshot \(text)") }
                    guard let unreadable, error.code == .damaged else { throw error }
                    unreadable(id, error)
                    continue
                }
            }
            if !entries.contains(where: { $0.id == found.id }) { entries.append(found) }
        }
        return entries
    }

    /// The one snapshot that `text` names, and the tree it or its `:folder` is.
    func resolve(_ text: String, _ filter: SnapshotFilter) throws(HikaeError) -> SnapshotAddress {
        do throws(HikaeError) {
            return try resolveSnapshot(text) { filter.matches($0) }
        } catch {
            let isLatest = text == "latest" || text.hasPrefix("latest:")
            guard isLatest, error.code == .notFound else { throw error }
            throw HikaeError(
                .notFound,
                filter.isEmpty ? "there is no snapshot in the repository" : "no snapshot matches the filters",
                hint: filter.isEmpty ? nil : "`hikae snapshots` shows what is there.")
        }
    }
}

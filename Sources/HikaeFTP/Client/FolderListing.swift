// How a site's folders are listed: with MLSD or LIST, hidden names included, times in UTC.

import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Lists folders of one site, in the way that its first listing showed to work.
final class FolderListing: Sendable {
    /// What is known of the server's listings.
    struct Manner: Sendable, Equatable {
        /// "MLSD", "LIST -a" or "LIST".
        var command: String
        /// Seconds to take from times of LIST for UTC; nil while that is not known.
        var zone: Int64?
        /// Whether a file's time is asked for when it is read.
        var asksTime = false

        var form: Listing.Form { command == "MLSD" ? .machine : .list }
    }

    private let now: Timestamp
    private let state = Mutex<Manner?>(nil)

    init(now: Timestamp) { self.now = now }

    /// How it is done; nil before the first listing.
    var manner: Manner? { state.withLock { $0 } }

    /// Lists a folder. The first call must be for the site's root folder, before any other.
    func list(_ connection: FTPConnection, _ path: RemotePath) throws(HikaeError) -> Listing {
        if let manner {
            let listing = try run(connection, path, manner.command)
            try calibrate(listing, connection, path)
            return listing
        }
        var manner = Manner(command: "MLSD")
        manner.asksTime = connection.features.hasModifyTime
        if connection.features.hasMachineListing {
            do throws(HikaeError) {
                let listing = try run(connection, path, "MLSD")
                state.withLock { $0 = manner }
                return listing
            } catch  where error.code == .unsupported {}
        }
        // Plain LIST hides names that begin with a dot on many servers, and not every server knows the option: some
        // take it for a name and list nothing.
        var listing = try run(connection, path, "LIST")
        manner.command = "LIST"
        if let all = try? run(connection, path, "LIST -a"), all.unreadableCount <= listing.unreadableCount,
            all.listsItself || (all.entries.count >= listing.entries.count && !listing.entries.isEmpty),
            Set(all.entries.map { $0.name }).isSuperset(of: listing.entries.map { $0.name })
        {
            manner.command = "LIST -a"
            listing = all
        }
        state.withLock { $0 = manner }
        try calibrate(listing, connection, path)
        return listing
    }

    private func run(_ connection: FTPConnection, _ path: RemotePath, _ command: String) throws(HikaeError) -> Listing {
        for _ in 0..<2 {
            let box = ListingBox(Listing(command == "MLSD" ? .machine : .list, now: now))
            try connection.list(path, command) { bytes throws(HikaeError) in try box.listing.take(bytes) }
            try box.listing.finish()
            // A connection that was made anew for this request had not been told how to list.
            if connection.needsOpening { continue }
            return box.listing
        }
        throw HikaeError(
            .unreachable, "the server at \(connection.access.settings.host) ends each connection after one listing",
            isRetryable: true)
    }

    /// LIST tells times in a zone that it does not name. One file's time in UTC tells the zone.
    private func calibrate(_ listing: Listing, _ connection: FTPConnection, _ path: RemotePath) throws(HikaeError) {
        guard let manner, manner.form == .list, manner.zone == nil, manner.asksTime else { return }
        let candidates = listing.entries.lazy.filter {
            $0.kind == .file && $0.time?.precision == .minute && ListedEntry.isAllowed($0.name)
        }
        for entry in candidates.prefix(3) {
            guard let listed = entry.time?.instant.seconds,
                let told = try connection.ask(path.appending(entry.name)).time?.seconds
            else { continue }
            let difference = listed - (told - told % 60)
            let zone = (Double(difference) / 900).rounded() * 900
            guard abs(Double(difference) - zone) <= 60, abs(zone) <= 15 * 3600 else { continue }
            state.withLock { $0?.zone = Int64(zone) }
            return
        }
    }

    /// A time of a listing in UTC, as well as is known.
    func instant(_ time: ListedEntry.Time) -> Timestamp {
        time.isLocal ? time.instant.adding(seconds: -(manner?.zone ?? 0)) : time.instant
    }

    /// Whether an exact time known from before is what the listing means.
    func agrees(_ exact: Timestamp, _ time: ListedEntry.Time) -> Bool {
        let difference = exact.seconds - instant(time).seconds
        // A day in an unknown zone may be any of three.
        let slack: Int64 = time.isLocal && manner?.zone == nil ? 15 * 3600 : 0
        switch time.precision {
        case .second: return exact == time.instant
        case .minute: return (0..<60).contains(difference)
        case .day: return (-slack..<86400 + slack).contains(difference)
        }
    }
}

/// A listing in the making, which libcurl's callback adds to. Used by one thread.
private final class ListingBox {
    var listing: Listing
    init(_ listing: Listing) { self.listing = listing }
}

// From what a person writes behind --repo to a store, on this machine or another. Never repeats a location's
// credentials in a message.

public import HikaeCore
public import HikaeStore

/// Where a repository is, as text, in restic's forms: `/path`, `local:`, `sftp:`, `rest:`, `s3:`, `rclone:`.
public enum RemoteLocation {
    /// Kinds of place on other machines.
    private static let schemes: Set<String> = ["s3", "sftp", "rest", "rclone"]

    /// Packs that are sent at once unless connections were asked for: each is held in memory until it is there.
    private static let usualUploads = 5

    /// The bare store at `text`, which repeats nothing. Opens no connection yet.
    ///
    /// Throws `.unsupported` for a kind that Hikae does not know, `.usage` for what is no location at all.
    public static func open(_ text: String, _ options: RemoteOptions) throws(HikaeError) -> any ObjectStore {
        switch StoreLocation.scheme(text) {
        case "s3": return try S3Store(S3Location(text), options)
        case "sftp": return try SFTPStore(text, options)
        case "rclone": return try RESTStore.rclone(text, options)
        case "rest": return try RESTStore(RESTLocation(text), options)
        default: return try StoreLocation.open(text)
        }
    }

    /// Whether `text` names a repository on another machine.
    public static func isRemote(_ text: String) -> Bool { schemes.contains(StoreLocation.scheme(text) ?? "") }

    /// How a store is put to work.
    public struct Work: Sendable {
        /// Bytes a second, at least 1; nil for no limit.
        public var uploadRate, downloadRate: UInt64?
        /// Told of every error that is tried again, and for how many nanoseconds is waited first.
        public var report: @Sendable (HikaeError, UInt64) -> Void = { _, _ in }

        /// Packs under way at once; nil: a usual number.
        public var uploads: Int?

        public init() {}
    }

    /// The store at `text` as commands use it: calls that may succeed later are made again, rates are kept, and packs
    /// for another machine travel several at once.
    public static func store(
        at text: String, _ options: RemoteOptions, _ work: Work = Work()
    ) throws(HikaeError) -> any ObjectStore {
        var work = work
        if options.connections > 0, work.uploads == nil { work.uploads = options.connections }
        return assembled(try open(text, options), work)
    }

    /// The layers around a bare store.
    public static func assembled(_ bare: any ObjectStore, _ work: Work = Work()) -> any ObjectStore {
        var store: any ObjectStore = RetryingStore(bare, contact: .contact, report: work.report)
        if work.uploadRate != nil || work.downloadRate != nil {
            store = ThrottledStore(store, uploadRate: work.uploadRate, downloadRate: work.downloadRate)
        }
        guard bare.traits.isRemote else { return store }
        let uploads = work.uploads ?? min(usualUploads, bare.traits.wantedConcurrency)
        return PipelinedStore(store, uploads: uploads)
    }
}

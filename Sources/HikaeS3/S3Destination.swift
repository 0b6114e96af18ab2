// A bucket as a destination: files stored as objects, with the metadata that came with them.

public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeSource
import Synchronization

/// A bucket, or a part of one, to be filled from a snapshot.
public struct S3Destination: Destination {
    private let settings: S3Settings
    private let conditions: S3Client.Conditions
    /// Each holds one part of an object in memory.
    private static let threads = 8

    /// The bucket that `settings` name. Objects go below its prefix.
    public init(_ settings: S3Settings) { self.init(settings, S3Client.Conditions()) }

    init(_ settings: S3Settings, _ conditions: S3Client.Conditions) {
        (self.settings, self.conditions) = (settings, conditions)
    }

    public var address: String { settings.address }

    /// Looks for the bucket. One that is missing and may be made is no error, and is not made here.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let client = try S3Client(settings, connections: 1, conditions)
        defer { client.close() }
        let isThere = try isThere(client)
        guard isThere || settings.createsBucket else { throw missing() }
        return ServiceIdentity(
            software: client.serverSoftware ?? "an S3 server",
            notes: isThere ? [] : ["there is no bucket \(settings.bucket) yet: a restore makes it"])
    }

    /// Asks for the head of each object, unless nothing is there at all.
    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnPreview
    {
        try session(watch) { session throws(HikaeError) in try session.preview(content) }
    }

    /// Stores what is not there yet, large objects in parts. Looks first whether anything would be replaced.
    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnSummary
    {
        try session(watch) { session throws(HikaeError) in
            if !options.replaces, !options.onlyMissing {
                let found = try session.silent.preview(content)
                guard found.conflictCount == 0 else {
                    throw HikaeError(
                        .refused,
                        "\(found.conflictCount) objects in \(address) differ from those to be restored: "
                            + found.conflicts.prefix(3).joined(separator: "; "),
                        hint: "Nothing was written. Restore into another bucket or prefix, restore only what is "
                            + "missing (--only-missing), or allow what is there to be replaced (--replace).")
                }
            }
            if !session.isBucketThere {
                guard settings.createsBucket else { throw missing() }
                try session.client.createBucket()
            }
            return try session.restore(content, options)
        }
    }

    /// Reads every object back, and compares bytes and metadata.
    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        try session(watch) { session throws(HikaeError) in
            guard session.isBucketThere else { throw missing() }
            return try session.verify(content, facts: facts)
        }
    }

    private func session<Value>(
        _ watch: ReturnWatch, _ body: (ReturnSession) throws(HikaeError) -> Value
    ) throws(HikaeError) -> Value {
        var conditions = conditions
        conditions.cancellation = watch.cancellation
        let threads = settings.connections > 0 ? min(settings.connections, Self.threads) : Self.threads
        let client = try S3Client(settings, connections: threads + 1, conditions)
        defer { client.close() }
        let isThere = try isThere(client)
        return try body(ReturnSession(settings, client, watch, threads: threads, isBucketThere: isThere))
    }

    private func isThere(_ client: S3Client) throws(HikaeError) -> Bool {
        do throws(HikaeError) {
            try client.headBucket()
            return true
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    private func missing() -> HikaeError {
        HikaeError(.notFound, "there is no bucket \(settings.bucket) at \(settings.endpoint)")
    }
}

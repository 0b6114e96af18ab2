// One capture of a bucket: what it reads with, what it counted, and what made it untrustworthy.

import HikaeCore
import HikaeFormat
import HikaeSource

/// One reading of a bucket.
final class S3Session: CaptureSession, Sendable {
    /// What was counted so far.
    private struct Counts {
        var objects: UInt64 = 0
        var bytes: UInt64 = 0
        var groups: [String: CaptureFacts.Group] = [:]
        var versions: UInt64 = 0
        var requests: UInt64 = 0
        var equalChecksums = 0
        var otherChecksums = 0
        var failuresInARow = 0
        /// What makes the whole untrustworthy: a list that could not be had.
        var fatal: HikaeError?
    }

    let settings: S3Settings
    let client: S3Client
    let context: CaptureContext
    let readers: Int
    /// What all keys begin with and no name has.
    let base: [UInt8]
    private let counts = Monitor(Counts())
    /// Groups that are counted by themselves, at most.
    private static let mostGroups = 1000
    /// So many objects one after another that cannot be read are one reason, not many.
    private static let mostFailures = 64

    init(_ settings: S3Settings, _ client: S3Client, _ context: CaptureContext, readers: Int) {
        (self.settings, self.client, self.context, self.readers) = (settings, client, context, readers)
        base = ObjectPath.base(of: Array(settings.prefix.utf8))
    }

    var root: any SourceDirectory {
        BucketDirectory(
            session: self, kind: .objects, names: [], content: .listed(Array(settings.prefix.utf8), beside: []))
    }

    func close() { client.close() }

    func finish() throws(HikaeError) -> CaptureFacts {
        let counts = counts.withLock { $0 }
        if let fatal = counts.fatal { throw fatal }
        var facts = CaptureFacts(unit: .objects, items: counts.objects, bytes: counts.bytes)
        facts.groups = counts.groups.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        facts.tools = [CaptureFacts.Tool(name: "server", version: client.serverSoftware ?? "unknown")]
        facts.notes = ["objects and bytes were counted as they were listed and read, without older versions"]
        if settings.versions { facts.notes.append("older versions and delete markers: \(counts.versions)") }
        if counts.otherChecksums > 0 {
            facts.notes.append(
                "this server's ETags are not the MD5 of the bytes (\(counts.otherChecksums) objects looked at)")
        }
        if client.retryCount > 0 { facts.notes.append("requests made again after a failure: \(client.retryCount)") }
        return facts
    }

    /// Counts an object that is in the snapshot.
    func count(_ key: [UInt8], bytes: UInt64, isOlderVersion: Bool) {
        let rest = key.dropFirst(base.count)
        let group: String =
            if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
                S3Client.shown(Array(rest[..<slash])) + "/"
            } else {
                "/"
            }
        counts.withLock { counts in
            guard !isOlderVersion else { return counts.versions += 1 }
            counts.objects += 1
            counts.bytes += bytes
            let name = counts.groups[group] != nil || counts.groups.count < Self.mostGroups ? group : "(others)"
            counts.groups[name, default: CaptureFacts.Group(name: name, items: 0, bytes: 0)].items += 1
            counts.groups[name]?.bytes += bytes
        }
    }

    /// Notes an error after which nothing that was read can count.
    func isLost(_ error: HikaeError) { counts.withLock { if $0.fatal == nil { $0.fatal = error } } }

    /// Throws what has made going on useless.
    func checkFatal() throws(HikaeError) {
        if let fatal = counts.withLock({ $0.fatal }) { throw fatal }
    }

    /// Notes how reading an object ended. Many failures in a row, and none is tried any more.
    func readingEnded(_ failure: HikaeError?) {
        counts.withLock { counts in
            guard let failure else { return counts.failuresInARow = 0 }
            guard failure.code == .unreachable || failure.code == .accessDenied else { return }
            counts.failuresInARow += 1
            if counts.failuresInARow >= Self.mostFailures, counts.fatal == nil { counts.fatal = failure }
        }
    }

    /// Whether a checksum that differs is the server's way, and not damage. It is, as long as none was equal.
    func accepts(_ checksum: ObjectReader.Checksum) -> Bool {
        counts.withLock { counts in
            switch checksum {
            case .unknown: return true
            case .equal:
                counts.equalChecksums += 1
                return true
            case .differs:
                guard counts.equalChecksums == 0 else { return false }
                counts.otherChecksums += 1
                return true
            }
        }
    }
}

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
        var uncomparedChecksums = 0
        var habit = Habit.unknown
        var failuresInARow = 0
        /// What makes the whole untrustworthy: a list that could not be had.
        var fatal: HikaeError?
    }

    /// What this server's ETags are, where they look like an MD5.
    private enum Habit: Sendable {
        case unknown
        /// A thread finds it out; others wait.
        case looking
        case isMD5, isOther
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
    /// Objects that are looked at, at most, to learn what a server's ETags are, and bytes of one; so many at least must
    /// differ, and none be equal, before it is believed that they are no MD5.
    private static let (sampleCount, sampleBytes, mostlyOther) = (8, UInt64(1 << 20), 3)
    private static let equalNote = "bytes compared with the MD5 in their ETags, and equal: "
    private static let otherNote = "this server's ETags are not the MD5 of the bytes"

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
        facts.notes += checksumNotes(counts)
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

    // MARK: checksums

    /// Whether the bytes that were read may be believed.
    ///
    /// S3 promises that the ETag of an object sent in one piece, and not encrypted with a key of its own, is the MD5 of
    /// its bytes. Where it differs the object is damaged, unless this server does not keep that promise for any object.
    func accepts(_ checksum: ObjectReader.Checksum) -> Bool {
        switch checksum {
        case .unknown: counts.withLock { $0.uncomparedChecksums += 1 }
        case .equal:
            counts.withLock { counts in
                counts.equalChecksums += 1
                counts.habit = .isMD5
            }
        case .differs:
            guard habit() == .isOther else { return false }
            counts.withLock { $0.otherChecksums += 1 }
        }
        return true
    }

    /// What the server's ETags are, found out by the first who asks.
    private func habit() -> Habit {
        let known = counts.wait { counts -> Habit? in
            if counts.habit == .looking { return nil }
            defer { if counts.habit == .unknown { counts.habit = .looking } }
            return counts.habit
        }
        guard known == .unknown else { return known }
        let found = look()
        return counts.withLock { counts in
            if counts.habit == .looking { counts.habit = found }
            return counts.habit
        }
    }

    /// Reads a few objects. Too few to tell: what the capture before found holds, and else what S3 promises.
    private func look() -> Habit {
        var others = 0
        do throws(HikaeError) {
            var sample: [ListedObject] = []
            var pages = 0
            try client.list(.objects, prefix: Array(settings.prefix.utf8)) { page throws(HikaeError) in
                pages += 1
                sample += page.objects.filter {
                    $0.size > 0 && $0.size <= Self.sampleBytes && ETag.mayBeMD5($0.etag)
                }
                return sample.count < Self.sampleCount && pages < 5
            }
            for object in sample.shuffled().prefix(Self.sampleCount) {
                switch try checksum(of: object) {
                case .equal: return .isMD5
                case .differs: others += 1
                case .unknown: break
                }
            }
        } catch {
            // Nothing was learnt.
        }
        if others >= Self.mostlyOther { return .isOther }
        return wasOther ? .isOther : .isMD5
    }

    private func checksum(of object: ListedObject) throws(HikaeError) -> ObjectReader.Checksum {
        let reader = try ObjectReader(client, object.key)
        guard reader.size <= Self.sampleBytes else { return .unknown }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var count = 1
        while count > 0 { count = try buffer.withMutableBytes { all throws(HikaeError) in try reader.read(into: all) } }
        return reader.checksum
    }

    private var wasOther: Bool {
        context.previous?.facts?.notes.contains { $0.hasPrefix(Self.otherNote) } ?? false
    }

    /// What was compared and what was not, for the record. What was known of the server before stays known.
    private func checksumNotes(_ counts: Counts) -> [String] {
        var notes: [String] = []
        if counts.equalChecksums > 0 { notes.append("\(Self.equalNote)\(counts.equalChecksums) objects") }
        if counts.otherChecksums > 0 || (wasOther && counts.habit == .unknown) {
            notes.append("\(Self.otherNote) (\(counts.otherChecksums) objects looked at)")
        }
        if counts.uncomparedChecksums > 0 {
            notes.append(
                "not compared: \(counts.uncomparedChecksums) objects, whose ETags are no MD5 (sent in parts, or encrypted"
                    + " with a key of their own)")
        }
        return notes
    }
}

// One line of the audit log: an object of JSON that bears the hash of the line before. No input or output.

internal import Crypto
public import HikaeCore
internal import HikaeFormat

/// The name of a hash of a line.
public enum AuditLineKind {}
/// The SHA-256 of a line of the audit log, without its line feed.
public typealias AuditHash = Identifier<AuditLineKind>

/// What is written down about a request.
public struct AuditEvent: Sendable, Equatable {
    /// Who asked; empty when nobody had logged in.
    public var user = ""
    /// Where the request came from; empty for what the server does by itself.
    public var address = ""
    /// The method of HTTP, or what the server did: `START`, `STOP`, `REMOVE`, `NOTE`.
    public var method: String
    /// The path asked for, at most 300 bytes of it.
    public var path: String
    /// The status that was answered; 0 for what the server did by itself.
    public var status = 0
    /// Bytes that came or went.
    public var bytes: UInt64 = 0
    /// Anything more that matters, in words; empty for nothing.
    public var note = ""

    /// An event.
    public init(_ method: String, _ path: String) { (self.method, self.path) = (method, path) }
}

/// An event with its place in the chain.
public struct AuditLine: Sendable, Equatable {
    /// 1 for the first line of a log, then one more each.
    public var number: UInt64
    /// The wall clock's time.
    public var time: Timestamp
    /// Seconds that the vault has been running, by its own record.
    public var vaultSeconds: Int64
    /// What happened.
    public var event: AuditEvent
    /// Lines left out before this one because too many were refused at once.
    public var suppressed: UInt64 = 0
    /// Bytes of a line cut off by a crash, at the end of the file before; only in a file's first line.
    public var torn: UInt64 = 0
    /// The hash of the line before; zeros in the first.
    public var previous: AuditHash

    /// The first line's `previous`.
    public static let start = AuditHash(words: 0, 0, 0, 0)

    /// The longest line that is read or written.
    static let maximumBytes = 8 << 10

    /// The hash of a line's bytes.
    static func hash(_ line: some Sequence<UInt8>) -> AuditHash {
        var hasher = SHA256()
        Array(line).withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return hasher.finalize().withUnsafeBytes { AuditHash($0) }
    }

    /// The line, without a line feed.
    func encode() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("n")
        json.number(number)
        json.key("time")
        json.time(time)
        json.key("vault")
        json.number(vaultSeconds)
        json.key("user")
        json.string(Self.bounded(event.user, 100))
        json.key("address")
        json.string(Self.bounded(event.address, 100))
        json.key("method")
        json.string(Self.bounded(event.method, 32))
        json.key("path")
        json.string(Self.bounded(event.path, 300))
        json.key("status")
        json.number(event.status)
        json.key("bytes")
        json.number(event.bytes)
        if !event.note.isEmpty {
            json.key("note")
            json.string(Self.bounded(event.note, 500))
        }
        if suppressed > 0 {
            json.key("suppressed")
            json.number(suppressed)
        }
        if torn > 0 {
            json.key("torn")
            json.number(torn)
        }
        json.key("previous")
        json.identifier(previous)
        json.endObject()
        return json.bytes
    }

    /// Reads a line without its line feed; `.damaged` when it is none.
    init(decoding line: [UInt8]) throws(HikaeError) {
        guard line.count <= Self.maximumBytes else { throw HikaeError(.damaged, "the audit line is too long") }
        var result = AuditLine(number: 0, time: .zero, vaultSeconds: 0, event: AuditEvent("", ""), previous: Self.start)
        var hasPrevious = false
        try JSONReader.read(line, of: "audit line") { json, key throws(HikaeError) in
            if key.is("n") {
                result.number = try json.unsigned()
            } else if key.is("time") {
                result.time = try json.time()
            } else if key.is("vault") {
                result.vaultSeconds = try json.signed()
            } else if key.is("user") {
                result.event.user = try json.text()
            } else if key.is("address") {
                result.event.address = try json.text()
            } else if key.is("method") {
                result.event.method = try json.text()
            } else if key.is("path") {
                result.event.path = try json.text()
            } else if key.is("status") {
                result.event.status = Int(clamping: try json.signed())
            } else if key.is("bytes") {
                result.event.bytes = try json.unsigned()
            } else if key.is("note") {
                result.event.note = try json.text()
            } else if key.is("suppressed") {
                result.suppressed = try json.unsigned()
            } else if key.is("torn") {
                result.torn = try json.unsigned()
            } else if key.is("previous") {
                result.previous = try json.identifier()
                hasPrevious = true
            } else {
                try json.skip()
            }
        }
        guard result.number > 0, hasPrevious else {
            throw HikaeError(.damaged, "the audit line has no number or no hash")
        }
        self = result
    }

    init(
        number: UInt64, time: Timestamp, vaultSeconds: Int64, event: AuditEvent, suppressed: UInt64 = 0,
        torn: UInt64 = 0, previous: AuditHash
    ) {
        (self.number, self.time, self.vaultSeconds, self.event) = (number, time, vaultSeconds, event)
        (self.suppressed, self.torn, self.previous) = (suppressed, torn, previous)
    }

    /// At most `count` bytes of a text, whole characters.
    private static func bounded(_ text: String, _ count: Int) -> String {
        guard text.utf8.count > count else { return text }
        var kept = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += String(scalar).utf8.count
            guard bytes <= count else { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }
}

/// Where a log ends: kept beside it, and by whoever wants to be sure elsewhere.
public struct AuditHead: Sendable, Equatable, CustomStringConvertible {
    /// The last line's number; 0 for an empty log.
    public var number: UInt64
    /// The last line's hash.
    public var hash: AuditHash

    /// A head.
    public init(number: UInt64, hash: AuditHash) { (self.number, self.hash) = (number, hash) }

    /// `NUMBER:HASH`.
    public var description: String { "\(number):\(hash.hex)" }

    /// Reads `NUMBER:HASH`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = UInt64(parts[0]), let hash = AuditHash(hex: String(parts[1])) else {
            return nil
        }
        self.init(number: number, hash: hash)
    }

    /// Always as long, so that it can be written over in one call.
    var record: [UInt8] {
        let digits = String(number)
        return Array((String(repeating: "0", count: 20 - digits.count) + digits + ":" + hash.hex + "\n").utf8)
    }

    init?(record: [UInt8]) {
        guard record.count == 86, record.last == 0x0A else { return nil }
        self.init(String(decoding: record.dropLast(), as: UTF8.self))
        guard self.record == record else { return nil }
    }
}

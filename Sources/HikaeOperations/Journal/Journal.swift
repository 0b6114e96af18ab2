// What happened on this machine and made no snapshot: failed captures, vaults that were away, alarms that could not
// be sent. JSON, one object a line, appended; the snapshots themselves are the record of what went well.

public import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One line of the journal.
public struct JournalEntry: Sendable, Equatable {
    /// What a line tells.
    public enum Kind: String, Sendable {
        /// A source could not be captured.
        case failed = "capture-failed"
        /// A source was captured: what ends a row of failures.
        case captured
        /// A vault could not be used.
        case vaultUnavailable = "vault-unavailable"
        /// A channel took no alarm.
        case alarmFailed = "alarm-failed"
    }

    public var time: Timestamp
    public var kind: Kind
    public var organisation: String
    /// "shop/site", a vault's name, a channel's name.
    public var subject: String
    /// A stable word: an error's code, or a verdict.
    public var code: String
    public var message: String

    public init(
        time: Timestamp, kind: Kind, organisation: String, subject: String, code: String, message: String
    ) {
        (self.time, self.kind, self.organisation) = (time, kind, organisation)
        (self.subject, self.code, self.message) = (subject, code, message)
    }

    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("time")
        json.time(time)
        for (key, value) in [
            ("event", kind.rawValue), ("organisation", organisation), ("subject", subject), ("code", code),
            ("message", message),
        ] {
            json.key(Array(key.utf8))
            json.string(value)
        }
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// Nil for a line that is none: a torn one, or one of a newer version.
    init?(line: [UInt8]) {
        var kind: Kind?
        var entry = JournalEntry(
            time: .zero, kind: .failed, organisation: "", subject: "", code: "", message: "")
        do throws(HikaeError) {
            try JSONReader.read(line, of: "journal") { json, key throws(HikaeError) in
                if key.is("time") {
                    entry.time = try json.time()
                } else if key.is("event") {
                    kind = Kind(rawValue: try json.text())
                } else if key.is("organisation") {
                    entry.organisation = try json.text()
                } else if key.is("subject") {
                    entry.subject = try json.text()
                } else if key.is("code") {
                    entry.code = try json.text()
                } else if key.is("message") {
                    entry.message = try json.text()
                } else {
                    try json.skip()
                }
            }
        } catch {
            return nil
        }
        guard let kind else { return nil }
        entry.kind = kind
        self = entry
    }
}

/// The journal of this machine.
public struct Journal: Sendable {
    /// Bytes at which the journal is put aside and a new one begun; the one before is kept.
    private static let limit = 4 << 20

    /// The folder that it is in.
    public let folder: String
    private var path: String { folder + "/journal.jsonl" }

    public init(folder: String) { self.folder = folder }

    /// The folder for this user: HIKAE_STATE, else `hikae` in XDG_STATE_HOME or ~/.local/state; without a home beside
    /// the plan.
    public static func folder(beside plan: String) -> String {
        func variable(_ name: String) -> String? {
            guard let value = getenv(name) else { return nil }
            let text = String(cString: value)
            return text.isEmpty ? nil : text
        }
        if let folder = variable("HIKAE_STATE") { return folder }
        if let folder = variable("XDG_STATE_HOME") { return folder + "/hikae" }
        if let home = variable("HOME") { return home + "/.local/state/hikae" }
        let parent = plan.lastIndex(of: "/").map { String(plan[..<$0]) } ?? "."
        return parent + "/.hikae-state"
    }

    /// Appends entries, each line in one write, so that several programs may append at once.
    public func append(_ entries: [JournalEntry]) throws(HikaeError) {
        guard !entries.isEmpty else { return }
        try makeFolder()
        var status = stat()
        if stat(path, &status) == 0, status.st_size > off_t(Self.limit) { rename(path, path + ".1") }
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("write the journal", path) }
        defer { close(descriptor) }
        for entry in entries {
            let line = entry.encoded()
            let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count == line.count else { throw .system("write the journal", path) }
        }
    }

    /// The entries of an organisation, oldest first; none when there is no journal.
    public func entries(of organisation: String) -> [JournalEntry] {
        (Self.lines(path + ".1") + Self.lines(path)).compactMap { JournalEntry(line: $0) }
            .filter { $0.organisation == organisation }
    }

    private func makeFolder() throws(HikaeError) {
        var parts = folder.hasPrefix("/") ? "/" : ""
        for name in folder.split(separator: "/") {
            parts += parts.isEmpty || parts.hasSuffix("/") ? String(name) : "/" + name
            guard mkdir(parts, 0o700) == 0 || errno == EEXIST || errno == EISDIR || errno == EROFS else {
                throw .system("make the folder", parts)
            }
        }
    }

    private static func lines(_ path: String) -> [[UInt8]] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while content.count < 2 * limit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            content += buffer[..<count]
        }
        return content.split(separator: UInt8(ascii: "\n")).map(Array.init)
    }
}

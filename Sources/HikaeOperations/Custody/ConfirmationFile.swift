// What people said of copies: JSON, one word a line, in a file beside the plan. Lines are added, never changed.

public import HikaeCore
import HikaeFormat
public import HikaeGuard

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The file beside a plan that remembers who confirmed what, and when.
public struct ConfirmationFile: Sendable {
    /// Bytes that are read at most.
    private static let limit = 1 << 22
    public let path: String

    /// "hikae.custody.jsonl" beside "hikae.yaml".
    public init(beside plan: String) {
        let isYAML = plan.hasSuffix(".yaml") || plan.hasSuffix(".yml")
        path = (isYAML ? String(plan[..<(plan.lastIndex(of: ".") ?? plan.endIndex)]) : plan) + ".custody.jsonl"
    }

    /// The newest word on each copy, what it leaves out taken from the one before. Empty when there is no file.
    public func statements() -> [String: CustodyStatement] {
        var found: [String: CustodyStatement] = [:]
        for line in (HostObservation.text(path, limit: Self.limit) ?? "").split(whereSeparator: \.isNewline) {
            guard let (copy, said) = Self.read(Array(line.utf8)) else { continue }
            found[copy] = said.filled(from: found[copy])
        }
        return found
    }

    /// Adds a word and makes it durable.
    public func append(_ said: CustodyStatement, on copy: String) throws(HikaeError) {
        var json = JSONWriter()
        json.beginObject()
        for (key, value) in [
            ("copy", copy), ("who", said.who), ("holder", said.holder), ("provider", said.provider),
            ("account", said.account), ("place", said.place), ("contract_end", said.contractEnd),
        ] {
            guard let value else { continue }
            json.key(Array(key.utf8))
            json.string(value)
        }
        if let when = said.when {
            json.key("when")
            json.time(when)
        }
        json.endObject()
        let line = json.bytes + [UInt8(ascii: "\n")]
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == line.count, fsync(descriptor) == 0 else { throw .system("write", path) }
    }

    /// Nil for a line that is none.
    private static func read(_ line: [UInt8]) -> (copy: String, said: CustodyStatement)? {
        var copy = ""
        var said = CustodyStatement()
        do throws(HikaeError) {
            try JSONReader.read(line, of: "record of custody") { json, key throws(HikaeError) in
                if key.is("copy") {
                    copy = try json.text()
                } else if key.is("who") {
                    said.who = try json.text()
                } else if key.is("when") {
                    said.when = try json.time()
                } else if key.is("holder") {
                    said.holder = try json.text()
                } else if key.is("provider") {
                    said.provider = try json.text()
                } else if key.is("account") {
                    said.account = try json.text()
                } else if key.is("place") {
                    said.place = try json.text()
                } else if key.is("contract_end") {
                    said.contractEnd = try json.text()
                } else {
                    try json.skip()
                }
            }
        } catch {
            return nil
        }
        return copy.isEmpty || said.who == nil || said.when == nil ? nil : (copy, said)
    }
}

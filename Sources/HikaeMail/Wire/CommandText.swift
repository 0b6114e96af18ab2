// Commands as they go over the wire: words, quoted strings, literals. Never keeps or shows a secret.

/// A command without its tag: text, and literals that may have to wait for the server's leave.
struct CommandText: Sendable {
    /// A part that is sent as one.
    enum Part: Sendable {
        case text([UInt8])
        case literal([UInt8])
    }

    private(set) var parts: [Part] = []

    /// A command that begins with these words.
    init(_ words: String) { add(words) }

    /// Adds words as they stand.
    mutating func add(_ words: String) { add(Array(words.utf8)) }

    private mutating func add(_ bytes: [UInt8]) {
        if case .text(let before) = parts.last {
            parts[parts.count - 1] = .text(before + bytes)
        } else {
            parts.append(.text(bytes))
        }
    }

    /// Adds a string: quoted where it can be, else as a literal.
    mutating func addString(_ bytes: [UInt8]) {
        guard bytes.count <= 1000, bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            parts.append(.literal(bytes))
            return
        }
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted.append(UInt8(ascii: "\\")) }
            quoted.append(byte)
        }
        add(quoted + [UInt8(ascii: "\"")])
    }

    /// The same with a string behind.
    func string(_ bytes: [UInt8]) -> CommandText {
        var command = self
        command.addString(bytes)
        return command
    }

    /// The same with words behind.
    func words(_ words: String) -> CommandText {
        var command = self
        command.add(words)
        return command
    }
}

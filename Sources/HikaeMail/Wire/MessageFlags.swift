// Flags and keywords of a message, apart from how they are written.

/// What is marked on a message.
struct MessageFlags: Sendable, Equatable {
    /// The five flags that every server knows. `\Recent` is none of a message's own.
    struct System: OptionSet, Sendable, Hashable {
        let rawValue: UInt8
        static let draft = System(rawValue: 1)
        static let flagged = System(rawValue: 2)
        static let answered = System(rawValue: 4)
        static let seen = System(rawValue: 8)
        static let deleted = System(rawValue: 16)

        /// Name at the server, letter in a Maildir; in the order of the letters.
        static let table: [(flag: System, name: String, letter: UInt8)] = [
            (.draft, "\\Draft", UInt8(ascii: "D")), (.flagged, "\\Flagged", UInt8(ascii: "F")),
            (.answered, "\\Answered", UInt8(ascii: "R")), (.seen, "\\Seen", UInt8(ascii: "S")),
            (.deleted, "\\Deleted", UInt8(ascii: "T")),
        ]
    }

    var system: System = []
    /// As the server writes them, each once, sorted.
    var keywords: [String] = []

    init() {}

    /// Adds a flag by the name it has at a server; names with a backslash that are not known are dropped.
    mutating func add(_ name: ArraySlice<UInt8>) {
        guard name.first == UInt8(ascii: "\\") else {
            let keyword = String(decoding: name, as: UTF8.self)
            if Array(keyword.utf8) == Array(name), !keywords.contains(keyword) { keywords.append(keyword) }
            return
        }
        switch ResponseCursor.upper(name) {
        case "\\SEEN": system.insert(.seen)
        case "\\ANSWERED": system.insert(.answered)
        case "\\FLAGGED": system.insert(.flagged)
        case "\\DELETED": system.insert(.deleted)
        case "\\DRAFT": system.insert(.draft)
        default: break
        }
    }

    /// Puts the keywords in order, for comparison.
    mutating func normalize() { if keywords.count > 1 { keywords.sort() } }

    /// As a command can say them: without keywords that would end the list of flags, or the command.
    var commandWords: String {
        var sayable = self
        sayable.keywords = keywords.filter { word in
            !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    (0x21...0x7E).contains(byte) && !Array("(){%*\"\\]".utf8).contains(byte)
                }
        }
        return sayable.names.joined(separator: " ")
    }

    /// As a command or a person is told them: `\Seen \Flagged work`.
    var names: [String] { System.table.filter { system.contains($0.flag) }.map(\.name) + keywords }
}

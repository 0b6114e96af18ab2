// What a message says of itself, for people: from whom, about what, when. The message is never changed.

/// The header fields of a message that people know it by, decoded.
public struct MessageHeaders: Sendable, Equatable {
    /// Header bytes looked at; what comes behind them is not.
    public static let limit = 64 << 10

    /// As the message has it, decoded; empty when it has none.
    public var from = ""
    public var subject = ""
    public var date = ""
    /// Without its angle brackets.
    public var messageID = ""

    /// Reads the header at the start of a message: its first bytes, at most `limit` of them, are enough.
    ///
    /// Never fails: a field that is not there or cannot be decoded stays empty or as it is.
    public init(_ message: [UInt8]) {
        for (name, value) in Self.fields(message.prefix(Self.limit)) {
            switch name {
            case "from" where from.isEmpty: from = EncodedWords.decode(value)
            case "subject" where subject.isEmpty: subject = EncodedWords.decode(value)
            case "date" where date.isEmpty: date = EncodedWords.decode(value)
            case "message-id" where messageID.isEmpty:
                messageID = EncodedWords.decode(value).filter { $0 != "<" && $0 != ">" }
            default: break
            }
        }
    }

    /// The fields in order: names in lower case, values unfolded, as they stand.
    static func fields(_ bytes: ArraySlice<UInt8>) -> [(name: String, value: [UInt8])] {
        var found: [(String, [UInt8])] = []
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            var line = rest[rest.startIndex..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            if line.last == 0x0D { line = line.dropLast() }
            if line.isEmpty { break }
            if line.first == 0x20 || line.first == 0x09 {
                // A folded line goes on with the field above.
                if let last = found.indices.last { found[last].1 += line }
                continue
            }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            found.append((name, Array(line[(colon + 1)...])))
        }
        return found
    }
}

// Reads the one statement of pg_dump that rows follow: COPY schema.table (columns) FROM stdin.

enum CopyStatement {
    static let keyword = Array("COPY ".utf8)
    private static let ending = Array(" FROM stdin".utf8)

    /// The table's name in its parts, unquoted; nil when it is another statement.
    static func table(_ statement: [UInt8]) -> [String]? {
        guard statement.starts(with: keyword), statement.suffix(ending.count).elementsEqual(ending) else { return nil }
        var reader = QuotedName(bytes: statement[keyword.count...], mark: UInt8(ascii: "\""))
        var parts: [String] = []
        while let part = reader.next() {
            parts.append(part)
            guard reader.bytes.first == UInt8(ascii: ".") else { break }
            reader.bytes.removeFirst()
        }
        return parts.isEmpty ? nil : parts
    }
}

/// Reads names that may stand in quotes, a quote in them doubled.
struct QuotedName {
    var bytes: ArraySlice<UInt8>
    let mark: UInt8

    /// The next name, unquoted; nil when none stands here.
    mutating func next() -> String? {
        guard let first = bytes.first else { return nil }
        var name: [UInt8] = []
        guard first == mark else {
            name = Array(bytes.prefix { $0 != 0x20 && $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "(") })
            bytes = bytes.dropFirst(name.count)
            return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        }
        bytes.removeFirst()
        while let byte = bytes.popFirst() {
            if byte == mark {
                guard bytes.first == mark else { return String(decoding: name, as: UTF8.self) }
                bytes.removeFirst()
            }
            name.append(byte)
        }
        return nil
    }
}

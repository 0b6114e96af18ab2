// A reader of JSON of its own, so that these tests do not trust the code they test.

/// A JSON document. Members keep their order.
public indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One member of an object.
    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: JSONValue
    }

    /// What is no JSON, and where.
    public struct Malformed: Error { public let position: Int }

    /// Reads one document.
    public init(_ text: String) throws {
        var reader = Reader(bytes: Array(text.utf8))
        self = try reader.document()
    }

    /// One document a line.
    public static func lines(_ text: String) throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONValue(String($0)) }
    }

    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public subscript(_ index: Int) -> JSONValue? {
        guard case .array(let values) = self, values.indices.contains(index) else { return nil }
        return values[index]
    }

    /// The elements of an array; none for anything else.
    public var array: [JSONValue] { if case .array(let values) = self { values } else { [] } }
    /// The names of an object's members.
    public var names: Set<String> { if case .object(let members) = self { Set(members.map(\.name)) } else { [] } }
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var number: Double? { if case .number(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func document() throws -> JSONValue {
            let value = try value()
            skipSpace()
            guard position == bytes.count else { throw Malformed(position: position) }
            return value
        }

        mutating func skipSpace() {
            while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
        }

        mutating func take(_ text: String) -> Bool {
            guard bytes[position...].starts(with: text.utf8) else { return false }
            position += text.utf8.count
            return true
        }

        mutating func value() throws -> JSONValue {
            skipSpace()
            guard position < bytes.count else { throw Malformed(position: position) }
            if take("null") { return .null }
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            switch bytes[position] {
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "["): return .array(try items("[", "]") { try $0.value() })
            case UInt8(ascii: "{"):
                return .object(
                    try items("{", "}") { reader in
                        let name = try reader.string()
                        reader.skipSpace()
                        guard reader.take(":") else { throw Malformed(position: reader.position) }
                        return Member(name: name, value: try reader.value())
                    })
            default:
                let digits = bytes[position...].prefix { "+-.eE0123456789".utf8.contains($0) }
                guard let number = Double(String(decoding: digits, as: UTF8.self)) else {
                    throw Malformed(position: position)
                }
                position += digits.count
                return .number(number)
            }
        }

        mutating func items<Item>(_ open: String, _ close: String, _ item: (inout Reader) throws -> Item) throws
            -> [Item]
        {
            guard take(open) else { throw Malformed(position: position) }
            var items: [Item] = []
            skipSpace()
            if take(close) { return items }
            while true {
                skipSpace()
                items.append(try item(&self))
                skipSpace()
                if take(close) { return items }
                guard take(",") else { throw Malformed(position: position) }
            }
        }

        mutating func string() throws -> String {
            guard take("\"") else { throw Malformed(position: position) }
            var text: [UInt16] = []
            var plain: [UInt8] = []
            func flush(_ text: inout [UInt16], _ plain: inout [UInt8]) {
                text += Array(String(decoding: plain, as: UTF8.self).utf16)
                plain = []
            }
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\"") {
                    flush(&text, &plain)
                    return String(decoding: text, as: UTF16.self)
                }
                guard byte >= 0x20 else { throw Malformed(position: position) }
                guard byte == UInt8(ascii: "\\") else {
                    plain.append(byte)
                    continue
                }
                guard position < bytes.count else { break }
                let escape = bytes[position]
                position += 1
                let simple: [UInt8: UInt8] = [
                    0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9,
                ]
                if let value = simple[escape] {
                    plain.append(value)
                } else {
                    let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
                    guard escape == UInt8(ascii: "u"), let unit = UInt16(digits, radix: 16) else { break }
                    position += 4
                    flush(&text, &plain)
                    text.append(unit)
                }
            }
            throw Malformed(position: position)
        }
    }
}

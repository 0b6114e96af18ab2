// Text, numbers, lists and keys: what YAML and JSON have in common, and both ways of writing it.

import HikaeFormat

/// A value that can be written as YAML or as JSON.
public indirect enum PlanValue: Sendable, Equatable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([PlanValue])
    case keys([Member])

    /// A key and its value.
    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: PlanValue
    }

    /// Keys with their values; those without a value are left out.
    static func keys(_ members: KeyValuePairs<String, PlanValue?>) -> PlanValue {
        .keys(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
    }

    /// As YAML that is easy to read, ending with a newline.
    public var yaml: String {
        var text = ""
        write(into: &text, indent: 0)
        return text
    }

    private func write(into text: inout String, indent: Int) {
        let space = String(repeating: " ", count: indent)
        switch self {
        case .keys(let members):
            for member in members {
                text += "\(space)\(member.name):"
                member.value.writeAfterKey(into: &text, indent: indent + 2)
            }
        case .list(let items):
            for item in items {
                var inner = ""
                item.write(into: &inner, indent: indent + 2)
                text += "\(space)- \(inner.dropFirst(indent + 2))"
            }
        case .text, .number, .flag: text += "\(space)\(scalar)\n"
        }
    }

    private func writeAfterKey(into text: inout String, indent: Int) {
        switch self {
        case .keys(let members) where members.isEmpty: text += " {}\n"
        case .list(let items) where items.allSatisfy(\.isScalar):
            text += " [\(items.map(\.scalar).joined(separator: ", "))]\n"
        case .keys, .list:
            text += "\n"
            write(into: &text, indent: indent)
        case .text, .number, .flag: text += " \(scalar)\n"
        }
    }

    private var isScalar: Bool {
        switch self {
        case .text, .number, .flag: true
        case .list, .keys: false
        }
    }

    private var scalar: String {
        switch self {
        case .text(let text): YAMLScalar.written(text)
        case .number(let number): String(number)
        case .flag(let flag): String(flag)
        case .list, .keys: ""
        }
    }

    /// As JSON, in one line.
    public var json: [UInt8] {
        var json = JSONWriter()
        write(into: &json)
        return json.bytes
    }

    private func write(into json: inout JSONWriter) {
        switch self {
        case .text(let text): json.string(text)
        case .number(let number): json.number(number)
        case .flag(let flag): json.bool(flag)
        case .list(let items):
            json.beginArray()
            for item in items { item.write(into: &json) }
            json.endArray()
        case .keys(let members):
            json.beginObject()
            for member in members {
                json.key(Array(member.name.utf8))
                member.value.write(into: &json)
            }
            json.endObject()
        }
    }
}

/// Text in YAML.
enum YAMLScalar {
    /// Words that YAML takes for something other than text, in any case.
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", "nan"]

    /// The text as it is where it can stand so, also within [a, b], else in quotes.
    static func written(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// Whether it is a number with a unit, as in 24h and 20%.
    private static func isMeasure(_ text: String) -> Bool {
        guard let unit = text.last, "%mhdw".contains(unit), text.count > 1, text.first != "." else { return false }
        return text.dropLast().allSatisfy { ("0"..."9").contains($0) || $0 == "." }
    }

    private static func isPlain(_ text: String) -> Bool {
        if isMeasure(text) { return true }
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
            !words.contains(text.lowercased()), first.properties.isAlphabetic || "/_".unicodeScalars.contains(first),
            last != ":", last != " ", PlanText.isLine(text)
        else { return false }
        if text.contains(" #") || text.contains(": ") { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x7E
                || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || " /._-:@%+~=()".unicodeScalars.contains(scalar)
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

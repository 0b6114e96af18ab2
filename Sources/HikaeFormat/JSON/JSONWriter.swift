// JSON as Go's encoding/json writes it: no spaces, HTML characters escaped, members in the order they are put.

public import HikaeCore

/// Writes one JSON document from left to right; commas come by themselves.
public struct JSONWriter {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []
    /// Whether the next value or key must be preceded by a comma.
    private var needsComma = false

    /// A writer that has written nothing.
    public init() {}

    /// Opens an object, as the next value.
    public mutating func beginObject() { open("{") }

    /// Closes the object opened last.
    public mutating func endObject() { close("}") }

    /// Opens an array, as the next value.
    public mutating func beginArray() { open("[") }

    /// Closes the array opened last.
    public mutating func endArray() { close("]") }

    /// The next member's name. Its value must follow.
    public mutating func key(_ name: StaticString) {
        name.withUTF8Buffer { key($0) }
    }

    /// The next member's name. Its value must follow.
    public mutating func key(_ name: [UInt8]) {
        name.withUnsafeBufferPointer { key($0) }
    }

    private mutating func key(_ name: UnsafeBufferPointer<UInt8>) {
        comma()
        bytes.appendThroughCursor(capacity: name.count * JSONEscape.growth + 2) { $0.put(string: name) }
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A string.
    public mutating func string(_ text: String) {
        comma()
        var text = text
        text.withUTF8 { utf8 in
            bytes.appendThroughCursor(capacity: utf8.count * JSONEscape.growth + 2) { $0.put(string: utf8) }
        }
        needsComma = true
    }

    /// A string from bytes; what is no UTF-8 becomes U+FFFD.
    public mutating func string(_ utf8: [UInt8]) {
        comma()
        bytes.appendThroughCursor(capacity: utf8.count * JSONEscape.growth + 2) { $0.put(string: utf8) }
        needsComma = true
    }

    /// A whole number.
    public mutating func number(_ value: some BinaryInteger) {
        comma()
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    /// A fraction in its shortest form; what is no number becomes null.
    public mutating func number(_ value: Double) {
        comma()
        if !value.isFinite {
            bytes.append(contentsOf: "null".utf8)
        } else if value.rounded() == value, value.magnitude < 1e15 {
            bytes.append(contentsOf: String(Int64(value)).utf8)
        } else {
            bytes.append(contentsOf: "\(value)".utf8)
        }
        needsComma = true
    }

    /// `true` or `false`.
    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// `null`.
    public mutating func null() { raw("null") }

    /// A string of RFC 3339.
    public mutating func time(_ value: Timestamp) {
        comma()
        bytes.appendThroughCursor(capacity: TimeText.maximumCount + 2) { $0.put(value) }
        needsComma = true
    }

    /// A string of 64 hexadecimal digits.
    public mutating func identifier<Kind>(_ id: Identifier<Kind>) {
        comma()
        bytes.appendThroughCursor(capacity: 66) { $0.put(id) }
        needsComma = true
    }

    /// A string of base64.
    public mutating func base64(_ value: [UInt8]) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: Base64.encode(value))
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// An array of strings.
    public mutating func strings(_ values: [String]) {
        beginArray()
        for value in values { string(value) }
        endArray()
    }

    /// A value that is JSON already.
    public mutating func raw(_ json: [UInt8]) {
        comma()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    private mutating func raw(_ json: StaticString) {
        comma()
        json.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = true
    }

    private mutating func open(_ mark: Unicode.Scalar) {
        comma()
        bytes.append(UInt8(ascii: mark))
        needsComma = false
    }

    private mutating func close(_ mark: Unicode.Scalar) {
        bytes.append(UInt8(ascii: mark))
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }
}

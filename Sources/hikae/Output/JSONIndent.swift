// JSON for people to read: two spaces a level, as Go's MarshalIndent does.

/// Laying out JSON that is known to be well-formed.
enum JSONIndent {
    /// The same document over many lines.
    static func indented(_ json: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var depth = 0
        var isInString = false
        var isEscaped = false
        func breakLine() {
            result.append(UInt8(ascii: "\n"))
            result.append(contentsOf: Array(repeating: UInt8(ascii: " "), count: depth * 2))
        }
        for (index, byte) in json.enumerated() {
            if isInString {
                result.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            let next = index + 1 < json.count ? json[index + 1] : 0
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                result.append(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                result.append(byte)
                // An empty one stays together.
                if next == byte + 2 { continue }
                depth += 1
                breakLine()
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if index > 0, json[index - 1] != byte - 2 {
                    depth = max(0, depth - 1)
                    breakLine()
                }
                result.append(byte)
            case UInt8(ascii: ","):
                result.append(byte)
                breakLine()
            case UInt8(ascii: ":"):
                result.append(byte)
                result.append(UInt8(ascii: " "))
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
            default: result.append(byte)
            }
        }
        return result
    }
}

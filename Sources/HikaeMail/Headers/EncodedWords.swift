// RFC 2047's encoded words: how headers say what is no ASCII. Also what senders write there against the rules.

/// Decodes header values for people.
enum EncodedWords {
    /// The value as text: encoded words decoded, blanks around trimmed, control characters replaced by blanks.
    static func decode(_ value: [UInt8]) -> String {
        var text = ""
        var rest = value[...]
        var lastWasEncoded = false
        while !rest.isEmpty {
            if let (word, length) = encodedWord(rest) {
                // Blanks between two encoded words are not part of the text.
                if lastWasEncoded, let blank = text.lastIndex(where: { $0 != " " && $0 != "\t" }) {
                    text = String(text[...blank])
                }
                text += word
                rest = rest.dropFirst(length)
                lastWasEncoded = true
                continue
            }
            let next = rest.dropFirst().firstIndex(of: UInt8(ascii: "=")) ?? rest.endIndex
            let plain = rest[rest.startIndex..<next]
            text += Charset.guess(Array(plain))
            if plain.contains(where: { $0 != 0x20 && $0 != 0x09 }) { lastWasEncoded = false }
            rest = rest[next...]
        }
        let clean = text.map { $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? " " : $0 }
        return String(clean).split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    /// An encoded word at the start: its text, and its length in bytes.
    private static func encodedWord(_ bytes: ArraySlice<UInt8>) -> (String, Int)? {
        guard bytes.starts(with: [UInt8(ascii: "="), UInt8(ascii: "?")]) else { return nil }
        let question = UInt8(ascii: "?")
        let inner = bytes.dropFirst(2)
        guard let charsetEnd = inner.firstIndex(of: question) else { return nil }
        let methodAt = charsetEnd + 1
        guard methodAt + 1 < bytes.endIndex, bytes[methodAt + 1] == question else { return nil }
        let start = methodAt + 2
        guard let end = bytes[start...].firstIndex(of: question), end + 1 < bytes.endIndex,
            bytes[end + 1] == UInt8(ascii: "=")
        else { return nil }
        var charset = String(decoding: bytes[inner.startIndex..<charsetEnd], as: UTF8.self)
        if let star = charset.firstIndex(of: "*") { charset = String(charset[..<star]) }
        let content: [UInt8]?
        switch bytes[methodAt] {
        case UInt8(ascii: "B"), UInt8(ascii: "b"): content = base64(bytes[start..<end])
        case UInt8(ascii: "Q"), UInt8(ascii: "q"): content = quoted(bytes[start..<end])
        default: content = nil
        }
        guard let content, let text = Charset.decode(content, charset) else { return nil }
        return (text, end + 2 - bytes.startIndex)
    }

    private static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var (bits, count) = (UInt32(0), 0)
        var bytes: [UInt8] = []
        for character in text {
            let value: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="), 0x20: continue
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private static func quoted(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while let character = rest.popFirst() {
            switch character {
            case UInt8(ascii: "_"): bytes.append(0x20)
            case UInt8(ascii: "="):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(character)
            }
        }
        return bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

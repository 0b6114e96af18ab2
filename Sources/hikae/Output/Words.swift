// Figures and names as people read them: durations, percentages, columns, file names.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Small pieces of text for people.
enum Words {
    /// `M:SS`, or `H:MM:SS` from an hour on.
    static func duration(_ seconds: Double) -> String {
        let seconds = Int(max(0, min(seconds, 1e12)))
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        let rest = padded(seconds % 60, 2, with: "0")
        return hours > 0 ? "\(hours):\(padded(minutes, 2, with: "0")):\(rest)" : "\(minutes):\(rest)"
    }

    /// `45.20%`, at most 100; empty when there is no whole.
    static func percent(_ part: UInt64, of whole: UInt64) -> String {
        whole == 0 ? "" : decimals(min(100, 100 * Double(part) / Double(whole)), 2) + "%"
    }

    /// A number with a fixed count of decimals.
    static func decimals(_ value: Double, _ count: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<count { scale *= 10 }
        let units = Int((abs(value) * scale).rounded())
        let sign = value < 0 && units > 0 ? "-" : ""
        guard count > 0 else { return sign + String(units) }
        return "\(sign)\(units / Int(scale)).\(padded(units % Int(scale), count, with: "0"))"
    }

    /// A size: `1.500 KiB`.
    static func size(_ bytes: some BinaryInteger) -> String { ByteCount(UInt64(clamping: bytes)).display }

    /// A rate: `102.400 MiB/s`.
    static func rate(_ bytesPerSecond: Double) -> String { size(Int(max(0, min(bytesPerSecond, 1e18)))) + "/s" }

    /// Right-aligned in `width` columns.
    static func padded(_ value: some CustomStringConvertible, _ width: Int, with filler: Character = " ") -> String {
        let text = value.description
        return String(repeating: filler, count: max(0, width - text.count)) + text
    }

    /// Left-aligned in `width` columns.
    static func filled(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - columns(text)))
    }

    /// A number and its noun: `1 file`, `2 files`.
    static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    /// A path or name that cannot drive a terminal: control characters and what is no UTF-8 are escaped.
    static func safe(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        if let text = String(validating: bytes, as: UTF8.self) { return safe(text) }
        var text = "\""
        for byte in bytes {
            if (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\"") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + Hex.encode([byte])
            }
        }
        return text + "\""
    }

    /// The same for text that is UTF-8 already.
    static func safe(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80..<0xA0).contains(scalar.value)
                && scalar.properties.generalCategory != .format && scalar.value != 0xFFFD
        }
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case "\"", "\\": quoted += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                quoted += "\\x" + Hex.encode([UInt8(scalar.value)])
            case _ where (0x80..<0xA0).contains(scalar.value) || scalar.properties.generalCategory == .format:
                quoted += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// How many columns a terminal gives the text: two for each wide character of East Asian scripts.
    static func columns(_ text: String) -> Int { text.reduce(0) { $0 + columns($1) } }

    /// The text cut to `width` columns, its middle left out.
    static func shortened(_ text: String, to width: Int) -> String {
        guard width > 0 else { return "" }
        guard columns(text) > width else { return text }
        let half = max(0, (width - 1) / 2)
        return prefix(text, half) + "…" + String(prefix(String(text.reversed()), width - 1 - half).reversed())
    }

    private static func prefix(_ text: String, _ width: Int) -> String {
        var used = 0
        return String(
            text.prefix { character in
                used += columns(character)
                return used <= width
            })
    }

    private static func columns(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        return switch scalar.value {
        case ..<0x1100: 1
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            2
        default: 1
        }
    }
}

/// Seconds on a clock that no one sets.
func monotonicSeconds() -> Double { MonotonicTime.seconds() }

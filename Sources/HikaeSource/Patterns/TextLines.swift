// Lines of text files that people wrote: byte order marks, UTF-16, CR LF.

/// Splits a text file into lines of UTF-8, whatever a Windows editor did to it.
public enum TextLines {
    /// The lines without their ends. A byte order mark is dropped, UTF-16 with one is turned into UTF-8.
    public static func split(_ content: [UInt8]) -> [[UInt8]] {
        var text = decoded(content)[...]
        var lines: [[UInt8]] = []
        while !text.isEmpty {
            let end = text.firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
            var line = text[..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            lines.append(Array(line))
            text = text[end...].dropFirst()
        }
        return lines
    }

    /// The line without white space at either end.
    public static func trimmed(_ line: [UInt8]) -> [UInt8] {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        var slice = line[...]
        while let first = slice.first, isSpace(first) { slice.removeFirst() }
        while let last = slice.last, isSpace(last) { slice.removeLast() }
        return Array(slice)
    }

    private static func decoded(_ content: [UInt8]) -> [UInt8] {
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(content.dropFirst(3)) }
        let isLittle = content.starts(with: [0xFF, 0xFE])
        guard isLittle || content.starts(with: [0xFE, 0xFF]) else { return content }
        let units = stride(from: 2, to: content.count - 1, by: 2).map { index in
            isLittle
                ? UInt16(content[index]) | UInt16(content[index + 1]) << 8
                : UInt16(content[index]) << 8 | UInt16(content[index + 1])
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}

// The one header field that Hikae looks for in a message.

/// Reads header fields of a message.
enum MessageHeader {
    /// Bytes of a header that are looked through at most.
    private static let limit = 256 << 10

    /// The value of Message-ID without white space; nil when there is none before the body begins.
    static func messageID(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var position = 0
        let end = min(bytes.count, limit)
        while position < end {
            var lineEnd = position
            while lineEnd < end, bytes[lineEnd] != 0x0A { lineEnd += 1 }
            let line = bytes[position..<lineEnd]
            if line.isEmpty || (line.count == 1 && line.first == 0x0D) { return nil }
            if isMessageID(line) {
                var value = Array(line.dropFirst(11))
                // The value may stand on the lines that follow, indented.
                var next = lineEnd + 1
                while next < end, bytes[next] == 0x20 || bytes[next] == 0x09 {
                    var stop = next
                    while stop < end, bytes[stop] != 0x0A { stop += 1 }
                    value += bytes[next..<stop]
                    next = stop + 1
                }
                value.removeAll { $0 <= 0x20 }
                return value.isEmpty ? nil : value
            }
            position = lineEnd + 1
        }
        return nil
    }

    static func messageID(_ bytes: [UInt8]) -> [UInt8]? { bytes.withUnsafeBytes { messageID($0) } }

    private static func isMessageID(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard line.count > 11 else { return false }
        return zip(line, "message-id:".utf8).allSatisfy { byte, expected in
            byte == expected || ((0x41...0x5A).contains(byte) && byte + 32 == expected)
        }
    }
}

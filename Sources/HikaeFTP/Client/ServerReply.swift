// What the server says on its control connection, cut into replies as the lines come in. No I/O.

import HikaeCore

/// One reply: a code of three digits, and its lines.
struct ServerReply: Sendable, Equatable {
    var code: Int
    /// Without codes at the start of the first and the last line.
    var lines: [[UInt8]]

    /// The words for people: printable, at most 200 characters.
    var words: String {
        let text = String(decoding: lines.last ?? [], as: UTF8.self)
        return String(text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
    }

    var isDone: Bool { code >= 200 && code < 300 }
}

/// Puts lines together to replies, within bounds.
struct ReplyReader: Sendable {
    /// Lines and bytes that one request may be answered with.
    static let lineLimit = 4000
    static let byteLimit = 1 << 20

    private(set) var replies: [ServerReply] = []
    private var open: ServerReply?
    private var lines = 0
    private var bytes = 0

    /// Takes one line with its end. False when a bound is passed.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        lines += 1
        bytes += line.count
        guard lines <= Self.lineLimit, bytes <= Self.byteLimit else { return false }
        var text = Array(line)
        while let last = text.last, last == 0x0A || last == 0x0D { text.removeLast() }
        let code = text.count >= 3 ? ListingText.number(text[..<3]).map { Int($0) } : nil
        let isLast = code != nil && (text.count == 3 || text[3] == 0x20)
        if var reply = open {
            if isLast, code == reply.code {
                reply.lines.append(Array(text.dropFirst(4)))
                replies.append(reply)
                open = nil
            } else {
                reply.lines.append(text)
                open = reply
            }
        } else if let code {
            let reply = ServerReply(code: code, lines: [Array(text.dropFirst(4))])
            if isLast { replies.append(reply) } else { open = reply }
        }
        return true
    }
}

// Cuts SQL into statements: small scripts of roles and grants, never a dump.

/// A splitter that knows quotes, dollar quotes and comments.
struct SQLStatements {
    /// Whether a backslash in a text makes the next byte plain, as MariaDB has it.
    let escapes: Bool

    init(escapes: Bool) { self.escapes = escapes }

    /// The statements without their semicolons, comments between them and lines for the client left out.
    func split(_ script: [UInt8]) -> [String] {
        var statements: [String] = []
        var start: Int?
        var place = 0
        while place < script.count {
            let byte = script[place]
            if start == nil {
                if byte == UInt8(ascii: "\\") || script[place...].starts(with: "--".utf8) {
                    place = script[place...].firstIndex(of: 0x0A) ?? script.count
                    continue
                }
                if byte > 0x20, byte != UInt8(ascii: ";") { start = place }
            }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
                let isEscaping = byte != UInt8(ascii: "`") && (escapes || place > 0 && script[place - 1] | 0x20 == 0x65)
                place = endOfQuote(script, place, isEscaping)
            case UInt8(ascii: "$"): place = endOfDollars(script, place)
            case UInt8(ascii: ";"):
                if let first = start { statements.append(String(decoding: script[first..<place], as: UTF8.self)) }
                start = nil
                place += 1
            default: place += 1
            }
        }
        if let start { statements.append(String(decoding: script[start...], as: UTF8.self)) }
        return statements
    }

    private func endOfQuote(_ script: [UInt8], _ start: Int, _ isEscaping: Bool) -> Int {
        var place = start + 1
        while place < script.count {
            if isEscaping, script[place] == UInt8(ascii: "\\") {
                place += 1
            } else if script[place] == script[start] {
                return place + 1
            }
            place += 1
        }
        return script.count
    }

    private func endOfDollars(_ script: [UInt8], _ start: Int) -> Int {
        guard !escapes, let close = script[(start + 1)...].firstIndex(of: UInt8(ascii: "$")) else { return start + 1 }
        let tag = Array(script[start...close])
        let isTag = tag.dropFirst().dropLast().allSatisfy { $0 == 0x5F || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }
        guard isTag else { return start + 1 }
        var place = close + 1
        while place < script.count {
            if script[place...].starts(with: tag) { return place + tag.count }
            place += 1
        }
        return script.count
    }
}

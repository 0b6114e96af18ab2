// Counts rows in what pg_dump writes: lines between "COPY … FROM stdin;" and "\.". Looks, and never changes a byte.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The scanner for PostgreSQL's plain dumps.
///
/// Between the tables it reads SQL as `psql` does, so that nothing in a function's body or a comment is taken for a
/// table's rows.
struct CopyScanner: DumpScanner {
    private enum Mode {
        /// Before a statement: only space so far.
        case start
        /// In a statement, outside of quotes.
        case statement
        case quote(UInt8, escapes: Bool)
        case lineComment(wasStart: Bool)
        /// In a line for psql itself.
        case clientLine
        case blockComment(depth: Int)
        /// In a dollar quote.
        case dollar
        /// Behind the semicolon of a COPY: the rest of its line is still to come.
        case copyLine
        case rows
    }

    private(set) var tally = DumpTally()
    private(set) var text = DumpText()
    private let takesFingerprints: Bool
    private var mode = Mode.start
    /// The statement so far, if it may be a COPY; what is longer than a COPY can be is not kept.
    private var statement: [UInt8] = []
    private var mayBeCopy = true
    /// Bytes of the statement so far, outside of quotes and comments.
    private var statementLength = 0
    /// The last bytes, where two or more together mean something.
    private var previous: UInt8 = 0
    /// The tag of the dollar quote that is open or that begins, with its dollars; and what may be its end.
    private var tag: [UInt8] = []
    private var tail: [UInt8] = []
    private var isInTag = false
    /// The table whose rows pass.
    private var place = 0
    /// Bytes of the line that began in an earlier piece, and its first two.
    private var lineLength = 0
    private var lineHead: (UInt8, UInt8) = (0, 0)
    private var hash = RowHash()
    private(set) var clientLines: [Range<Int>] = []
    private(set) var foreignCommand: String?
    /// The line for psql so far.
    private var clientLine: [UInt8] = []

    private static let statementLimit = 1 << 20
    private static let newline = UInt8(ascii: "\n")
    /// What pg_dump writes for psql around a dump.
    private static let dumpCommands = ["\\restrict ", "\\unrestrict "].map { Array($0.utf8) }

    /// - Parameter takesFingerprints: whether rows are hashed too, which takes longer.
    init(takesFingerprints: Bool = false) { self.takesFingerprints = takesFingerprints }

    var isBetweenStatements: Bool {
        switch mode {
        case .start, .lineComment(wasStart: true), .clientLine: true
        default: false
        }
    }

    mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        clientLines.removeAll(keepingCapacity: true)
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        var next = base
        let end = base + bytes.count
        while next < end {
            let from = next
            switch mode {
            case .rows:
                next = scanRows(next, end)
                continue
            case .clientLine:
                next = scanClientLine(next, end)
                clientLines.append((from - base)..<(next - base))
            case .quote(let mark, let escapes): next = scanQuote(next, end, mark, escapes)
            case .lineComment(let wasStart):
                if let line = find(Self.newline, next, end) {
                    mode = wasStart ? .start : .statement
                    next = line + 1
                } else {
                    next = end
                }
            default:
                step(next.pointee)
                // The line's first byte is looked at again, as a part of it.
                if case .clientLine = mode { continue }
                next += 1
            }
            if takesFingerprints { text.add(from, next - from) }
        }
    }

    /// A line for psql, to its end or that of the piece.
    private mutating func scanClientLine(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>)
        -> UnsafePointer<UInt8>
    {
        let line = find(Self.newline, start, end)
        let stop = line ?? end
        clientLine += UnsafeBufferPointer(start: start, count: min(stop - start, 200 - min(200, clientLine.count)))
        guard let line else { return end }
        let isOfDump = Self.dumpCommands.contains { clientLine.starts(with: $0) }
        if !isOfDump, foreignCommand == nil { foreignCommand = String(decoding: clientLine, as: UTF8.self) }
        clientLine.removeAll(keepingCapacity: true)
        mode = .start
        return line + 1
    }

    // MARK: Rows

    private mutating func scanRows(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>)
        -> UnsafePointer<UInt8>
    {
        var next = start
        var rows: UInt64 = 0
        var fingerprint: UInt64 = 0
        var bytes: UInt64 = 0
        defer { tally.add(rows: rows, bytes: bytes, fingerprint: fingerprint, at: place) }
        while next < end {
            guard let line = find(Self.newline, next, end) else {
                carry(next, end)
                return end
            }
            let length = line - next
            if lineLength == 0 {
                if length == 2, next[0] == UInt8(ascii: "\\"), next[1] == UInt8(ascii: ".") { return leaveRows(line) }
                bytes += UInt64(length + 1)
            } else {
                carry(next, line)
                if lineLength == 2, lineHead == (UInt8(ascii: "\\"), UInt8(ascii: ".")) {
                    _ = hash.end()
                    return leaveRows(line)
                }
                bytes += UInt64(lineLength + 1)
            }
            rows += 1
            if takesFingerprints {
                if lineLength == 0 { hash.add(next, length) }
                fingerprint &+= hash.end()
            }
            lineLength = 0
            next = line + 1
        }
        return end
    }

    private mutating func leaveRows(_ line: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        lineLength = 0
        mode = .start
        return line + 1
    }

    private mutating func carry(_ from: UnsafePointer<UInt8>, _ to: UnsafePointer<UInt8>) {
        for offset in 0..<min(2, to - from) where lineLength + offset < 2 {
            if lineLength + offset == 0 { lineHead.0 = from[offset] } else { lineHead.1 = from[offset] }
        }
        if takesFingerprints { hash.add(from, to - from) }
        lineLength += to - from
    }

    // MARK: Statements

    private mutating func scanQuote(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ mark: UInt8, _ escapes: Bool
    ) -> UnsafePointer<UInt8> {
        // A quote that is doubled closes and opens again, which comes to the same.
        var next = start
        while next < end {
            if escapes {
                let byte = next.pointee
                let isEscaped = previous == UInt8(ascii: "\\")
                previous = isEscaped ? 0 : byte
                keep(byte)
                next += 1
                if byte == mark, !isEscaped { break }
            } else {
                let close = find(mark, next, end)
                let stop = close ?? end
                if mayBeCopy { for byte in UnsafeBufferPointer(start: next, count: stop - next) { keep(byte) } }
                guard let close else { return end }
                keep(mark)
                next = close + 1
                break
            }
            if next == end { return end }
        }
        mode = .statement
        previous = mark
        return next
    }

    private mutating func step(_ byte: UInt8) {
        switch mode {
        case .start: begin(byte)
        case .statement: inStatement(byte)
        case .blockComment(let depth): inComment(byte, depth)
        case .dollar: inDollar(byte)
        case .copyLine:
            if byte == Self.newline {
                mode = .rows
                lineLength = 0
            }
        case .quote, .lineComment, .clientLine, .rows: break
        }
    }

    private mutating func begin(_ byte: UInt8) {
        if byte == 0x20 || byte == Self.newline || byte == 0x09 || byte == 0x0D { return }
        statement.removeAll(keepingCapacity: true)
        mayBeCopy = true
        statementLength = 0
        previous = 0
        isInTag = false
        if byte == UInt8(ascii: "\\") {
            mode = .clientLine
        } else {
            mode = .statement
            inStatement(byte)
        }
    }

    private mutating func inStatement(_ byte: UInt8) {
        let before = previous
        previous = byte
        statementLength += 1
        if isInTag, continueTag(byte, before) { return }
        switch byte {
        case UInt8(ascii: ";"):
            endStatement()
            return
        case UInt8(ascii: "'"):
            let isEscaping = before | 0x20 == UInt8(ascii: "e")
            previous = 0
            mode = .quote(byte, escapes: isEscaping)
        case UInt8(ascii: "\""): mode = .quote(byte, escapes: false)
        case UInt8(ascii: "-") where before == byte:
            mode = .lineComment(wasStart: statementLength <= 2)
            if mayBeCopy, statement.last == byte { statement.removeLast() }
            return
        case UInt8(ascii: "*") where before == UInt8(ascii: "/"): mode = .blockComment(depth: 1)
        case UInt8(ascii: "$") where !Self.isNameByte(before):
            isInTag = true
            tag = [byte]
        default: break
        }
        keep(byte)
    }

    /// Goes on with what may be a dollar quote's opening tag; true when the byte is dealt with.
    private mutating func continueTag(_ byte: UInt8, _ before: UInt8) -> Bool {
        if byte == UInt8(ascii: "$") {
            tag.append(byte)
            isInTag = false
            tail.removeAll(keepingCapacity: true)
            mayBeCopy = false
            mode = .dollar
            return true
        }
        let isDigitFirst = tag.count == 1 && (0x30...0x39).contains(byte)
        if Self.isNameByte(byte), !isDigitFirst, tag.count < 128 {
            tag.append(byte)
            keep(byte)
            return true
        }
        isInTag = false
        return false
    }

    private mutating func inDollar(_ byte: UInt8) {
        if byte == tag.last || !tail.isEmpty { tail.append(byte) }
        while !tail.isEmpty, !tag.starts(with: tail) { tail.removeFirst() }
        if tail.count == tag.count {
            mode = .statement
            previous = 0
        }
    }

    private mutating func inComment(_ byte: UInt8, _ depth: Int) {
        let before = previous
        previous = byte
        if before == UInt8(ascii: "*"), byte == UInt8(ascii: "/") {
            previous = 0
            // A comment alone is no statement: another may begin behind it.
            let isAlone = statementLength <= 2
            mode = depth > 1 ? .blockComment(depth: depth - 1) : isAlone ? .start : .statement
        } else if before == UInt8(ascii: "/"), byte == UInt8(ascii: "*") {
            previous = 0
            mode = .blockComment(depth: depth + 1)
        }
    }

    private mutating func endStatement() {
        mode = .start
        guard mayBeCopy, let name = CopyStatement.table(statement) else { return }
        place = tally.place(of: name)
        mode = .copyLine
    }

    private mutating func keep(_ byte: UInt8) {
        guard mayBeCopy else { return }
        statement.append(byte)
        let isStillCopy = statement.count > 5 || CopyStatement.keyword.starts(with: statement)
        if !isStillCopy || statement.count > Self.statementLimit {
            mayBeCopy = false
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39, 0x5F, 0x80...:
            true
        default: false
        }
    }
}

/// The first place of a byte from `start` on, or nil.
@inline(__always)
func find(_ byte: UInt8, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
    guard let found = memchr(start, Int32(byte), end - start) else { return nil }
    return UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
}

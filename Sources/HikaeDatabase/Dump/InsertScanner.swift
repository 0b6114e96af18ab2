// Counts rows in what mariadb-dump and mysqldump write: the tuples of "INSERT INTO `t` VALUES (…),(…);".

/// The scanner for dumps of MariaDB and MySQL. What stands between DELIMITER lines (triggers, routines) is passed over:
/// an INSERT in a routine's body is no row.
struct InsertScanner: DumpScanner {
    private enum Mode {
        case start
        /// The beginning of a statement, until it is known what it is.
        case head
        /// Behind `INSERT INTO name`, before VALUES.
        case columns
        /// Between rows.
        case values
        /// In a row, so deep in parentheses.
        case row(depth: Int)
        /// In a text within a row.
        case text(depth: Int)
        /// In a statement that does not matter.
        case other
        case quote(UInt8, isInColumns: Bool)
        case comment
        case line
        /// Between `DELIMITER ;;` and `DELIMITER ;`.
        case foreign
    }

    private(set) var tally = DumpTally()
    private(set) var text = DumpText()
    private let takesFingerprints: Bool
    private var mode = Mode.start
    private var head: [UInt8] = []
    private var previous: UInt8 = 0
    private var isEscaped = false
    private var place = 0
    private var hash = RowHash()

    private static let newline = UInt8(ascii: "\n")
    private static let insert = Array("INSERT INTO `".utf8)
    private static let delimiter = Array("DELIMITER ".utf8)
    private static let headLimit = 4096

    /// - Parameter takesFingerprints: whether rows are hashed too, which takes longer.
    init(takesFingerprints: Bool = false) { self.takesFingerprints = takesFingerprints }

    var isBetweenStatements: Bool {
        switch mode {
        case .start, .line: true
        default: false
        }
    }

    mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        var next = base
        let end = base + bytes.count
        while next < end {
            let from = next
            switch mode {
            case .values, .row, .text:
                next = scanRows(next, end)
                continue
            case .line, .foreign: next = scanLine(next, end)
            default:
                step(next.pointee)
                next += 1
            }
            if takesFingerprints { text.add(from, next - from) }
        }
    }

    // MARK: Rows

    private mutating func scanRows(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>)
        -> UnsafePointer<UInt8>
    {
        var next = start
        var rows: UInt64 = 0
        var bytes: UInt64 = 0
        var fingerprint: UInt64 = 0
        var depth = 0
        var isText = false
        switch mode {
        case .row(let level): depth = level
        case .text(let level): (depth, isText) = (level, true)
        default: break
        }
        defer { tally.add(rows: rows, bytes: bytes, fingerprint: fingerprint, at: place) }
        while next < end {
            let from = next
            if isText {
                if isEscaped {
                    isEscaped = false
                    next += 1
                }
                next = Self.endOfText(next, end)
                if next < end {
                    if next.pointee == UInt8(ascii: "'") { isText = false } else { isEscaped = true }
                    next += 1
                }
            } else if depth > 0 {
                while next < end, next.pointee &- 0x27 > 2 { next += 1 }
                if next < end {
                    switch next.pointee {
                    case 0x27: isText = true
                    case 0x28: depth += 1
                    default: depth -= 1
                    }
                    next += 1
                }
            } else {
                let byte = next.pointee
                next += 1
                if byte == 0x28 {
                    depth = 1
                } else {
                    if byte == UInt8(ascii: ";") {
                        mode = .start
                        return next
                    }
                    continue
                }
            }
            bytes += UInt64(next - from)
            if takesFingerprints { hash.add(from, next - from) }
            if depth == 0, !isText {
                rows += 1
                if takesFingerprints { fingerprint &+= hash.end() }
            }
        }
        mode = isText ? .text(depth: depth) : depth > 0 ? .row(depth: depth) : .values
        return end
    }

    /// The first quote or backslash, eight bytes at a time.
    @inline(__always)
    private static func endOfText(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var next = start
        while end - next >= 8 {
            let word = UInt64(littleEndian: UnsafeRawPointer(next).loadUnaligned(as: UInt64.self))
            let quotes = word ^ (ones &* 0x27)
            let slashes = word ^ (ones &* 0x5C)
            let hits = ((quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes) & tops
            if hits != 0 { return next + hits.trailingZeroBitCount / 8 }
            next += 8
        }
        while next < end, next.pointee != 0x27, next.pointee != 0x5C { next += 1 }
        return next
    }

    // MARK: Statements

    private mutating func scanLine(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>)
        -> UnsafePointer<UInt8>
    {
        guard let line = find(Self.newline, start, end) else {
            keepHead(start, end)
            return end
        }
        keepHead(start, line)
        if case .foreign = mode {
            if head.starts(with: Self.delimiter), head.dropFirst(Self.delimiter.count).elementsEqual([0x3B]) {
                mode = .start
            }
        } else if head.starts(with: Self.delimiter), !head.dropFirst(Self.delimiter.count).elementsEqual([0x3B]) {
            mode = .foreign
        } else {
            mode = .start
        }
        head.removeAll(keepingCapacity: true)
        return line + 1
    }

    private mutating func keepHead(_ from: UnsafePointer<UInt8>, _ to: UnsafePointer<UInt8>) {
        guard head.count < 64 else { return }
        head += UnsafeBufferPointer(start: from, count: min(64, to - from))
    }

    private mutating func step(_ byte: UInt8) {
        switch mode {
        case .start:
            if byte == 0x20 || byte == Self.newline || byte == 0x09 || byte == 0x0D { return }
            head.removeAll(keepingCapacity: true)
            previous = 0
            mode = .head
            inHead(byte)
        case .head: inHead(byte)
        case .columns: inColumns(byte)
        case .other: inOther(byte)
        case .quote(let mark, let isInColumns): inQuote(byte, mark, isInColumns)
        case .comment:
            // "/*!40101 SET … */;" is a statement; "/*M!999999\\- … */" and others stand alone.
            if previous == 0, byte == UInt8(ascii: "!") { mode = .other }
            if previous == UInt8(ascii: "*"), byte == UInt8(ascii: "/") { mode = .start }
            previous = byte
        case .values, .row, .text, .line, .foreign: break
        }
    }

    private mutating func inHead(_ byte: UInt8) {
        head.append(byte)
        if head.count <= Self.insert.count {
            if Self.insert.starts(with: head) { return }
        } else if head.starts(with: Self.insert) {
            // The name's end is a quote that no other follows.
            var reader = QuotedName(bytes: head[(Self.insert.count - 1)...], mark: 0x60)
            guard byte != 0x60, let name = reader.next(), head.count < Self.headLimit else {
                if head.count >= Self.headLimit { leaveHead() }
                return
            }
            place = tally.place(of: [name])
            mode = .columns
            previous = 0
            inColumns(byte)
            return
        }
        if Self.delimiter.starts(with: head) || head.elementsEqual([0x2D]) { return }
        if head.starts(with: Self.delimiter) || head.elementsEqual([0x2D, 0x2D]) {
            mode = .line
            return
        }
        leaveHead()
    }

    /// It is no statement that matters: its beginning is read again as one.
    private mutating func leaveHead() {
        mode = .other
        let bytes = head
        head.removeAll(keepingCapacity: true)
        previous = 0
        for byte in bytes { step(byte) }
    }

    private mutating func inColumns(_ byte: UInt8) {
        switch byte {
        case 0x60: mode = .quote(byte, isInColumns: true)
        case UInt8(ascii: ";"): mode = .start
        case UInt8(ascii: "S") where previous == UInt8(ascii: "E"): mode = .values
        default: previous = byte
        }
    }

    private mutating func inOther(_ byte: UInt8) {
        let before = previous
        previous = byte
        switch byte {
        case UInt8(ascii: ";"): mode = .start
        case UInt8(ascii: "'"), UInt8(ascii: "\""), 0x60:
            isEscaped = false
            mode = .quote(byte, isInColumns: false)
        case UInt8(ascii: "*") where before == UInt8(ascii: "/"):
            mode = .comment
            previous = 0
        default: break
        }
    }

    private mutating func inQuote(_ byte: UInt8, _ mark: UInt8, _ isInColumns: Bool) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\"), mark != 0x60 {
            isEscaped = true
        } else if byte == mark {
            previous = 0
            mode = isInColumns ? .columns : .other
        }
    }
}

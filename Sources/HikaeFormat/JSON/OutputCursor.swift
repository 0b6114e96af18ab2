// A write cursor over memory reserved beforehand: what the tree and index encoders write through. Every write is
// checked against the end of the memory and traps beyond it.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes JSON's pieces one after the other into memory that its maker owns and has sized for the worst case.
struct OutputCursor {
    /// Where the next byte goes. Always within the memory given, or at its end: `reserve` is passed before each write.
    private(set) var next: UnsafeMutablePointer<UInt8>
    private let end: UnsafeMutablePointer<UInt8>
    /// The day last written, as days since 1970, and its text: times of one tree are mostly of few days.
    private var day: Int64 = .min
    private var dayText: (UInt64, UInt16) = (0, 0)

    init(_ start: UnsafeMutablePointer<UInt8>, capacity: Int) {
        next = start
        end = start + capacity
    }

    @inline(__always)
    private func reserve(_ count: Int) { precondition(end - next >= count) }

    /// Moves the cursor back to `start`, for the next use of the same memory.
    @inline(__always)
    mutating func rewind(to start: UnsafeMutablePointer<UInt8>) {
        precondition(start <= next)
        next = start
    }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        reserve(count)
        memcpy(next, text.utf8Start, count)
        next += count
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        reserve(1)
        next.pointee = byte
        next += 1
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(next, base, bytes.count)
        next += bytes.count
    }

    /// A whole number in decimal.
    @inline(__always)
    mutating func put(decimal value: UInt64) {
        reserve(20)
        if value < 10 {
            next.pointee = 0x30 + UInt8(truncatingIfNeeded: value)
            next += 1
            return
        }
        var count = 1
        var bound: UInt64 = 10
        while count < 20, value >= bound {
            count += 1
            let (product, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = product
        }
        var rest = value
        var index = count
        while index > 0 {
            index -= 1
            next[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        next += count
    }

    /// 64 hexadecimal digits in quotes.
    @inline(__always)
    mutating func put<Kind>(_ id: Identifier<Kind>) {
        reserve(66)
        next[0] = UInt8(ascii: "\"")
        HexWords.write(id, at: next + 1)
        next[65] = UInt8(ascii: "\"")
        next += 66
    }

    /// A time in quotes, as Go's RFC3339Nano has it; years out of range are moved into it.
    @inline(__always)
    mutating func put(_ original: Timestamp) {
        reserve(TimeText.maximumCount)
        let time = original.isWritable ? original : TimeText.writable(original)
        // Not negative: 0000-03-01 lies 719,468 days before 1970, and the year 0 starts 60 days before that.
        let local = UInt64(bitPattern: time.seconds &+ Int64(time.offset) &+ 62_167_219_200)
        let days = local / 86400
        if Int64(days) != day { setDay(days) }
        let rest = UInt32(truncatingIfNeeded: local % 86400)
        next[0] = UInt8(ascii: "\"")
        UnsafeMutableRawPointer(next + 1).storeBytes(of: dayText.0, as: UInt64.self)
        UnsafeMutableRawPointer(next + 9).storeBytes(of: dayText.1, as: UInt16.self)
        next[11] = UInt8(ascii: "T")
        put2(rest / 3600, at: 12)
        next[14] = UInt8(ascii: ":")
        put2(rest / 60 % 60, at: 15)
        next[17] = UInt8(ascii: ":")
        put2(rest % 60, at: 18)
        next += 20
        putFraction(UInt32(bitPattern: time.nanoseconds))
        putZone(time.offset)
        put(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func put2(_ value: UInt32, at index: Int) {
        next[index] = 0x30 &+ UInt8(truncatingIfNeeded: value / 10)
        next[index + 1] = 0x30 &+ UInt8(truncatingIfNeeded: value % 10)
    }

    /// - Parameter days: since 0000-01-01.
    @inline(__always)
    private mutating func setDay(_ days: UInt64) {
        day = Int64(days)
        // As CivilDate does it, on numbers that are never negative: eras of 400 years that begin with a March.
        let shifted = UInt32(truncatingIfNeeded: days) &+ 146_097 &- 60
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let monthFromMarch = (5 &* dayOfYear &+ 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch &+ 3 : monthFromMarch &- 9
        let year = yearOfEra &+ shifted / 146_097 &* 400 &- 400 &+ (month <= 2 ? 1 : 0)
        let dayOfMonth = dayOfYear &- (153 &* monthFromMarch &+ 2) / 5 &+ 1
        withUnsafeMutableBytes(of: &dayText) { text in
            text[0] = Self.digit(year / 1000)
            text[1] = Self.digit(year / 100 % 10)
            text[2] = Self.digit(year / 10 % 10)
            text[3] = Self.digit(year % 10)
            text[4] = UInt8(ascii: "-")
            text[5] = Self.digit(month / 10)
            text[6] = Self.digit(month % 10)
            text[7] = UInt8(ascii: "-")
            text[8] = Self.digit(dayOfMonth / 10)
            text[9] = Self.digit(dayOfMonth % 10)
        }
    }

    @inline(__always)
    private static func digit(_ value: UInt32) -> UInt8 { 0x30 &+ UInt8(truncatingIfNeeded: value) }

    @inline(__always)
    private mutating func putFraction(_ nanoseconds: UInt32) {
        guard nanoseconds != 0 else { return }
        next.pointee = UInt8(ascii: ".")
        var rest = nanoseconds
        var index = 9
        while index > 0 {
            next[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            index -= 1
        }
        var count = 9
        while next[count] == 0x30, count > 1 { count -= 1 }
        next += count + 1
    }

    /// Go writes the zone in whole minutes, rounded towards zero, and "Z" for none at all.
    @inline(__always)
    private mutating func putZone(_ offset: Int32) {
        guard offset != 0 else {
            put(UInt8(ascii: "Z"))
            return
        }
        let minutes = offset / 60
        let size = UInt32(minutes.magnitude)
        next[0] = minutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
        put2(size / 60 % 100, at: 1)
        next[3] = UInt8(ascii: ":")
        put2(size % 60, at: 4)
        next += 6
    }
}

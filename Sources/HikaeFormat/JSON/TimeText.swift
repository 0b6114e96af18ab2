// RFC 3339 with Go's habits, fast: three times stand in every node of a tree.

import HikaeCore

enum TimeText {
    /// The longest text that `OutputCursor.put(_: Timestamp)` writes, quotes included.
    static let maximumCount = 40

    /// Reads a time as Go writes it; odd but valid forms take the slow way through HikaeCore. Nil when it is none.
    @inline(__always)
    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        guard text.count >= 20, text[4] == 0x2D, text[7] == 0x2D, text[10] == UInt8(ascii: "T"), text[13] == 0x3A,
            text[16] == 0x3A, let century = two(text, 0), let year = two(text, 2), let month = two(text, 5),
            let day = two(text, 8), let hour = two(text, 11), let minute = two(text, 14), let second = two(text, 17),
            month &- 1 < 12, day &- 1 < 31, hour < 24, minute < 60, second < 60
        else { return Timestamp(rfc3339: Array(text)) }
        var index = 19
        var nanoseconds = 0
        if text[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            while index < text.count, index - start < 9 {
                let digit = text[index] &- 0x30
                guard digit < 10 else { break }
                nanoseconds = nanoseconds &* 10 &+ Int(digit)
                index += 1
            }
            let digits = index - start
            guard digits > 0 else { return nil }
            if digits < 9 { nanoseconds &*= powerOfTen(9 - digits) }
        }
        var offset = 0
        guard index < text.count else { return nil }
        switch text[index] {
        case UInt8(ascii: "Z") where index + 1 == text.count: break
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard index + 6 == text.count, text[index + 3] == 0x3A, let hours = two(text, index + 1),
                let minutes = two(text, index + 4), hours < 25, minutes < 60
            else { return nil }
            offset = Int(hours) * 3600 + Int(minutes) * 60
            if text[index] == UInt8(ascii: "-") { offset = -offset }
        // More than nine digits of fraction, a lower-case z.
        default: return Timestamp(rfc3339: Array(text))
        }
        let days = days(year: Int(century) * 100 + Int(year), month: Int(month), day: Int(day))
        let seconds = days &* 86400 &+ Int(hour) * 3600 &+ Int(minute) * 60 &+ Int(second)
        return Timestamp(
            seconds: Int64(seconds &- offset), nanoseconds: Int32(nanoseconds), offset: Int32(offset))
    }

    /// The time moved into the years 0 to 9999, month, day and time of day kept: all that the format can write.
    static func writable(_ time: Timestamp) -> Timestamp {
        guard !time.isWritable else { return time }
        let offset = Int64(time.offset)
        // Far from the ends of Int64, where calendar arithmetic would overflow.
        let limit: Int64 = 1 << 56
        let local = min(max(time.seconds, -limit), limit) + offset
        var date = CivilDate(secondsSince1970: local)
        date.year = date.year < 0 ? 0 : 9999
        var fixed = date.secondsSince1970
        // A 29 February moved to 9999 is 1 March, which the arithmetic gives; nothing can lie outside now.
        fixed = min(max(fixed, -62_167_219_200), 253_402_300_799)
        return Timestamp(seconds: fixed - offset, nanoseconds: time.nanoseconds, offset: time.offset)
    }

    /// Two digits at `index`, or nil.
    @inline(__always)
    private static func two(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32? {
        let tens = UInt32(text[index] &- 0x30)
        let units = UInt32(text[index + 1] &- 0x30)
        guard tens < 10, units < 10 else { return nil }
        return tens &* 10 &+ units
    }

    @inline(__always)
    private static func powerOfTen(_ exponent: Int) -> Int {
        var result = 1
        for _ in 0..<exponent { result &*= 10 }
        return result
    }

    /// Days since 1970-01-01 for years 0 to 9999.
    @inline(__always)
    private static func days(year: Int, month: Int, day: Int) -> Int {
        // Shifted by 400 years so that every division is of a positive number.
        let shifted = UInt32(truncatingIfNeeded: month <= 2 ? year + 399 : year + 400)
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = UInt32(truncatingIfNeeded: (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int(era) * 146_097 + Int(dayOfEra) - 719_468 - 146_097
    }
}

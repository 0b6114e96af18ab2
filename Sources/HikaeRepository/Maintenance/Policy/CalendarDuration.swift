// Spans as restic writes them: "2y5m7d3h". Calendar units, so a month is as long as the month is.

public import HikaeCore

/// Years, months, days and hours, as restic's `--keep-within` takes them.
public struct CalendarDuration: Sendable, Hashable {
    public var years, months, days, hours: Int

    public init(years: Int = 0, months: Int = 0, days: Int = 0, hours: Int = 0) {
        (self.years, self.months, self.days, self.hours) = (years, months, days, hours)
    }

    /// Reads `2y5m7d3h`: numbers with a unit each, in any order, the last of a unit wins. An empty text is zero.
    public init(_ text: String) throws(HikaeError) {
        self.init()
        var digits = ""
        func fail(_ reason: String) -> HikaeError {
            HikaeError(.usage, "\"\(text)\" is no duration: \(reason)", hint: "Write it like 2y5m7d3h.")
        }
        for character in text.trimmedOfSpaces {
            if character.isASCII, character.isNumber || (character == "-" && digits.isEmpty) {
                digits.append(character)
                continue
            }
            guard !digits.isEmpty, digits != "-" else { throw fail("no number before \"\(character)\"") }
            guard let number = Int(digits), abs(number) <= 1_000_000 else {
                throw fail("the number \(digits) is too large")
            }
            switch character {
            case "y": years = number
            case "m": months = number
            case "d": days = number
            case "h": hours = number
            default: throw fail("\"\(character)\" is no unit")
            }
            digits = ""
        }
        guard digits.isEmpty else { throw fail("no unit after \(digits)") }
    }

    /// Whether all units are zero, which means "not set".
    public var isZero: Bool { years == 0 && months == 0 && days == 0 && hours == 0 }

    /// Whether a unit is below zero.
    var isNegative: Bool { years < 0 || months < 0 || days < 0 || hours < 0 }

    /// The instant this long before `time`, by the calendar of the time's own zone; days past a month's end run over.
    public func before(_ time: Timestamp) -> Timestamp {
        // Go calls a zone "Local" when its offset is the machine's at that instant, and then follows its changes.
        let isLocal = LocalZone.offset(at: time.seconds) == time.offset
        var date = CivilDate(secondsSince1970: time.seconds &+ Int64(time.offset))
        let monthIndex = date.year * 12 + (date.month - 1) - years * 12 - months
        date.year = monthIndex >= 0 ? monthIndex / 12 : (monthIndex - 11) / 12
        date.month = monthIndex - date.year * 12 + 1
        let wanted = date.day - days
        date.day = 1
        let wall = date.secondsSince1970 + Int64(wanted - 1) * 86400
        var offset = time.offset
        if isLocal {
            offset = LocalZone.offset(at: wall)
            let other = LocalZone.offset(at: wall - Int64(offset))
            if other != offset { offset = other }
        }
        return Timestamp(
            seconds: wall - Int64(offset) - Int64(hours) * 3600, nanoseconds: time.nanoseconds, offset: offset)
    }
}

extension CalendarDuration: CustomStringConvertible {
    public var description: String {
        var text = ""
        if years != 0 { text += "\(years)y" }
        if months != 0 { text += "\(months)m" }
        if days != 0 { text += "\(days)d" }
        if hours != 0 { text += "\(hours)h" }
        return text
    }
}

extension String {
    /// The text without white space at either end.
    var trimmedOfSpaces: Substring {
        var slice = self[...]
        while slice.first?.isWhitespace == true { slice.removeFirst() }
        while slice.last?.isWhitespace == true { slice.removeLast() }
        return slice
    }
}

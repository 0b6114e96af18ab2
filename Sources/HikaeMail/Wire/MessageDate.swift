// INTERNALDATE: "17-Jul-1996 02:44:25 -0700", both ways.

import HikaeCore

/// The date that a server keeps for a message.
enum MessageDate {
    private static let months = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]

    /// The time that a date-time stands for; nil when it is none.
    static func parse(_ text: [UInt8]) -> Timestamp? {
        let words = text.split(separator: 0x20)
        guard words.count == 3 else { return nil }
        let date = words[0].split(separator: UInt8(ascii: "-"))
        let time = words[1].split(separator: UInt8(ascii: ":"))
        guard date.count == 3, time.count == 3, let day = number(date[0], 1...31), let year = number(date[2], 0...9999),
            let month = months.firstIndex(of: ResponseCursor.upper(date[1])), let hour = number(time[0], 0...23),
            let minute = number(time[1], 0...59), let second = number(time[2], 0...60), let offset = zone(words[2])
        else { return nil }
        let civil = CivilDate(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
        return Timestamp(seconds: civil.secondsSince1970 - Int64(offset), offset: Int32(offset))
    }

    /// The date-time for a command, in the time's own zone. Fractions of a second do not fit in and are dropped.
    static func text(_ time: Timestamp) -> String {
        var offset = Int(time.offset) / 60
        if !(-24 * 60 + 1..<24 * 60).contains(offset) { offset = 0 }
        let civil = CivilDate(secondsSince1970: time.seconds + Int64(offset) * 60)
        let year = max(0, min(civil.year, 9999))
        let month = months[civil.month - 1]
        let name = month.prefix(1) + month.dropFirst().lowercased()
        let zone = "\(offset < 0 ? "-" : "+")\(two(abs(offset) / 60))\(two(abs(offset) % 60))"
        let four = two(year / 100) + two(year % 100)
        return "\(two(civil.day))-\(name)-\(four) \(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) \(zone)"
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func number(_ text: ArraySlice<UInt8>, _ range: ClosedRange<Int>) -> Int? {
        guard !text.isEmpty, text.count <= 4 else { return nil }
        var value = 0
        for digit in text {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return range.contains(value) ? value : nil
    }

    /// Seconds east of UTC.
    private static func zone(_ text: ArraySlice<UInt8>) -> Int? {
        guard text.count == 5, let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let hours = number(text.dropFirst().prefix(2), 0...23), let minutes = number(text.suffix(2), 0...59)
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }
}

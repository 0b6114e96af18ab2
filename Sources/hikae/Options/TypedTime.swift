// Times as people type them: `2026-11-28`, `2026-11-28 14:30`, `28.11.2026 14:30:05`, with or without a zone.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reading of times on the command line.
enum TypedTime {
    /// The time that `text` means, in this machine's zone unless it names one. Throws `.usage`.
    static func parse(_ text: String, _ option: String) throws(HikaeError) -> Timestamp {
        if let time = Timestamp(rfc3339: text) { return time }
        guard let time = parse(text) else {
            throw HikaeError(
                .usage, "\(option): \(Words.safe(text)) is no time",
                hint: "Write it as \"2026-11-28 14:30:05\"; the time of day may be left out.")
        }
        return time
    }

    private static func parse(_ text: String) -> Timestamp? {
        let words = text.split(separator: " ")
        guard (1...3).contains(words.count), var date = date(words[0]) else { return nil }
        if words.count > 1 {
            guard let (hour, minute, second) = clock(words[1]) else { return nil }
            (date.hour, date.minute, date.second) = (hour, minute, second)
        }
        guard words.count == 3 else { return local(date) }
        guard let offset = zone(words[2]) else { return nil }
        return Timestamp(seconds: date.secondsSince1970 - Int64(offset), offset: Int32(offset))
    }

    private static func date(_ text: Substring) -> CivilDate? {
        let isGerman = text.contains(".")
        let parts = numbers(text, separator: isGerman ? "." : "-", widths: isGerman ? [2, 2, 4] : [4, 2, 2])
        guard let parts else { return nil }
        let date = CivilDate(
            year: isGerman ? parts[2] : parts[0], month: parts[1], day: isGerman ? parts[0] : parts[2])
        // A day that its month does not have comes back as another.
        let again = CivilDate(secondsSince1970: date.secondsSince1970)
        return (1...12).contains(date.month) && again == date ? date : nil
    }

    private static func clock(_ text: Substring) -> (Int, Int, Int)? {
        guard
            let parts = numbers(text, separator: ":", widths: [2, 2, 2])
                ?? numbers(text, separator: ":", widths: [2, 2]),
            parts[0] < 24, parts[1] < 60
        else { return nil }
        let second = parts.count > 2 ? parts[2] : 0
        return second < 60 ? (parts[0], parts[1], second) : nil
    }

    /// `+0900`, `-03:30`, `Z` or `UTC`, in seconds east of UTC.
    private static func zone(_ text: Substring) -> Int? {
        if ["Z", "UTC", "GMT"].contains(text) { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let digits = text.dropFirst().filter { $0 != ":" }
        guard digits.count == 4, let number = Int(digits), number % 100 < 60 else { return nil }
        return (sign == "-" ? -1 : 1) * (number / 100 * 3600 + number % 100 * 60)
    }

    private static func numbers(_ text: Substring, separator: Character, widths: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == widths.count else { return nil }
        var numbers: [Int] = []
        for (part, width) in zip(parts, widths) {
            guard part.count == width, part.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(part) else {
                return nil
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func local(_ date: CivilDate) -> Timestamp? {
        var parts = tm()
        parts.tm_year = Int32(date.year - 1900)
        parts.tm_mon = Int32(date.month - 1)
        parts.tm_mday = Int32(date.day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(date.hour), Int32(date.minute), Int32(date.second))
        parts.tm_isdst = -1
        let seconds = Int64(mktime(&parts))
        return Timestamp(seconds: seconds).inLocalZone
    }
}

// Times as HTTP headers have them: "Wed, 20 Jun 2012 08:00:00 GMT".

import HikaeCore

/// Reads the one form of date that HTTP servers write today.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Nil for what is no such date.
    static func timestamp(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]), (1...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        let date = CivilDate(
            year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1], second: clock[2])
        return Timestamp(seconds: date.secondsSince1970)
    }
}

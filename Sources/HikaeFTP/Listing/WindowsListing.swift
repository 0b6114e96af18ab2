// The lines of LIST as Microsoft's server writes them: "11-28-12  04:05PM       <DIR>          name".

import HikaeCore

/// Reads lines of LIST in the form of `dir`.
enum WindowsListing {
    /// Reads one line, without its end.
    static func read(_ line: ArraySlice<UInt8>) -> ListedLine {
        guard !line.isEmpty else { return .nothing }
        var rest = line
        guard let day = word(&rest), let clock = word(&rest), let what = word(&rest),
            let instant = instant(day, clock), rest.first == 0x20
        else { return .unreadable }
        // A size stands right-aligned, one space before the name; <DIR> fills the column, ten spaces before it.
        var name = rest.dropFirst()
        var entry = ListedEntry(name: [], kind: .file)
        if what.elementsEqual(Array("<DIR>".utf8)) {
            entry.kind = .folder
            if name.prefix(9).count == 9, name.prefix(9).allSatisfy({ $0 == 0x20 }) { name = name.dropFirst(9) }
        } else if let size = ListingText.size(what) {
            entry.size = size
        } else if what.elementsEqual(Array("<JUNCTION>".utf8)) || what.elementsEqual(Array("<SYMLINKD>".utf8)) {
            entry.kind = .link
        } else {
            return .unreadable
        }
        entry.name = Array(name)
        entry.time = ListedEntry.Time(instant: instant, precision: .minute, isLocal: true)
        if entry.name == [0x2E] || entry.name == [0x2E, 0x2E], entry.kind == .folder { return .nothing }
        return .entry(entry)
    }

    private static func word(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let start = rest.firstIndex(where: { $0 != 0x20 }) else { return nil }
        let end = rest[start...].firstIndex(of: 0x20) ?? rest.endIndex
        defer { rest = rest[end...] }
        return rest[start..<end]
    }

    private static func instant(_ day: ArraySlice<UInt8>, _ clock: ArraySlice<UInt8>) -> Timestamp? {
        var date: CivilDate
        if let parts = numbers(day, by: 0x2D, [2, 2, 4]) {
            date = CivilDate(year: parts[2], month: parts[0], day: parts[1])
        } else if let parts = numbers(day, by: 0x2D, [2, 2, 2]) {
            date = CivilDate(year: parts[2] + (parts[2] < 70 ? 2000 : 1900), month: parts[0], day: parts[1])
        } else if let parts = numbers(day, by: 0x2D, [4, 2, 2]) {
            date = CivilDate(year: parts[0], month: parts[1], day: parts[2])
        } else {
            return nil
        }
        let half = ListingText.lowercased(clock.suffix(2))
        let isHalved = half == Array("am".utf8) || half == Array("pm".utf8)
        guard let parts = numbers(isHalved ? clock.dropLast(2) : clock, by: 0x3A, [2, 2]) else { return nil }
        (date.hour, date.minute) = (parts[0], parts[1])
        if isHalved {
            guard (1...12).contains(date.hour) else { return nil }
            date.hour = date.hour % 12 + (half[0] == 0x70 ? 12 : 0)
        }
        return ListingText.instant(date)
    }

    /// The numbers of a text like "2012-11-28", of at most as many digits as told; nil for another form. The first
    /// may have fewer.
    static func numbers(_ text: ArraySlice<UInt8>, by separator: UInt8, _ digits: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == digits.count else { return nil }
        var numbers: [Int] = []
        for (index, part) in parts.enumerated() {
            guard part.count == digits[index] || (index == 0 && digits[0] == 2 && part.count == 1),
                let number = ListingText.number(part)
            else { return nil }
            numbers.append(Int(number))
        }
        return numbers
    }
}

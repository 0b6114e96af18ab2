// The lines of LIST in the form of `ls -l`: mode, links, owner, group, size, date, name.

import HikaeCore

/// Reads lines of LIST as most servers write them.
struct UnixListing: Sendable {
    /// Now, to tell the year of a date that has none.
    let now: Timestamp

    /// A word of the line, and where it ends.
    private typealias Word = ArraySlice<UInt8>

    /// Reads one line, without its end.
    func read(_ line: ArraySlice<UInt8>) -> ListedLine {
        guard let first = line.first else { return .nothing }
        if line.starts(with: Array("total ".utf8)), ListingText.number(line.dropFirst(6)) != nil { return .nothing }
        guard Self.kinds.contains(first), line.count > 10,
            let permissions = Self.permissions(line.dropFirst().prefix(9))
        else { return .unreadable }
        var words: [Word] = []
        var end = line.startIndex
        // Mode, links, owner, group, size, and three words of the date; some servers leave out links or group.
        while words.count < 9, let start = line[end...].firstIndex(where: { $0 != 0x20 }) {
            end = line[start...].firstIndex(of: 0x20) ?? line.endIndex
            words.append(line[start..<end])
        }
        for month in 3..<max(3, words.count - 1) {
            guard month + 2 < words.count + 0, let size = ListingText.size(words[month - 1]),
                let (time, last) = date(words[month...])
            else { continue }
            let after = words[last].endIndex
            // One space parts the date from the name; more belong to the name.
            guard after < line.endIndex, line[after] == 0x20 else { return .unreadable }
            return entry(first, permissions, words[..<(month - 1)], size, time, Array(line[(after + 1)...]))
        }
        return Self.isDevice(first) && words.count >= 8 ? .nothing : .unreadable
    }

    private static let kinds = Array("-dlbcpsD".utf8)

    private static func isDevice(_ letter: UInt8) -> Bool { letter == 0x62 || letter == 0x63 }

    private func entry(
        _ letter: UInt8, _ permissions: UInt32, _ owners: ArraySlice<Word>, _ size: UInt64, _ time: ListedEntry.Time,
        _ name: [UInt8]
    ) -> ListedLine {
        var entry = ListedEntry(name: name, kind: .other)
        entry.permissions = permissions
        entry.time = time
        let owners = owners.dropFirst(2)
        if let owner = owners.first { entry.owner = Array(owner) }
        if let group = owners.dropFirst().first { entry.group = Array(group) }
        switch letter {
        case 0x2D:
            entry.kind = .file
            entry.size = size
        case 0x64: entry.kind = .folder
        case 0x6C:
            entry.kind = .link
            let arrow = Array(" -> ".utf8)
            // The first arrow ends the name: a server that means another one cannot be understood by anybody.
            if let at = name.indices.first(where: { name[$0...].starts(with: arrow) }) {
                entry.name = Array(name[..<at])
                entry.target = Array(name[(at + 4)...])
            }
        default: break
        }
        if entry.name == [0x2E] || entry.name == [0x2E, 0x2E], entry.kind == .folder { return .nothing }
        return .entry(entry)
    }

    /// The nine letters of a mode, as bits with setuid, setgid and sticky; nil when they are none.
    static func permissions(_ letters: ArraySlice<UInt8>) -> UInt32? {
        guard letters.count == 9 else { return nil }
        var bits: UInt32 = 0
        for (index, letter) in letters.enumerated() {
            let bit = UInt32(0o400) >> UInt32(index)
            let special = UInt32(0o4000) >> UInt32(index / 3)
            switch (index % 3, letter) {
            case (_, 0x2D): break
            case (0, 0x72), (1, 0x77), (2, 0x78): bits |= bit
            case (2, 0x73) where index < 8, (2, 0x74) where index == 8: bits |= bit | special
            case (2, 0x53) where index < 8, (2, 0x54) where index == 8: bits |= special
            case (2, 0x6C) where index == 5, (2, 0x4C) where index == 5: break
            default: return nil
            }
        }
        return bits
    }

    /// "Nov 28 04:05", "Nov 28 2012", "28 Nov 2012", "2012-11-28 04:05": the time, and the index of its last word.
    private func date(_ words: ArraySlice<Word>) -> (ListedEntry.Time, Int)? {
        let at = words.startIndex
        if let day = WindowsListing.numbers(words[at], by: 0x2D, [4, 2, 2]),
            let clock = WindowsListing.numbers(words[at + 1], by: 0x3A, [2, 2]),
            let instant = ListingText.instant(
                CivilDate(year: day[0], month: day[1], day: day[2], hour: clock[0], minute: clock[1]))
        {
            return (ListedEntry.Time(instant: instant, precision: .minute, isLocal: true), at + 1)
        }
        guard at + 2 < words.endIndex else { return nil }
        let pair: (month: Int, day: UInt64)?
        if let month = Self.month(words[at]) {
            pair = ListingText.number(words[at + 1]).map { (month, $0) }
        } else if let month = Self.month(words[at + 1]) {
            pair = ListingText.number(words[at]).map { (month, $0) }
        } else {
            pair = nil
        }
        guard let pair, pair.day <= 31 else { return nil }
        var date = CivilDate(year: 0, month: pair.month, day: Int(pair.day))
        if let clock = WindowsListing.numbers(words[at + 2], by: 0x3A, [2, 2]) {
            (date.hour, date.minute) = (clock[0], clock[1])
            guard let instant = recent(date) else { return nil }
            return (ListedEntry.Time(instant: instant, precision: .minute, isLocal: true), at + 2)
        }
        guard words[at + 2].count == 4, let year = ListingText.number(words[at + 2]) else { return nil }
        date.year = Int(year)
        guard let instant = ListingText.instant(date) else { return nil }
        return (ListedEntry.Time(instant: instant, precision: .day, isLocal: true), at + 2)
    }

    /// A date without a year lies in the past year; a day of grace is for servers east of here.
    private func recent(_ date: CivilDate) -> Timestamp? {
        var date = date
        let latest = now.adding(seconds: 36 * 3600)
        date.year = CivilDate(secondsSince1970: latest.seconds).year
        // Back until it has been: eight years reach the last 29th of February.
        for _ in 0..<9 {
            if let instant = ListingText.instant(date), instant <= latest { return instant }
            date.year -= 1
        }
        return nil
    }

    private static func month(_ word: Word) -> Int? {
        guard word.count == 3 else { return nil }
        let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        return names.firstIndex(of: String(decoding: ListingText.lowercased(word), as: UTF8.self)).map { $0 + 1 }
    }
}

// The lines of MLSD (RFC 3659): facts, a space, the name.

import HikaeCore

/// Reads lines of MLSD.
enum MachineListing {
    /// Reads one line, without its end.
    static func read(_ line: ArraySlice<UInt8>) -> ListedLine {
        guard !line.isEmpty else { return .nothing }
        guard let space = line.firstIndex(of: 0x20) else { return .unreadable }
        var entry = ListedEntry(name: Array(line[(space + 1)...]), kind: .other)
        var size: UInt64?
        var type: [UInt8] = []
        for fact in line[..<space].split(separator: 0x3B) {
            guard let equals = fact.firstIndex(of: 0x3D) else { return .unreadable }
            let value = fact[(equals + 1)...]
            switch String(decoding: ListingText.lowercased(fact[..<equals]), as: UTF8.self) {
            case "type": type = Array(value)
            case "size":
                guard let number = ListingText.size(value) else { return .unreadable }
                size = number
            case "modify": entry.time = time(value)
            case "unix.mode":
                // One server writes it as Python does.
                let digits = value.starts(with: Array("0o".utf8)) ? value.dropFirst(2) : value
                entry.permissions = ListingText.octal(digits).map { $0 & 0o7777 }
            case "unix.owner", "unix.uid": entry.owner = Array(value)
            case "unix.group", "unix.gid": entry.group = Array(value)
            case "unique": entry.identity = Array(value)
            default: break
            }
        }
        switch String(decoding: ListingText.lowercased(type), as: UTF8.self) {
        case "cdir", "pdir": return .nothing
        case "dir": entry.kind = .folder
        case "file":
            guard let size else { return .unreadable }
            entry.kind = .file
            entry.size = size
        case let other where other.hasPrefix("os.unix=slink") || other.hasPrefix("os.unix=symlink"):
            entry.kind = .link
            if let colon = type.firstIndex(of: 0x3A) { entry.target = Array(type[(colon + 1)...]) }
        case "": return .unreadable
        default: break
        }
        if entry.name == [0x2E] || entry.name == [0x2E, 0x2E], entry.kind == .folder { return .nothing }
        return .entry(entry)
    }

    /// A time of RFC 3659: YYYYMMDDHHMMSS, perhaps with a fraction, in UTC. Nil for anything else.
    static func time(_ text: some Collection<UInt8>) -> ListedEntry.Time? {
        let text = Array(text)
        guard text.count >= 14, let all = ListingText.number(text[..<14]) else { return nil }
        let date = CivilDate(
            year: Int(all / 10_000_000_000), month: Int(all / 100_000_000 % 100), day: Int(all / 1_000_000 % 100),
            hour: Int(all / 10000 % 100), minute: Int(all / 100 % 100), second: Int(all % 100))
        guard var instant = ListingText.instant(date) else { return nil }
        if text.count > 15, text[14] == 0x2E {
            var digits = Array(text[15...].prefix(9))
            while digits.count < 9 { digits.append(0x30) }
            guard let fraction = ListingText.number(digits) else { return nil }
            instant.nanoseconds = Int32(fraction)
        } else if text.count != 14 {
            return nil
        }
        return ListedEntry.Time(instant: instant, precision: .second, isLocal: false)
    }
}

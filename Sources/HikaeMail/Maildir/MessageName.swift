// A message's file name: which message it is, and its flags. "1700000000.U0000000042.hikae:2,FS"

import HikaeCore

/// The name of a message's file in `cur`.
///
/// UIDVALIDITY, UID in ten digits, so that names sort as UIDs do, and after ":2," the flags of Maildir: D draft,
/// F flagged, R answered, S seen, T deleted, and a to z for keywords.
struct MessageName: Sendable, Equatable {
    var uidValidity: UInt32
    var uid: UInt32
    var system: MessageFlags.System
    /// Keyword letters in order.
    var letters: [UInt8]

    init(uidValidity: UInt32, uid: UInt32, system: MessageFlags.System, letters: [UInt8]) {
        (self.uidValidity, self.uid, self.system, self.letters) = (uidValidity, uid, system, letters)
    }

    /// The name as the file bears it.
    var bytes: [UInt8] {
        var name: [UInt8] = []
        name.reserveCapacity(48)
        name.append(contentsOf: String(uidValidity).utf8)
        name.append(contentsOf: ".U".utf8)
        let digits = String(uid).utf8
        for _ in digits.count..<10 { name.append(UInt8(ascii: "0")) }
        name.append(contentsOf: digits)
        name.append(contentsOf: ".hikae:2,".utf8)
        for entry in MessageFlags.System.table where system.contains(entry.flag) { name.append(entry.letter) }
        return name + letters
    }

    /// Reads a name that Hikae gave; nil for any other.
    init?(_ name: [UInt8]) {
        var index = 0
        func number() -> UInt32? {
            var value: UInt64 = 0
            let start = index
            while index < name.count, (0x30...0x39).contains(name[index]), index - start < 10 {
                value = value * 10 + UInt64(name[index] - 0x30)
                index += 1
            }
            return index > start ? UInt32(exactly: value) : nil
        }
        guard let validity = number(), name[index...].starts(with: ".U".utf8) else { return nil }
        index += 2
        guard let uid = number(), uid > 0, name[index...].starts(with: ".hikae:2,".utf8) else { return nil }
        uidValidity = validity
        self.uid = uid
        (system, letters) = Self.flags(name)
    }

    /// The flags in any Maildir's file name; none where it has none.
    static func flags(_ name: [UInt8]) -> (system: MessageFlags.System, letters: [UInt8]) {
        var found: (system: MessageFlags.System, letters: [UInt8]) = ([], [])
        guard let colon = name.lastIndex(of: UInt8(ascii: ":")), name[colon...].starts(with: ":2,".utf8) else {
            return found
        }
        for letter in name[(colon + 3)...] {
            if let entry = MessageFlags.System.table.first(where: { $0.letter == letter }) {
                found.system.insert(entry.flag)
            } else if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter), !found.letters.contains(letter) {
                found.letters.append(letter)
            }
        }
        return found
    }
}

// One line of a folder's listing, in whatever form the server wrote it.

import HikaeCore
import HikaeFormat

/// What a server says of one entry.
struct ListedEntry: Sendable, Equatable {
    /// What an entry is.
    enum Kind: Sendable, Equatable { case file, folder, link, other }

    /// How exact a time is. A listing of Unix form knows minutes of the last half year, and days before.
    enum Precision: Sendable, Equatable { case second, minute, day }

    /// A time as a listing has it.
    struct Time: Sendable, Equatable {
        var instant: Timestamp
        var precision: Precision
        /// Whether it is in the server's own zone, whichever that is; otherwise in UTC.
        var isLocal: Bool
    }

    /// The bytes on the wire.
    var name: [UInt8]
    var kind: Kind
    var size: UInt64 = 0
    var time: Time?
    /// The twelve permission bits, when the server tells them.
    var permissions: UInt32?
    var owner: [UInt8] = []
    var group: [UInt8] = []
    /// A link's target, when the server tells it.
    var target: [UInt8] = []
    /// What names the file or folder behind the name: two entries with the same are the same.
    var identity: [UInt8] = []

    init(name: [UInt8], kind: Kind) { (self.name, self.kind) = (name, kind) }

    /// Whether a name may stand in a folder here and be sent in a command: not empty, not "." or "..", no slash, and
    /// no control character, which would end the command or be eaten on the way.
    static func isAllowed(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name != [0x2E] && name != [0x2E, 0x2E] && name.count <= 1024
            && !name.contains { $0 == 0x2F || $0 < 0x20 || $0 == 0x7F || $0 == 0xFF }
    }
}

/// What a line of a listing turned out to be.
enum ListedLine: Sendable, Equatable {
    case entry(ListedEntry)
    /// Nothing to list: an empty line, a total, the folder itself or the one above.
    case nothing
    /// No form that is known.
    case unreadable
}

/// Digits and words of listings.
enum ListingText {
    /// The number that these digits write; nil when they are none, or beyond 64 bits.
    static func number(_ text: some Collection<UInt8>) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, more) = product.addingReportingOverflow(UInt64(byte - 0x30))
            guard !over, !more else { return nil }
            value = sum
        }
        return value
    }

    /// The number in base eight.
    static func octal(_ text: some Collection<UInt8>) -> UInt32? {
        guard !text.isEmpty, text.count <= 7 else { return nil }
        var value: UInt32 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x37 else { return nil }
            value = value * 8 + UInt32(byte - 0x30)
        }
        return value
    }

    static func lowercased(_ text: some Collection<UInt8>) -> [UInt8] {
        text.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
    }

    /// A size that a file may have: what is beyond is no size but nonsense.
    static func size(_ text: some Collection<UInt8>) -> UInt64? {
        number(text).flatMap { $0 <= UInt64(Int64.max) ? $0 : nil }
    }

    /// The instant of a date that must exist; nil for the 31st of February.
    static func instant(_ date: CivilDate) -> Timestamp? {
        guard (1...12).contains(date.month), (0...23).contains(date.hour), (0...59).contains(date.minute),
            (0...60).contains(date.second), (1...31).contains(date.day), (1...9999).contains(date.year)
        else { return nil }
        var clean = date
        clean.second = min(59, date.second)
        let back = CivilDate(secondsSince1970: clean.secondsSince1970)
        guard back == clean else { return nil }
        return Timestamp(seconds: clean.secondsSince1970)
    }
}

// Sets of UIDs as IMAP writes them: "1:5,9,12:30".

import HikaeCore

/// A set of UIDs, as ranges in rising order.
struct UIDSet: Sendable, Equatable {
    private(set) var ranges: [ClosedRange<UInt32>] = []

    init() {}

    /// The UIDs given, which must rise.
    init(rising uids: some Sequence<UInt32>) { for uid in uids { append(uid) } }

    /// Adds a UID that is larger than all others in the set.
    mutating func append(_ uid: UInt32) {
        if let last = ranges.last {
            precondition(uid > last.upperBound, "UIDs must rise")
            if last.upperBound + 1 == uid {
                ranges[ranges.count - 1] = last.lowerBound...uid
                return
            }
        }
        ranges.append(uid...uid)
    }

    /// Reads a set that a server sent; its ranges may come in any order and overlap. Nil when it is none.
    init?(parsing text: ArraySlice<UInt8>) {
        var found: [ClosedRange<UInt32>] = []
        for part in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let ends = part.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard ends.count <= 2, let first = Self.number(ends[0]) else { return nil }
            guard let last = ends.count == 2 ? Self.number(ends[1]) : first else { return nil }
            found.append(min(first, last)...max(first, last))
        }
        for range in found.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> UInt32? {
        UInt32(String(decoding: text, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }

    /// Whether a UID is in it.
    func contains(_ uid: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < uid { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(uid)
    }

    /// As a command has it.
    var text: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound):\($0.upperBound)" }.joined(separator: ",")
    }
}

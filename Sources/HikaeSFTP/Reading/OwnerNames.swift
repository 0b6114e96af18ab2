// The owners' names, out of the line that a server adds for people.

import HikaeCore

/// Names of owner and group; empty where they are not known beyond doubt.
struct OwnerNames: Sendable, Equatable {
    var user: String
    var group: String

    init(user: String, group: String) { (self.user, self.group) = (user, group) }

    /// Reads `-rw-r--r--  1 user group  123 …`. The line is meant for eyes, so it is believed only where the column of
    /// the size is what the attributes say, which puts the two names before it beyond doubt.
    init(longName: [UInt8], attributes: FileAttributes) {
        self.init(user: "", group: "")
        guard let size = attributes.size, attributes.uid != nil, attributes.gid != nil else { return }
        let columns = longName.split(separator: 0x20, maxSplits: 5, omittingEmptySubsequences: true)
        guard columns.count == 6, columns[0].count >= 10, Self.number(columns[1]) != nil,
            Self.number(columns[4]) == size
        else { return }
        user = Self.name(columns[2])
        group = Self.name(columns[3])
    }

    private static func number(_ text: ArraySlice<UInt8>) -> UInt64? {
        UInt64(String(decoding: text, as: UTF8.self))
    }

    /// A number for a name is no name.
    private static func name(_ text: ArraySlice<UInt8>) -> String {
        guard text.count <= 256, !text.allSatisfy({ (0x30...0x39).contains($0) }),
            text.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let name = String(validating: text, as: UTF8.self)
        else { return "" }
        return name
    }
}

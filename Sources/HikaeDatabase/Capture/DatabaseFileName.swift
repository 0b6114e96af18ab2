// Which file a database's dump is in. Any name of a database makes a name of a file, and back.

/// Names of dump files.
enum DatabaseFileName {
    private static let suffix = ".sql"
    /// The folder of what makes the databases.
    static let creationFolder = "create"
    private static let taken: Set<String> = ["roles", "grants"]

    /// The file of a database.
    static func file(_ database: String) -> String {
        var name = ""
        for (place, scalar) in database.unicodeScalars.enumerated() {
            let isSpecial = scalar == "/" || scalar == "%" || scalar.value < 0x20
            // "roles.sql" and "grants.sql" are no databases' dumps; nor is a hidden file.
            if isSpecial || place == 0 && (taken.contains(database) || scalar == ".") {
                let digits = Array("0123456789ABCDEF")
                name += "%\(digits[Int(scalar.value >> 4)])\(digits[Int(scalar.value & 15)])"
            } else {
                name.unicodeScalars.append(scalar)
            }
        }
        return name + suffix
    }

    /// The database of a file; nil when it is no database's dump.
    static func database(_ file: [UInt8]) -> String? {
        guard file.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) else { return nil }
        let stem = file.dropLast(suffix.utf8.count)
        if taken.contains(String(decoding: stem, as: UTF8.self)) { return nil }
        var name: [UInt8] = []
        var rest = stem
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                name.append(value)
                rest = rest.dropFirst(2)
            } else {
                name.append(byte)
            }
        }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}

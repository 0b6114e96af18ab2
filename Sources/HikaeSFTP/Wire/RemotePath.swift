// Paths on a server: bytes, with "/" between the names.

/// How paths are put together.
enum RemotePath {
    static let slash = UInt8(ascii: "/")

    /// The path of `name` in a directory.
    static func child(of directory: [UInt8], _ name: [UInt8]) -> [UInt8] {
        var path = directory
        path.reserveCapacity(directory.count + name.count + 1)
        if path.last != slash { path.append(slash) }
        path += name
        return path
    }

    /// Whether a server's word may be taken for the name of an entry: one that stays in its directory.
    static func isEntryName(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name != [0x2E] && name != [0x2E, 0x2E] && !name.contains { $0 == slash || $0 == 0 }
    }

    /// The path as the protocol wants it: "~" and "~/x" begin at the account's home, which is where relative ones do.
    static func start(_ path: String) -> [UInt8] {
        var rest = path[...]
        if rest == "~" || rest == "/~" { return [0x2E] }
        if rest.hasPrefix("/~/") { rest = rest.dropFirst(3) } else if rest.hasPrefix("~/") { rest = rest.dropFirst(2) }
        return rest.isEmpty ? [0x2E] : Array(rest.utf8)
    }
}

// What tenants, repositories and users may be called: names that mean the same in a path, an address and a log.

public import HikaeCore

/// The names that tenants, repositories and users may have.
public enum VaultName {
    /// Whether a name can be a part of a path and of an address: 1 to 64 lower-case letters, digits, `-`, `_` and `.`,
    /// the first a letter or digit, and none of restic's own words.
    public static func isValid(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count), let first = name.utf8.first, isPlain(first) else { return false }
        guard name.utf8.allSatisfy({ isPlain($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }) else { return false }
        return !reserved.contains(name)
    }

    /// `name` itself, or `.usage`.
    public static func check(_ name: String, _ thing: String) throws(HikaeError) -> String {
        guard isValid(name) else {
            throw HikaeError(
                .usage, "\(name) cannot be \(thing)",
                hint: "Use 1 to 64 lower-case letters, digits, - _ and ., beginning with a letter or digit.")
        }
        return name
    }

    private static func isPlain(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }

    /// Words that have a meaning of their own in an address or in the vault's folder.
    private static let reserved: Set<String> = [
        "config", "keys", "locks", "snapshots", "index", "data", "hikae", "audit", "metrics", "healthz",
    ]
}

// Environment variables. HIKAE_X and restic's RESTIC_X mean the same; ours wins.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The environment variables the program reads.
enum Environment {
    /// Ours first, then restic's.
    static let prefixes = ["HIKAE_", "RESTIC_"]

    /// The value of `prefix` + `name` for the first of `prefixes` where it is set and not empty.
    static func value(_ name: String, prefixes: [String] = prefixes) -> String? {
        for prefix in prefixes {
            if let value = bytes(prefix + name) { return ArgumentBytes.string(value) }
        }
        return nil
    }

    /// Whether the variable is set to what Go's `ParseBool` takes as true.
    static func flag(_ name: String) -> Bool {
        guard let value = value(name) else { return false }
        return ["1", "t", "T", "true", "TRUE", "True"].contains(value)
    }

    /// The bytes of one variable, or nil when it is not set or empty.
    static func bytes(_ name: String) -> [UInt8]? {
        guard let value = getenv(name) else { return nil }
        let bytes = UnsafeBufferPointer(start: value, count: strlen(value)).map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? nil : bytes
    }
}

// Names of time zones, checked against the machine's own database.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A name of the IANA time zone database.
public enum TimeZoneName {
    private static let folder = "/usr/share/zoneinfo"

    /// Whether the machine knows the zone; where it has no database, whether the name looks like one.
    public static func isKnown(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            part.first?.isLetter == true
                && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-+".contains($0)) }
        }
        guard isPlain, name.count <= 64 else { return false }
        guard access(folder, F_OK) == 0 else { return true }
        var status = stat()
        return stat("\(folder)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// This machine's zone by name, or "UTC".
    public static func ofThisMachine() -> String {
        if let name = getenv("TZ").map({ String(cString: $0) }), !name.isEmpty, isKnown(name) { return name }
        var buffer = [CChar](repeating: 0, count: 1024)
        let length = readlink("/etc/localtime", &buffer, buffer.count)
        let target = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let mark = target.firstRange(of: "zoneinfo/") {
            let name = String(target[mark.upperBound...])
            if isKnown(name) { return name }
        }
        return "UTC"
    }
}

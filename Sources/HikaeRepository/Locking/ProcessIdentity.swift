// Who this process is, as locks and snapshots say it.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Host, user and process.
public struct ProcessIdentity: Sendable {
    public let hostname: String
    public let username: String
    public let pid: Int
    public let uid: UInt32
    public let gid: UInt32

    /// This process.
    public static func current() -> ProcessIdentity {
        ProcessIdentity(
            hostname: localHostname(), username: localUsername(), pid: Int(getpid()), uid: getuid(), gid: getgid())
    }

    /// Whether a process of this number is there (of any user).
    static func exists(pid: Int) -> Bool {
        guard let number = Int32(exactly: pid), number > 0 else { return false }
        return kill(number, 0) == 0 || errno == EPERM
    }

    private static func localHostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        return text(buffer)
    }

    private static func localUsername() -> String {
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwuid_r(getuid(), &record, &buffer, buffer.count, &found) == 0, found != nil,
            let name = record.pw_name
        else { return "" }
        return String(cString: name)
    }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

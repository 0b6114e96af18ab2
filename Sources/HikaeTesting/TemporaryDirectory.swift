// A folder that lasts as long as its test holds it.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A new empty folder under `TMPDIR` or `/tmp`, removed with all that is in it when the object goes.
public final class TemporaryDirectory: Sendable {
    /// Its absolute path.
    public let path: String

    /// Makes the folder.
    public init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/hikae-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HikaeError.system("create a folder in", parent) }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Files.removeAll(path) }

    /// The path of something in the folder.
    public func path(_ relative: String) -> String { "\(path)/\(relative)" }

    /// Writes a file in the folder, making the folders above it.
    @discardableResult
    public func write(_ relative: String, _ content: [UInt8], mode: UInt32 = 0o644) throws -> String {
        try Files.write(path(relative), content, mode: mode)
        return path(relative)
    }

    /// Writes text to a file in the folder.
    @discardableResult
    public func write(_ relative: String, _ text: String, mode: UInt32 = 0o644) throws -> String {
        try write(relative, Array(text.utf8), mode: mode)
    }
}

// Where the scrub of a repository stopped, so that the next run goes on from there. Belongs to this machine; losing it
// costs nothing but a round begun anew.

public import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The last pack that a scrub of one repository read.
public struct ScrubPlace: Sendable {
    /// Bytes of the longest file that is one.
    private static let limit = 4096

    private let folder: String
    private let path: String

    /// - Parameters:
    ///   - repository: the ID of the repository.
    ///   - state: the folder that this machine keeps its memory in; it is made when it is missing.
    public init(repository: String, state: String) {
        folder = state + "/scrub"
        path = folder + "/" + String(repository.filter { $0.isHexDigit }.prefix(64)) + ".json"
    }

    /// The pack; nil when the next run begins with the first.
    public func load() -> FileID? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.limit)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        var place: FileID?
        do throws(HikaeError) {
            try JSONReader.read(Array(bytes[..<count]), of: "place of a scrub") { json, key throws(HikaeError) in
                if key.is("after") { place = FileID(hex: try json.text()) } else { try json.skip() }
            }
        } catch {
            return nil
        }
        return place
    }

    /// Notes the pack that was read last; nil once the end was reached.
    public func save(_ pack: FileID?) throws(HikaeError) {
        var made = folder.hasPrefix("/") ? "/" : ""
        for name in folder.split(separator: "/") {
            made += made.isEmpty || made.hasSuffix("/") ? String(name) : "/" + name
            guard mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EISDIR || errno == EROFS else {
                throw .system("make the folder", made)
            }
        }
        var json = JSONWriter()
        json.beginObject()
        if let pack {
            json.key("after")
            json.string(pack.hex)
        }
        json.endObject()
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("write", draft) }
        let count = json.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let isWritten = count == json.bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(draft, path) == 0 else { throw .system("write", path) }
    }
}

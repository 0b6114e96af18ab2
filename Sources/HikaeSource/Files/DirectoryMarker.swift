// Files that mark a directory's content as not worth saving: CACHEDIR.TAG, and what --exclude-if-present names.

public import HikaeCore

/// A file whose presence, optionally with a certain beginning, excludes all else in its directory.
public struct DirectoryMarker: Sendable, Equatable {
    /// The file's name; may lead into a directory below.
    public var name: [UInt8]
    /// What the file must begin with; empty: nothing in particular.
    public var header: [UInt8]

    /// Reads `NAME` or `NAME:HEADER`. Throws `.usage` when there is no name.
    public init(_ text: String) throws(HikaeError) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, !name.contains(0) else {
            throw HikaeError(.usage, "\"\(text)\" names no file to look for", hint: "Write NAME or NAME:HEADER.")
        }
        self.name = Array(name)
        header = parts.count > 1 ? Array(parts[1]) : []
    }

    private init(name: String, header: String) {
        self.name = Array(name.utf8)
        self.header = Array(header.utf8)
    }

    /// The Cache Directory Tagging Standard (https://bford.info/cachedir/).
    public static let cacheDirectory = DirectoryMarker(
        name: "CACHEDIR.TAG", header: "Signature: 8a477f597d28d172789f06886806bc55")
}

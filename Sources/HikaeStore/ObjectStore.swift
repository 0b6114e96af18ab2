// What the engine asks of a place that keeps a repository. Every back end passes HikaeTesting's StoreConformance.
// A store knows files and bytes; it knows nothing of keys, blobs or snapshots, and never retries on its own.

public import HikaeCore

/// A place that keeps the files of one repository. All calls block; all may be made from any thread at once.
///
/// Errors have the same code from every store: `.notFound` for a file that is not there, `.noRepository` when the whole
/// place has gone (an unmounted disk, a deleted folder: never an empty answer), `.damaged` for a file shorter than the
/// range asked for, `.noSpace`, `.permission`, `.inputOutput` for the rest; `isRetryable` says whether to try again.
public protocol ObjectStore: Sendable {
    /// The place, as people are to see it: no password in it.
    var location: String { get }

    /// What kind of place it is. A disk of this machine when a store does not say.
    var traits: StoreTraits { get }

    /// Lays out an empty repository. `.repositoryExists` when a config is there already; laying out twice is no error.
    func create() throws(HikaeError)

    /// Stores a file, whole or not at all: no reader and no crash ever sees a part of it under its name.
    ///
    /// On return the file is durable, with one exception: the *name* of a pack may still be lost in a power cut until
    /// ``flush()`` returns. So write packs, flush, then write the index that names them. Saving again under an ID
    /// replaces the file (IDs are hashes of contents, so nothing is lost); a config is never replaced:
    /// `.repositoryExists`.
    func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError)

    /// The bytes of a file, or of a range of it. `nil` means all. `.damaged` when the file ends inside the range.
    func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8]

    /// Fills `buffer` with the bytes at `offset`; `.damaged` when the file ends before that.
    func read(_ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError)

    /// The file's length in bytes.
    func size(_ file: StoredFile) throws(HikaeError) -> UInt64

    /// All files of a kind, in no order. Names that are no IDs are left out. For `.config` always empty.
    func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo]

    /// Removes a file; `.notFound` when there is none.
    func remove(_ file: StoredFile) throws(HikaeError)

    /// Makes every save and removal so far durable, names included.
    func flush() throws(HikaeError)

    /// Removes what killed runs have left half written, if it is so old that nobody can still be at it: how many files.
    /// Only for who holds the repository for itself alone. A store that leaves nothing, or clears it away otherwise, does
    /// nothing.
    func removeLeftovers() throws(HikaeError) -> Int
}

extension ObjectStore {
    /// A disk of this machine.
    public var traits: StoreTraits { StoreTraits() }

    /// Nothing is ever left.
    public func removeLeftovers() throws(HikaeError) -> Int { 0 }

    /// Saves an array.
    public func save(_ file: StoredFile, _ content: [UInt8]) throws(HikaeError) {
        try content.withBytes { bytes throws(HikaeError) in try save(file, bytes) }
    }

    /// The whole file.
    public func load(_ file: StoredFile) throws(HikaeError) -> [UInt8] { try load(file, range: nil) }

    /// Whether the file is there.
    public func exists(_ file: StoredFile) throws(HikaeError) -> Bool {
        do throws(HikaeError) {
            _ = try size(file)
            return true
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }
}

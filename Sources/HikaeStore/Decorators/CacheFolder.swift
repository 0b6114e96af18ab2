// The files of one repository's cache: restic's names, written by rename, believed only when they hash to their name.
// No error leaves this file: a cache that fails is a cache that is empty.

internal import Crypto
internal import HikaeCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The cached files of one repository.
final class CacheFolder: Sendable {
    static let kinds: Set<FileKind> = [.snapshot, .index, .pack]

    private let root: String
    /// Files whose bytes have been hashed since this process began.
    private let verified = Mutex<Set<StoredFile>>([])

    init(root: String) { self.root = root }

    func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) {
        guard matches(file, content) else { return }
        let final = path(file)
        let temporary = "\(final)-tmp-\(UInt64.random(in: 0...UInt64.max))"
        do throws(HikaeError) {
            try SystemFile.makeFolders(parent(file), mode: 0o700)
            let descriptor = try SystemFile.createNew(temporary)
            // No sync: a copy that a power cut tears is found by its hash.
            try SystemFile.fill(descriptor, with: content, mode: 0o600, path: temporary, synced: false)
        } catch {
            _ = unlink(temporary)
            return
        }
        guard rename(temporary, final) == 0 else {
            _ = unlink(temporary)
            return
        }
        verified.withLock { _ = $0.insert(file) }
    }

    /// The bytes asked for, or nil when there is no sound copy that holds them.
    func load(_ file: StoredFile, range: Range<UInt64>?) -> [UInt8]? {
        guard let opened = sound(file) else { return nil }
        defer { opened.close() }
        let range = range ?? 0..<opened.size
        guard range.upperBound <= opened.size else { return nil }
        return contents(opened, range)
    }

    /// Whether `buffer` was filled from a sound copy.
    func read(_ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        guard let opened = sound(file) else { return false }
        defer { opened.close() }
        guard let count = try? opened.read(at: offset, into: buffer) else { return false }
        return count == buffer.count
    }

    /// Whether a copy is there, sound or not.
    func contains(_ file: StoredFile) -> Bool { access(path(file), F_OK) == 0 }

    func remove(_ file: StoredFile) {
        _ = unlink(path(file))
        verified.withLock { _ = $0.remove(file) }
    }

    /// Removes the copies of a kind whose IDs are not among `ids`.
    func keepOnly(_ ids: Set<FileID>, _ kind: FileKind) {
        // Lists as a repository is listed: the names are the same.
        let folder = LocalStore(path: root)
        guard let cached = try? folder.list(kind) else { return }
        for info in cached where !ids.contains(info.id) { remove(StoredFile(kind, info.id)) }
        // Takes away what killed processes have left half written.
        try? folder.flush()
    }

    /// The copy, open, if its bytes hash to its name; otherwise the copy is removed.
    private func sound(_ file: StoredFile) -> SystemFile? {
        guard let opened = try? SystemFile.open(path(file)) else { return nil }
        if verified.withLock({ $0.contains(file) }) { return opened }
        if let bytes = contents(opened, 0..<opened.size), bytes.withUnsafeBytes({ matches(file, $0) }) {
            verified.withLock { _ = $0.insert(file) }
            return opened
        }
        opened.close()
        remove(file)
        return nil
    }

    private func contents(_ opened: SystemFile, _ range: Range<UInt64>) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let got = try? bytes.withUnsafeMutableBytes { buffer throws(HikaeError) in
            try opened.read(at: range.lowerBound, into: buffer)
        }
        return got == bytes.count ? bytes : nil
    }

    private func matches(_ file: StoredFile, _ content: UnsafeRawBufferPointer) -> Bool {
        SHA256.hash(data: content).withUnsafeBytes { FileID($0) } == file.id
    }

    private func path(_ file: StoredFile) -> String { "\(root)/\(file.path)" }

    private func parent(_ file: StoredFile) -> String {
        guard file.kind == .pack, let id = file.id else { return "\(root)/\(file.kind.folder)" }
        return "\(root)/data/\(id.hex.prefix(2))"
    }
}

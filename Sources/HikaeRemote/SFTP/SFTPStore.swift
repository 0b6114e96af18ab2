// A repository in a folder of an SSH server, laid out as restic lays it out. Files are written under another name, brought
// to disk where the server can, and moved to their place. A folder that is gone is no empty repository.

public import HikaeCore
import HikaeFormat
import HikaeSFTP
public import HikaeStore

/// A repository behind SFTP: `config`, `keys/`, `locks/`, `snapshots/`, `index/`, `data/00` to `data/ff`.
public final class SFTPStore: ObjectStore {
    public let location: String
    public let traits: StoreTraits
    let files: SFTPFiles
    let root: [UInt8]

    /// Connections unless the options say otherwise: one thread of ssh encrypts each, and each has a window of its own.
    private static let usualConnections = 4
    /// Calls under way at once: more than connections, for each carries several.
    private static let callsPerConnection = 2
    /// Bytes of a file that is loaded whole, at most.
    private static let largestWhole: UInt64 = 4 << 30

    /// The store at `location`. Opens no connection yet.
    public convenience init(_ text: String, _ options: RemoteOptions) throws(HikaeError) {
        self.init(try SFTPLocation(text), options)
    }

    /// - Parameter silence: seconds after which a server that owes an answer is given up; nil: as usual.
    package init(_ location: SFTPLocation, _ options: RemoteOptions, silence: Double? = nil) {
        let connections = options.connections > 0 ? options.connections : Self.usualConnections
        var settings = location.settings(options)
        if let silence { settings.silence = silence }
        files = SFTPFiles(settings, connections: connections, cancellation: options.cancellation)
        self.location = location.display
        root = SFTPFiles.path(location.path)
        traits = StoreTraits(
            isRemote: true, wantedConcurrency: connections * Self.callsPerConnection, keepsExtras: true)
    }

    deinit { files.close() }

    /// Where something in the folder is.
    func path(_ name: String) -> [UInt8] { root + [UInt8(ascii: "/")] + Array(name.utf8) }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) {
        if try files.size(path("config")) != nil { throw there() }
        try files.makeFolders(ancestors())
        let kinds = FileKind.allCases.filter { $0 != .config && $0 != .parity }
        try files.makeFolders(kinds.map { path($0.folder) })
        try files.makeFolders((0..<256).map { path("data/\(Hex.encode([UInt8($0)]))") })
    }

    private func there() -> HikaeError {
        HikaeError(
            .repositoryExists, "there is a repository at \(location) already",
            hint: "Use it as it is, or choose another folder.")
    }

    /// The folder, and those above that are missing, the highest first.
    private func ancestors() throws(HikaeError) -> [[UInt8]] {
        var missing: [[UInt8]] = []
        var path = root
        while !path.isEmpty, path != [UInt8(ascii: "/")], try !files.isFolder(path) {
            missing.append(path)
            guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { break }
            path = Array(path[..<slash])
        }
        return missing.reversed()
    }

    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        let final = path(file.path)
        let random = UInt64.random(in: 0...UInt64.max)
        let part = final + Array("-tmp-\(random)".utf8)
        // Some servers move a file over another, whatever the protocol says.
        if file == .config, try files.size(final) != nil { throw there() }
        do throws(HikaeError) {
            try files.write(final, part: part, content, replaces: file != .config)
        } catch {
            // What broke off may have been done all the same: whether what stands there is ours shows when it is repeated.
            if file == .config, !error.isRetryable, try files.size(final) != nil { throw there() }
            guard error.code == .notFound else { throw error }
            // A folder is missing: of parity at first, or because somebody has removed it.
            if let gone = try vanished() { throw gone }
            try makeFolder(of: file)
            try files.write(final, part: part, content, replaces: file != .config)
        }
    }

    private func makeFolder(of file: StoredFile) throws(HikaeError) {
        var folder = ""
        for name in file.path.split(separator: "/").dropLast() {
            folder += (folder.isEmpty ? "" : "/") + name
            try files.makeFolders([path(folder)])
        }
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        guard let range else {
            do throws(HikaeError) {
                return try files.load(path(file.path), limit: Self.largestWhole)
            } catch {
                throw try missing(file, error)
            }
        }
        guard UInt64(range.count) <= Self.largestWhole else {
            throw HikaeError(.limit, "\(range.count) bytes of \(file) are more than can be loaded at once")
        }
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withMutableBytes { buffer throws(HikaeError) in try read(file, at: range.lowerBound, into: buffer) }
        return bytes
    }

    /// Fills a buffer from a file, all its pieces asked for at once.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        guard !buffer.isEmpty else {
            let size = try size(file)
            guard offset <= size else { throw shorter(file, size, than: offset) }
            return
        }
        let count: Int
        do throws(HikaeError) {
            count = try files.read(path(file.path), at: offset, into: buffer)
        } catch {
            throw try missing(file, error)
        }
        guard count == buffer.count else {
            throw shorter(file, offset + UInt64(count), than: offset + UInt64(buffer.count))
        }
    }

    private func shorter(_ file: StoredFile, _ size: UInt64, than end: UInt64) -> HikaeError {
        HikaeError(.damaged, "\(file) in \(location) is damaged: it has \(size) bytes where \(end) are expected")
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        guard let size = try files.size(path(file.path)) else { throw try missing(file, HikaeError(.notFound, "")) }
        return size
    }

    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        guard kind != .config else { return [] }
        do throws(HikaeError) {
            guard kind == .pack else { return Self.ids(try files.list(path(kind.folder))) }
            let folders = try files.list(path("data")).filter { $0.isFolder && Self.isHex($0.name, 2) }.map(\.name)
            let listed = try files.list(folders.map { path("data") + [UInt8(ascii: "/")] + $0 })
            // A pack in a folder of another beginning could not be loaded.
            return zip(folders, listed).flatMap { folder, entries in
                Self.ids(entries.filter { $0.name.starts(with: folder) })
            }
        } catch {
            guard error.code == .notFound else { throw error }
            if let gone = try vanished() { throw gone }
            guard kind == .parity || kind == .lock else {
                throw HikaeError(
                    .inputOutput, "the folder \(kind.folder) of \(location) is missing",
                    hint: "Bring it back from a copy of the repository. If it never held anything, make it, empty.")
            }
            return []
        }
    }

    private static func ids(_ entries: [SFTPFiles.Entry]) -> [StoredFileInfo] {
        entries.compactMap { entry in
            guard entry.isFile, isHex(entry.name, 64), let id = FileID(hex: String(decoding: entry.name, as: UTF8.self))
            else { return nil }
            return StoredFileInfo(id: id, size: entry.size)
        }
    }

    static func isHex(_ name: [UInt8], _ count: Int) -> Bool {
        name.count == count && name.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        do throws(HikaeError) {
            try files.remove(path(file.path))
        } catch {
            throw try missing(file, error)
        }
    }

    /// Every file was brought to disk before it came to its place, where the server can; names are the server's.
    public func flush() throws(HikaeError) {}

    /// Tells a file that is not there from a repository that is not there: `error` itself unless it is `.notFound`.
    private func missing(_ file: StoredFile, _ error: HikaeError) throws(HikaeError) -> HikaeError {
        guard error.code == .notFound else { return error }
        if let gone = try vanished() { return gone }
        return HikaeError(.notFound, "there is no \(file) in \(location)")
    }

    /// An error when nothing of a repository is to be seen in the folder.
    private func vanished() throws(HikaeError) -> HikaeError? {
        if try files.isFolder(path(FileKind.key.folder)) { return nil }
        return HikaeError(
            .noRepository, "there is no repository at \(location)",
            hint: "Run `hikae init` to make one, or check the path given with --repo.")
    }
}

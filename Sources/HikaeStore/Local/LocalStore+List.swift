// Listings of a local repository: readdir and fstatat, no path built for a file that is kept.

public import HikaeCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension LocalStore {
    /// Age in seconds from which on a temporary file is nobody's.
    static let leftoverAge: Int64 = 86400

    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        var found: [StoredFileInfo] = []
        switch kind {
        case .config: return []
        case .snapshot:
            try checkSnapshotFolder()
            try list(folder(kind), prefix: nil, into: &found)
        case .key, .lock, .index, .parity: try list(folder(kind), prefix: nil, into: &found)
        case .pack:
            let data = folder(.pack)
            var folders: [UInt8] = []
            try eachName(in: data) { _, name in
                if name.count == 2, Self.isLowerHex(name), let byte = Hex.decode(name)?.first { folders.append(byte) }
            }
            for byte in folders.sorted() { try list("\(data)/\(Hex.encode([byte]))", prefix: byte, into: &found) }
        }
        return found
    }

    /// Refuses to say that there are no snapshots where their folder is gone but an index is there: that the repository
    /// holds data for nobody must not be concluded from a lost folder.
    private func checkSnapshotFolder() throws(HikaeError) {
        guard try SystemFile.kind(folder(.snapshot)) == nil else { return }
        if let gone = vanished() { throw gone }
        var indexes: [StoredFileInfo] = []
        try list(folder(.index), prefix: nil, into: &indexes)
        guard indexes.isEmpty else {
            throw HikaeError(
                .inputOutput, "the folder \(folder(.snapshot)) is missing, while the repository holds data",
                hint: "Bring it back from a copy of the repository. If there never were snapshots, make it, empty.")
        }
    }

    /// Appends what one folder holds; with a prefix, only IDs that begin with it: others could not be loaded.
    private func list(_ folder: String, prefix: UInt8?, into found: inout [StoredFileInfo]) throws(HikaeError) {
        var old: [String] = []
        let limit = clock.now().seconds - Self.leftoverAge
        try eachName(in: folder) { directory, name throws(HikaeError) in
            let isID = name.count == 64 && Self.isLowerHex(name)
            guard isID || Self.isTemporary(name) else { return }
            guard let text = name.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            var status = stat()
            guard fstatat(directory, text, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                // Removed since. Any other failure must not make a file look as if it were gone.
                if errno == ENOENT { return }
                throw .system("examine", "\(folder)/\(String(cString: text))")
            }
            let isFile = status.st_mode & S_IFMT == S_IFREG
            guard isID else {
                if isFile, Int64(status.st_mtim.tv_sec) < limit { old.append("\(folder)/\(String(cString: text))") }
                return
            }
            guard let id = FileID(hex: name), prefix == nil || prefix.map(UInt64.init) == id.w0 >> 56 else { return }
            guard isFile else {
                throw HikaeError(
                    .refused,
                    "\(folder)/\(String(cString: text)) bears the name of a file of the repository, and is none",
                    hint: "Links and folders of such names are not followed. Put the file itself there, or rename it.")
            }
            found.append(StoredFileInfo(id: id, size: UInt64(status.st_size)))
        }
        if !old.isEmpty { state.withLock { $0.leftovers.formUnion(old) } }
    }

    /// Calls `body` with the folder's descriptor and each name in it (NUL-terminated behind its count, valid during
    /// the call). A missing folder is empty as long as the repository is there.
    private func eachName(
        in folder: String, _ body: (Int32, UnsafeRawBufferPointer) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        guard let stream = opendir(folder) else {
            let error = HikaeError.system("list", folder)
            if error.code == .notFound {
                if let gone = vanished() { throw gone }
                return
            }
            throw error
        }
        defer { closedir(stream) }
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .system("list", folder) }
                return
            }
            // readdir's entry is valid until the next call on the same stream, and its name ends in a NUL.
            let name = UnsafeRawPointer(entry) + offset
            let length = strlen(name.assumingMemoryBound(to: CChar.self))
            try body(dirfd(stream), UnsafeRawBufferPointer(start: name, count: length))
        }
    }

    private static func isLowerHex(_ name: UnsafeRawBufferPointer) -> Bool {
        name.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// `NAME-tmp-…`, NAME being an ID: what restic and this store write before they rename.
    private static func isTemporary(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count > 69 && isLowerHex(UnsafeRawBufferPointer(rebasing: name[..<64]))
            && name[64..<69].elementsEqual("-tmp-".utf8)
    }
}

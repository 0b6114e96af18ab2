// Files that must not be there yet: nothing that anybody wrote is ever overwritten.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Making files that are new.
enum NewFile {
    /// Whether something is there, be it a link to nothing.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Writes a new file, and makes the folders above it, those for their owner only. Throws when something is there.
    static func make(_ path: String, _ content: [UInt8], mode: mode_t) throws(HikaeError) {
        try makeFolders(above: path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw HikaeError.system("create", path) }
        var written = 0
        let isWritten = content.withUnsafeBytes { bytes in
            while written < bytes.count {
                guard let base = bytes.baseAddress else { break }
                let count = Glibc.write(descriptor, base + written, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                if count < 0 { return false }
                written += count
            }
            return fsync(descriptor) == 0
        }
        guard isWritten else {
            let error = HikaeError.system("write", path)
            close(descriptor)
            unlink(path)
            throw error
        }
        close(descriptor)
    }

    /// Makes the folders above a path, for their owner only.
    static func makeFolders(above path: String) throws(HikaeError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard !folder.isEmpty, !exists(folder) else { return }
        try makeFolders(above: folder)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw HikaeError.system("create the folder", folder) }
    }
}

/// Passwords that nobody has to think of.
enum GeneratedPassword {
    /// Letters and digits that are not taken for each other when written down by hand.
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)

    /// 30 random characters, 150 bits, in groups of five.
    static func make() -> Secret {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for index in 0..<30 {
            if index > 0, index % 5 == 0 { bytes.append(UInt8(ascii: "-")) }
            bytes.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
        }
        return Secret(bytes)
    }
}

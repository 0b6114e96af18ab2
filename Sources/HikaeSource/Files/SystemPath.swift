// Opening by path, also where the path is longer than the system takes in one call.

internal import CLinux
import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum SystemPath {
    /// The longest path handed over in one call, its NUL not counted (PATH_MAX is 4096 on Linux).
    static let longest = 4000

    /// As `openat` from the working directory, for paths of any length. -1 and `errno` when it fails.
    static func open(_ path: [UInt8], _ flags: Int32) -> Int32 {
        if path.count <= longest { return open(path[...], at: AT_FDCWD, flags) }
        var directory = AT_FDCWD
        var rest = path[...]
        while rest.count > longest {
            guard let cut = rest.prefix(longest).lastIndex(of: LexicalPath.slash), cut > rest.startIndex else {
                if directory != AT_FDCWD { close(directory) }
                errno = ENAMETOOLONG
                return -1
            }
            let next = open(rest[..<cut], at: directory, HIKAE_O_PATH | O_DIRECTORY)
            let number = errno
            if directory != AT_FDCWD { close(directory) }
            guard next >= 0 else {
                errno = number
                return -1
            }
            directory = next
            rest = rest[(cut + 1)...]
        }
        let descriptor = open(rest, at: directory, flags)
        let number = errno
        close(directory)
        errno = number
        return descriptor
    }

    private static func open(_ path: ArraySlice<UInt8>, at directory: Int32, _ flags: Int32) -> Int32 {
        (Array(path) + [0]).withUnsafeBytes { bytes in openat(directory, bytes, flags) }
    }

    /// `openat` for a NUL-terminated name, which leaves the access time alone where the system lets us.
    static func openat(_ directory: Int32, _ name: UnsafeRawBufferPointer, _ flags: Int32) -> Int32 {
        guard let base = name.baseAddress?.assumingMemoryBound(to: CChar.self) else {
            errno = ENOENT
            return -1
        }
        var flags = flags | O_CLOEXEC
        if flags & HIKAE_O_PATH == 0 {
            // Not permitted on files of others.
            let descriptor = retrying { Self.systemOpen(directory, base, flags | HIKAE_O_NOATIME) }
            if descriptor >= 0 || errno != EPERM { return descriptor }
        }
        flags |= O_CLOEXEC
        return retrying { Self.systemOpen(directory, base, flags) }
    }

    private static func systemOpen(_ directory: Int32, _ name: UnsafePointer<CChar>, _ flags: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.openat(directory, name, flags)
        #else
            Darwin.openat(directory, name, flags)
        #endif
    }

    private static func retrying(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

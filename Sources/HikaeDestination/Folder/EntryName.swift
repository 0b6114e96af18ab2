// Names from trees as the system takes them. Whoever wrote a tree may be hostile: a name is one component, or refused.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Calls with a name, NUL-terminated.
enum EntryName {
    /// Whether a name can stand in a directory and leads nowhere else.
    static func isSafe(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name != [0x2E] && name != [0x2E, 0x2E] && !name.contains(0x2F) && !name.contains(0)
    }

    /// Calls `body` with the bytes and a NUL behind them.
    @inline(__always)
    static func with<Result>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { buffer in
            for (index, byte) in name.enumerated() { buffer[index] = CChar(bitPattern: byte) }
            buffer[name.count] = 0
            // The buffer is never empty, so there is a base address.
            return buffer.baseAddress.map { body($0) } ?? "".withCString(body)
        }
    }

    /// `openat` without following a symlink; again when a signal comes in between.
    static func open(_ directory: Int32, _ name: [UInt8], _ flags: Int32, mode: mode_t = 0) -> Int32 {
        with(name) { name in
            while true {
                let descriptor = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
                if descriptor >= 0 || errno != EINTR { return descriptor }
            }
        }
    }

    /// Gives what stands under a working name its own name, in the place of whatever is there: a directory only when it
    /// is empty. On failure `errno` says why, and what was there stays.
    static func rename(_ working: [UInt8], to name: [UInt8], in directory: Int32) -> Bool {
        with(working) { old in
            with(name) { new in
                var result = renameat(directory, old, directory, new)
                if result != 0, errno == EISDIR, unlinkat(directory, new, AT_REMOVEDIR) == 0 {
                    result = renameat(directory, old, directory, new)
                }
                guard result == 0 else { return false }
                // Two names of one file are left as they are.
                _ = unlinkat(directory, old, 0)
                return true
            }
        }
    }

    /// Removes an entry that is no directory; `errno` stays.
    static func remove(_ name: [UInt8], in directory: Int32) {
        let number = errno
        _ = with(name) { unlinkat(directory, $0, 0) }
        errno = number
    }

    /// Closes a descriptor, from where `close` is another function's name.
    static func release(_ descriptor: Int32) { close(descriptor) }

    /// The metadata of an entry, a symlink's own; nil and `errno` when there is none.
    static func status(_ directory: Int32, _ name: [UInt8]) -> stat? {
        var status = stat()
        return with(name) { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status : nil
    }
}

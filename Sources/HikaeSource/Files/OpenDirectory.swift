// A directory that files are reached through: by its descriptor while descriptors are plentiful, else opened again.

internal import CLinux
import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A directory that was opened once. What is in it is reached through it, so that no exchanged path leads elsewhere.
final class OpenDirectory: Sendable {
    /// How it is opened again; also for messages.
    let path: [UInt8]
    private let device: UInt64
    private let inode: UInt64
    /// -1 when it is not kept open.
    private let kept: Int32

    /// How many directories may stay open, so that descriptors are left for all else.
    private static let most: Int = {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return 64 }
        return max(16, Int(clamping: limit.rlim_cur) / 4)
    }()
    private static let open = Atomic<Int>(0)

    /// Takes over `descriptor`, whose metadata are `status`. Without one (-1) it is opened when needed.
    init(path: [UInt8], descriptor: Int32, status: borrowing stat) {
        self.path = path
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        if descriptor >= 0, Self.open.add(1, ordering: .relaxed).newValue <= Self.most {
            kept = descriptor
        } else {
            if descriptor >= 0 {
                Self.open.subtract(1, ordering: .relaxed)
                close(descriptor)
            }
            kept = -1
        }
    }

    deinit {
        guard kept >= 0 else { return }
        close(kept)
        Self.open.subtract(1, ordering: .relaxed)
    }

    /// Calls `body` with the directory's descriptor, which is good for `…at` calls during the call.
    func withDescriptor<Result>(
        _ body: (Int32) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        if kept >= 0 { return try body(kept) }
        let descriptor = SystemPath.open(path, HIKAE_O_PATH | O_DIRECTORY)
        guard descriptor >= 0 else { throw .system("open the directory", String(decoding: path, as: UTF8.self)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, UInt64(status.st_dev) == device, UInt64(status.st_ino) == inode else {
            let name = String(decoding: path, as: UTF8.self)
            throw HikaeError(.inputOutput, "the directory \(name) was exchanged while it was read")
        }
        return try body(descriptor)
    }
}

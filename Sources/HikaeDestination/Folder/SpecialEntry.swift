// Making what is neither file nor directory: symlinks, devices, FIFOs, sockets.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum SpecialEntry {
    /// Makes the node in the directory under `name`, which must be free. A symlink may point anywhere: it is made, but
    /// never followed.
    static func make(
        _ node: Node, as name: [UInt8], in directory: Int32, path: () -> String
    ) throws(HikaeError) {
        let result: Int32 = EntryName.with(name) { name in
            switch node.kind {
            case .symlink:
                // A NUL inside would cut it short: no symlink at all then.
                node.linkTarget.contains(0) || node.linkTarget.isEmpty
                    ? invalid() : EntryName.with(node.linkTarget) { symlinkat($0, directory, name) }
            case .fifo: mkfifoat(directory, name, 0o600)
            case .socket: mknodat(directory, name, S_IFSOCK | 0o600, 0)
            case .dev: mknodat(directory, name, S_IFBLK | 0o600, dev_t(node.device))
            case .chardev: mknodat(directory, name, S_IFCHR | 0o600, dev_t(node.device))
            case .file, .dir, .irregular: invalid()
            }
        }
        guard result == 0 else { throw .system("make the \(node.kind.rawValue)", path()) }
    }

    private static func invalid() -> Int32 {
        errno = EINVAL
        return -1
    }
}

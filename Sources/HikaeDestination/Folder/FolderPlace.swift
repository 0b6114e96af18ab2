// Where an item of the content stands in a folder of this machine, and what stands there now.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where an item of the content stands in the folder.
struct FolderPlace {
    let path: String
    private let bytes: [UInt8]

    init(_ root: String, _ names: [[UInt8]]) {
        var whole = Array(root.utf8)
        for name in names {
            whole.append(UInt8(ascii: "/"))
            whole += name
        }
        bytes = whole
        path = String(decoding: whole, as: UTF8.self)
    }

    /// Calls `body` with the path for the system.
    func withPath<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        (bytes + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                // The buffer has at least the closing NUL, so it has an address.
                guard let base = text.baseAddress else { preconditionFailure("an empty path") }
                return body(base)
            }
        }
    }

    /// What is there, links not followed; nil when nothing is.
    func status() -> stat? {
        var found = stat()
        return withPath { lstat($0, &found) } == 0 ? found : nil
    }

    /// Whether what is there is this item by type, size and time.
    func seemsToBe(_ node: Node, _ found: stat) -> Bool {
        switch node.kind {
        case .file:
            found.st_mode & S_IFMT == S_IFREG && UInt64(clamping: found.st_size) == node.size
                && Int64(found.st_mtim.tv_sec) == node.mtime.seconds
        case .symlink: found.st_mode & S_IFMT == S_IFLNK && linkTarget() == node.linkTarget
        default: found.st_mode & S_IFMT == mode_t(FileMode.toSystem(node.mode)) & S_IFMT
        }
    }

    /// Where the symlink points to; nil when it is none.
    func linkTarget() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4097)
        let count = withPath { path in
            buffer.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), 4096) } ?? -1
            }
        }
        return count < 0 ? nil : Array(buffer[..<count])
    }
}

// Putting back owner, attributes, mode and times. Order matters: a change of owner clears setuid and capabilities, a
// mode may take away the right to set attributes, and times come last.

internal import CLinux
import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What of a node is put back beside its content.
struct NodeMetadata: Sendable {
    let kind: NodeKind
    let mode: UInt32
    let uid: UInt32
    let gid: UInt32
    let mtime: Timestamp
    let atime: Timestamp
    let attributes: [ExtendedAttribute]

    init(_ node: Node) {
        kind = node.kind
        mode = FileMode.toSystemPermissions(node.mode)
        (uid, gid) = (node.uid, node.gid)
        (mtime, atime) = (node.mtime, node.atime)
        attributes = node.extendedAttributes
    }

    private static let isRoot = geteuid() == 0

    /// The mode to make the file with: its own where nothing else has to be done before others may see it, else one
    /// that keeps all others out.
    var creationMode: mode_t { isPlain ? mode_t(mode) : 0o600 }

    /// Our own file without attributes, of a mode that a new file can be made with and then still be opened by us: it is
    /// written piece by piece.
    private var isPlain: Bool {
        attributes.isEmpty && mode & ~0o777 == 0 && mode & 0o600 == 0o600 && mode & CreationMask.bits == 0
            && uid == geteuid()
            && gid == getegid()
    }

    /// Applies everything to an open file or directory. `keepsTime`: leaves the modification time, so that a file that
    /// is not whole does not pass for the original. The first failure is returned, the rest done all the same.
    ///
    /// `new`: the file was just made with `creationMode` and belongs to these; what is right already is not set again.
    func apply(
        to descriptor: Int32, clearsInherited: Bool, keepsTime: Bool = false, new: FileOwner? = nil, path: () -> String
    ) -> HikaeError? {
        var failure: HikaeError?
        let isOwned = new == FileOwner(uid: uid, gid: gid)
        if !isOwned, fchown(descriptor, uid, gid) != 0, Self.isRoot || errno != EPERM {
            failure = .system("set the owner of", path())
        }
        if clearsInherited { removeInherited(descriptor) }
        for attribute in attributes where !Self.isBeyondUs(attribute.name) {
            let result = attribute.value.withUnsafeBytes {
                fsetxattr(descriptor, attribute.name, $0.baseAddress, $0.count, 0)
            }
            if result != 0, failure == nil {
                failure = .system("set the extended attribute \(attribute.name) of", path())
            }
        }
        let hasMode = isOwned && isPlain && !clearsInherited
        if !hasMode, fchmod(descriptor, mode_t(mode)) != 0, errno != ENOTSUP, failure == nil {
            failure = .system("set the mode of", path())
        }
        if keepsTime { return failure }
        var times = (Self.system(atime), Self.system(mtime))
        let result = withUnsafePointer(to: &times) { pointer in
            pointer.withMemoryRebound(to: timespec.self, capacity: 2) { futimens(descriptor, $0) }
        }
        if result != 0, failure == nil { failure = .system("set the times of", path()) }
        return failure
    }

    /// Applies everything to an entry that cannot be opened: a symlink, device, FIFO or socket.
    func apply(toEntry name: [UInt8], of directory: Int32, path: () -> String) -> HikaeError? {
        EntryName.with(name) { name in
            var failure: HikaeError?
            if fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0, Self.isRoot || errno != EPERM {
                failure = .system("set the owner of", path())
            }
            if kind != .symlink {
                for attribute in attributes where !Self.isBeyondUs(attribute.name) {
                    if !Self.set(attribute, of: name, in: directory), failure == nil {
                        failure = .system("set the extended attribute \(attribute.name) of", path())
                    }
                }
                if fchmodat(directory, name, mode_t(mode), AT_SYMLINK_NOFOLLOW) != 0, errno != ENOTSUP, failure == nil {
                    failure = .system("set the mode of", path())
                }
            }
            var times = (Self.system(atime), Self.system(mtime))
            let result = withUnsafePointer(to: &times) { pointer in
                pointer.withMemoryRebound(to: timespec.self, capacity: 2) {
                    utimensat(directory, name, $0, AT_SYMLINK_NOFOLLOW)
                }
            }
            if result != 0, failure == nil { failure = .system("set the times of", path()) }
            return failure
        }
    }

    /// Attributes that only root may set are no loss when somebody else restores.
    private static func isBeyondUs(_ name: String) -> Bool {
        !isRoot && (name.hasPrefix("security.") || name.hasPrefix("trusted."))
    }

    private static func set(_ attribute: ExtendedAttribute, of name: UnsafePointer<CChar>, in directory: Int32) -> Bool
    {
        attribute.value.withUnsafeBytes { value in
            if hikae_setxattrat(directory, name, attribute.name, value.baseAddress, value.count) == 0 { return true }
            guard errno == ENOSYS || errno == EPERM else { return false }
            // Before Linux 6.13: through the directory's descriptor all the same, and of a symlink itself.
            let path = "/proc/self/fd/\(directory)/" + String(cString: name)
            return lsetxattr(path, attribute.name, value.baseAddress, value.count, 0) == 0
        }
    }

    /// Removes attributes that came from the directory around and are not the node's own, ACLs above all.
    private func removeInherited(_ descriptor: Int32) {
        var list = [CChar](repeating: 0, count: 1 << 16)
        let length = flistxattr(descriptor, &list, list.count)
        guard length > 0 else { return }
        for name in list[..<length].split(separator: 0) {
            let text = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("security.") || attributes.contains(where: { $0.name == text }) { continue }
            _ = fremovexattr(descriptor, text)
        }
    }

    private static func system(_ time: Timestamp) -> timespec {
        timespec(tv_sec: time_t(time.seconds), tv_nsec: Int(min(max(time.nanoseconds, 0), 999_999_999)))
    }
}

/// The permissions that the system takes from whatever this process makes.
enum CreationMask {
    /// `umask`, read where that needs no change of it; all of them where it cannot be read.
    static let bits: UInt32 = {
        let descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0o777 }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return 0o777 }
        let lines = buffer[..<count].split(separator: UInt8(ascii: "\n"))
        guard let line = lines.first(where: { $0.starts(with: "Umask:".utf8) }) else { return 0o777 }
        let digits = line.dropFirst(6).filter { (0x30...0x37).contains($0) }
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 8) ?? 0o777
    }()
}

// Reading extended attributes, ACLs among them, in the order in which the system lists them.

internal import CLinux
import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Something whose extended attributes are read; the pointers are NUL-terminated and good during the call.
enum AttributeOwner {
    /// An entry by directory and name, a symlink itself: Linux 6.13 and later. No path is resolved.
    case entry(Int32, UnsafePointer<CChar>)
    /// A path, a symlink itself: what there is before.
    case path(UnsafePointer<CChar>)
    /// A path, symlinks followed.
    case followedPath(UnsafePointer<CChar>)
    case descriptor(Int32)

    /// Whether the kernel knows the calls for `entry`; some sandboxes answer EPERM to what they do not know.
    static let knowsEntries =
        hikae_listxattrat(AT_FDCWD, "/", nil, 0) >= 0 || (errno != ENOSYS && errno != EPERM)

    /// As `listxattr`.
    func list(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let names = buffer.assumingMemoryBound(to: CChar.self).baseAddress
        return switch self {
        case .entry(let directory, let name): hikae_listxattrat(directory, name, names, buffer.count)
        case .path(let path): llistxattr(path, names, buffer.count)
        case .followedPath(let path): listxattr(path, names, buffer.count)
        case .descriptor(let descriptor): flistxattr(descriptor, names, buffer.count)
        }
    }

    /// As `getxattr`.
    func value(_ attribute: UnsafePointer<CChar>, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch self {
        case .entry(let directory, let name):
            hikae_getxattrat(directory, name, attribute, buffer.baseAddress, buffer.count)
        case .path(let path): lgetxattr(path, attribute, buffer.baseAddress, buffer.count)
        case .followedPath(let path): getxattr(path, attribute, buffer.baseAddress, buffer.count)
        case .descriptor(let descriptor): fgetxattr(descriptor, attribute, buffer.baseAddress, buffer.count)
        }
    }

    /// The attributes in the system's order, none where the filesystem has none. An attribute whose value cannot be
    /// read goes to `report` and is left out; `path` is for messages.
    func attributes(
        path: () -> String, report: (HikaeError) -> Void
    ) throws(HikaeError) -> [ExtendedAttribute] {
        guard let list = Self.answer({ buffer in self.list(buffer) }) else {
            if errno == ENOTSUP || errno == ENODATA { return [] }
            throw .system("list the extended attributes of", path())
        }
        if list.isEmpty { return [] }
        var attributes: [ExtendedAttribute] = []
        for name in list.split(separator: 0) {
            let terminated = Array(name) + [0]
            let value = terminated.withUnsafeBytes { bytes -> [UInt8]? in
                // Never empty, so there is a base address.
                guard let attribute = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { return nil }
                return Self.answer { buffer in self.value(attribute, buffer) }
            }
            let text = String(decoding: name, as: UTF8.self)
            if let value {
                attributes.append(ExtendedAttribute(name: text, value: value))
            } else if errno != ENODATA, errno != ENOTSUP {
                report(.system("read the extended attribute \(text) of", path()))
            }
        }
        return attributes
    }

    /// Calls with a small buffer, then with ever larger ones while the system asks for that. Nil and `errno` on failure.
    @inline(__always)
    private static func answer(_ call: (UnsafeMutableRawBufferPointer) -> Int) -> [UInt8]? {
        let (small, length) = withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { buffer in
            let length = call(buffer)
            return (length > 0 ? Array(buffer[..<length]) : [], length)
        }
        if length >= 0 { return small }
        var capacity = 1 << 16
        while errno == ERANGE, capacity <= 1 << 26 {
            var buffer = [UInt8](repeating: 0, count: capacity)
            let length = buffer.withUnsafeMutableBytes { call($0) }
            if length >= 0 { return Array(buffer[..<length]) }
            capacity *= 4
        }
        return nil
    }
}

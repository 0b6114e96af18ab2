// One pass over entries of one open directory: what is left out, and the metadata of what is not.

internal import CLinux
import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Looks at entries of an open directory by name.
struct DirectoryScan {
    let context: WalkContext
    /// Good while the scan lasts.
    let descriptor: Int32
    /// The directory's path, as given and absolute.
    let path: [UInt8]
    let absolutePath: [UInt8]
    let position: PathFilter.Directory
    /// The device that `descriptor` is on, and the one allowed there.
    let device: UInt64
    let allowedDevice: UInt64?
    private let starting: [[UInt8]: UInt64]?
    private let hidden: [[UInt8]]
    /// The directory's markers that are there and genuine.
    private let markers: [DirectoryMarker]
    private var scratch: [UInt8] = []

    init(
        context: WalkContext, descriptor: Int32, path: [UInt8], absolutePath: [UInt8], position: PathFilter.Directory,
        device: UInt64, allowedDevice: UInt64?, report: (HikaeError) -> Void
    ) {
        self.context = context
        self.descriptor = descriptor
        self.path = path
        self.absolutePath = absolutePath
        self.position = position
        self.device = device
        self.allowedDevice = allowedDevice
        starting = context.bounds?.starting(in: absolutePath)
        hidden = context.selection.hiddenDirectories.filter { LexicalPath.parent(of: $0) == absolutePath }
            .map { LexicalPath.name(of: $0) }
        var markers: [DirectoryMarker] = []
        for marker in context.selection.markers {
            do throws(HikaeError) {
                if try Self.isPresent(marker, in: descriptor, path: path) { markers.append(marker) }
            } catch {
                report(error)
            }
        }
        self.markers = markers
    }

    /// Whether the entry (NUL not included) is wanted, by its name alone.
    func isWanted(_ name: UnsafeRawBufferPointer) -> Bool {
        for marker in markers where !name.elementsEqual(marker.name) { return false }
        for hidden in hidden where name.elementsEqual(hidden) { return false }
        return !context.selection.excludes.matches(name, in: position)
    }

    /// The device allowed at the entry `name`.
    func allowedDevice(at name: [UInt8]) -> UInt64? { starting?[name] ?? allowedDevice }

    /// The node of the entry `name` (NUL included), or nil when it is left out: by size, by filesystem, or as a socket.
    mutating func node(_ name: UnsafeRawBufferPointer, report: (HikaeError) -> Void) throws(HikaeError) -> Node? {
        guard let characters = name.assumingMemoryBound(to: CChar.self).baseAddress else { return nil }
        var status = stat()
        guard fstatat(descriptor, characters, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .system("read the metadata of", display(name))
        }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        // restic keeps no sockets either: whoever listens makes them anew.
        if status.st_mode & S_IFMT == S_IFSOCK { return nil }
        if let largest = context.selection.largestSize, !isDirectory, status.st_size > Int64(clamping: largest) {
            return nil
        }
        let bytes = Array(name.dropLast())
        if context.bounds != nil, let allowed = allowedDevice(at: bytes), UInt64(status.st_dev) != allowed {
            // A mount point stays, as the empty directory that it is.
            let isMountPoint = isDirectory && allowedDevice.map { $0 == device } ?? true
            if !isMountPoint { return nil }
        }
        guard var node = context.nodes.node(name: bytes, status: status) else {
            throw HikaeError(.unsupported, "\(display(name)) is of no kind that can be saved")
        }
        if node.kind == .symlink {
            node.linkTarget = try linkTarget(characters, display(name))
        } else {
            node.extendedAttributes = try attributes(characters, name, report)
        }
        return node
    }

    private mutating func attributes(
        _ characters: UnsafePointer<CChar>, _ name: UnsafeRawBufferPointer, _ report: (HikaeError) -> Void
    ) throws(HikaeError) -> [ExtendedAttribute] {
        let path = path
        let display = { Self.display(path, name) }
        if AttributeOwner.knowsEntries {
            return try AttributeOwner.entry(descriptor, characters).attributes(path: display, report: report)
        }
        scratch.removeAll(keepingCapacity: true)
        scratch +=
            path.count + name.count < SystemPath.longest ? path : Array("/proc/self/fd/\(descriptor)".utf8)
        scratch.append(LexicalPath.slash)
        scratch += name
        return try scratch.withUnsafeBufferPointer { bytes throws(HikaeError) in
            let bytes = UnsafeRawBufferPointer(bytes)
            guard let whole = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { return [] }
            return try AttributeOwner.path(whole).attributes(path: display, report: report)
        }
    }

    private func linkTarget(
        _ name: UnsafePointer<CChar>, _ display: @autoclosure () -> String
    ) throws(HikaeError) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: 256)
        while true {
            let length = target.withUnsafeMutableBytes { buffer in
                buffer.assumingMemoryBound(to: CChar.self).baseAddress.map {
                    readlinkat(descriptor, name, $0, buffer.count)
                } ?? -1
            }
            guard length >= 0 else { throw .system("read the symlink", display()) }
            if length < target.count { return Array(target[..<length]) }
            target = [UInt8](repeating: 0, count: target.count * 4)
        }
    }

    private func display(_ name: UnsafeRawBufferPointer) -> String { Self.display(path, name) }

    private static func display(_ path: [UInt8], _ name: UnsafeRawBufferPointer) -> String {
        String(decoding: LexicalPath.child(of: path, Array(name.prefix { $0 != 0 })), as: UTF8.self)
    }

    /// Whether the marker is in the directory. A marker that is there but not genuine is reported: nothing is left out.
    private static func isPresent(
        _ marker: DirectoryMarker, in directory: Int32, path: [UInt8]
    ) throws(HikaeError) -> Bool {
        let terminated = marker.name + [0]
        let display = String(decoding: LexicalPath.child(of: path, marker.name), as: UTF8.self)
        var status = stat()
        let found = terminated.withUnsafeBytes { bytes in
            bytes.assumingMemoryBound(to: CChar.self).baseAddress.map {
                fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW)
            } ?? -1
        }
        if found != 0, errno == ENOENT { return false }
        guard found == 0 else { throw .system("look for", display) }
        if marker.header.isEmpty { return true }
        let descriptor = terminated.withUnsafeBytes { SystemPath.openat(directory, $0, O_RDONLY | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .system("open", display) }
        defer { close(descriptor) }
        var beginning = [UInt8](repeating: 0, count: marker.header.count)
        let count = beginning.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw .system("read", display) }
        guard count == beginning.count, beginning == marker.header else {
            throw HikaeError(
                .incomplete, "\(display) does not begin as it must, so its directory is saved all the same")
        }
        return true
    }
}

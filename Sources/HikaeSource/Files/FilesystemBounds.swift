// Which filesystems a walk may be on (--one-file-system): those of its targets, each for what is below it.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The targets' devices. Below a target its device is the one allowed, until another target lies further down.
struct FilesystemBounds: Sendable {
    /// By parent path, then by name: what begins at an entry of that directory.
    private var devices: [[UInt8]: [[UInt8]: UInt64]] = [:]
    private var rootDevice: UInt64?

    /// Looks at each target. Throws when one cannot be looked at.
    init(targets: [[UInt8]], workingDirectory: [UInt8]) throws(HikaeError) {
        for target in targets {
            let path = LexicalPath.absolute(target, workingDirectory: workingDirectory)
            var status = stat()
            let result = (path + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { lstat($0, &status) } ?? -1 }
            }
            guard result == 0 else {
                throw .system("read the metadata of", String(decoding: path, as: UTF8.self))
            }
            let device = UInt64(status.st_dev)
            if path == [LexicalPath.slash] {
                rootDevice = device
            } else {
                devices[LexicalPath.parent(of: path), default: [:]][LexicalPath.name(of: path)] = device
            }
        }
    }

    /// The devices that begin at entries of the directory.
    func starting(in directory: [UInt8]) -> [[UInt8]: UInt64]? { devices[directory] }

    /// The device allowed at an absolute path; nil where no target lies above.
    func allowed(at path: [UInt8]) -> UInt64? {
        var path = path
        while path != [LexicalPath.slash] {
            let parent = LexicalPath.parent(of: path)
            if let device = devices[parent]?[LexicalPath.name(of: path)] { return device }
            path = parent
        }
        return rootDevice
    }
}

// A regular file of the local filesystem as a source.

import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file by directory and name: three words, so that a million of them need no objects of their own.
struct LocalFile: SourceFile {
    let context: WalkContext
    let directory: OpenDirectory
    let name: [UInt8]

    var displayPath: String { String(decoding: LexicalPath.child(of: directory.path, name), as: UTF8.self) }

    func open() throws(HikaeError) -> any SourceReader {
        let descriptor = try directory.withDescriptor { directory throws(HikaeError) in
            // Should it have become a FIFO by now, opening must not wait for somebody to write.
            (name + [0]).withUnsafeBytes { SystemPath.openat(directory, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) }
        }
        guard descriptor >= 0 else {
            if errno == ELOOP { throw Self.changedKind(displayPath) }
            throw .system("open", displayPath)
        }
        return try LocalFileReader(file: self, descriptor: descriptor)
    }

    fileprivate static func changedKind(_ path: String) -> HikaeError {
        HikaeError(.incomplete, "\(path) is a file no more: it was exchanged while the directory was read")
    }
}

/// An open file.
private final class LocalFileReader: SourceReader {
    /// From this size on the system is told that the file is read from end to end.
    private static let largeFile = 4 << 20

    private let file: LocalFile
    private let descriptor: Int32
    private var status = stat()

    /// Takes over the descriptor. Throws when it is no regular file.
    init(file: LocalFile, descriptor: Int32) throws(HikaeError) {
        self.file = file
        self.descriptor = descriptor
        guard fstat(descriptor, &status) == 0 else { throw .system("read the metadata of", file.displayPath) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw LocalFile.changedKind(file.displayPath) }
        #if canImport(Glibc)
            if status.st_size >= Self.largeFile { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
        #endif
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            #else
                let count = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
            #endif
            if count >= 0 { return count }
            if errno != EINTR { throw .system("read", file.displayPath) }
        }
    }

    /// What was true when the file was opened, as restic has it: the size is then what was read.
    func currentNode() throws(HikaeError) -> Node? {
        guard var node = file.context.nodes.node(name: file.name, status: status) else { return nil }
        // A value that cannot be read was reported when the directory was listed.
        node.extendedAttributes = try AttributeOwner.descriptor(descriptor)
            .attributes(path: { self.file.displayPath }, report: { _ in })
        return node
    }
}

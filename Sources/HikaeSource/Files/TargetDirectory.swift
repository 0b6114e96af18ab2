// A directory on the way to targets: of its entries only those that lead to a target, or are one.

internal import CLinux
import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An inner node of the tree over the targets.
final class TargetDirectory: SourceDirectory {
    let displayPath: String
    private let tree: TargetTree
    private let context: WalkContext
    private let workingDirectory: [UInt8]

    init(_ tree: TargetTree, context: WalkContext, workingDirectory: [UInt8], displayPath: String) {
        self.tree = tree
        self.context = context
        self.workingDirectory = workingDirectory
        self.displayPath = displayPath
    }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        var entries: [SourceEntry] = []
        var opened: ParentScan?
        for name in tree.names {
            guard let target = tree.nodes[name] else { continue }
            do throws(HikaeError) {
                if target.isLeaf {
                    let parent = LexicalPath.parent(of: target.path)
                    let scan: ParentScan
                    if let opened, opened.path == parent {
                        scan = opened
                    } else {
                        scan = try ParentScan(parent, self.context, self.workingDirectory, report: report)
                        opened = scan
                    }
                    if let entry = try scan.entry(target.path, as: name, report: report) { entries.append(entry) }
                } else {
                    entries.append(try innerEntry(name, target, report: report))
                }
            } catch {
                report(error)
            }
        }
        return entries
    }

    /// A directory with its own metadata, symlinks on the way to it followed.
    private func innerEntry(
        _ name: [UInt8], _ target: TargetTree, report: (HikaeError) -> Void
    ) throws(HikaeError) -> SourceEntry {
        let path = target.metadataPath
        let (descriptor, status) = try Self.open(path)
        defer { close(descriptor) }
        let display = String(decoding: path, as: UTF8.self)
        guard var node = context.nodes.node(name: name, status: status), node.kind == .dir else {
            throw HikaeError(.notFound, "\(display) is no directory")
        }
        let link = Array("/proc/self/fd/\(descriptor)/.".utf8) + [0]
        let whole = path.count < SystemPath.longest ? path + [0] : link
        node.extendedAttributes = try whole.withUnsafeBufferPointer { bytes throws(HikaeError) in
            let bytes = UnsafeRawBufferPointer(bytes).assumingMemoryBound(to: CChar.self)
            guard let base = bytes.baseAddress else { return [] }
            let owner = AttributeOwner.knowsEntries ? Self.current(descriptor) : AttributeOwner.followedPath(base)
            return try owner.attributes(path: { display }, report: report)
        }
        let parent = displayPath == "/" ? "/" : displayPath + "/"
        let inner = TargetDirectory(
            target, context: context, workingDirectory: workingDirectory,
            displayPath: parent + String(decoding: name, as: UTF8.self))
        return SourceEntry(node: node, body: .directory(inner))
    }

    private static func current(_ descriptor: Int32) -> AttributeOwner {
        // A literal's memory lasts as long as the program.
        let dot: StaticString = "."
        return .entry(descriptor, UnsafeRawPointer(dot.utf8Start).assumingMemoryBound(to: CChar.self))
    }

    /// Opens a directory for reaching what is in it, and looks at it. Throws when it is none.
    static func open(_ path: [UInt8]) throws(HikaeError) -> (descriptor: Int32, status: stat) {
        let display = String(decoding: path, as: UTF8.self)
        let descriptor = SystemPath.open(path, HIKAE_O_PATH | O_DIRECTORY)
        guard descriptor >= 0 else { throw .system("open the directory", display) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = HikaeError.system("read the metadata of", display)
            close(descriptor)
            throw error
        }
        return (descriptor, status)
    }

    /// A directory's metadata, symlinks followed.
    static func status(of path: [UInt8]) throws(HikaeError) -> stat {
        let (descriptor, status) = try open(path)
        close(descriptor)
        return status
    }
}

/// The directory that targets lie in, opened to look at just these.
private final class ParentScan {
    let path: [UInt8]
    private var scan: DirectoryScan
    private let directory: OpenDirectory
    private let descriptor: Int32

    init(
        _ path: [UInt8], _ context: WalkContext, _ workingDirectory: [UInt8], report: (HikaeError) -> Void
    ) throws(HikaeError) {
        self.path = path
        let (descriptor, status) = try TargetDirectory.open(path)
        self.descriptor = descriptor
        // The copy is handed over, and perhaps closed at once; the scan keeps the first.
        directory = OpenDirectory(path: path, descriptor: fcntl(descriptor, F_DUPFD_CLOEXEC, 0), status: status)
        let absolute = LexicalPath.absolute(path, workingDirectory: workingDirectory)
        scan = DirectoryScan(
            context: context, descriptor: descriptor, path: path, absolutePath: absolute,
            position: context.selection.excludes.directory(at: absolute), device: UInt64(status.st_dev),
            allowedDevice: context.bounds?.allowed(at: absolute), report: report)
    }

    deinit { close(descriptor) }

    /// The target at `target`, under the name it has in the tree; nil when it is left out.
    func entry(
        _ target: [UInt8], as name: [UInt8], report: (HikaeError) -> Void
    ) throws(HikaeError) -> SourceEntry? {
        let own = LexicalPath.name(of: target)
        guard own.withUnsafeBytes({ scan.isWanted($0) }) else { return nil }
        let node = try (own + [0]).withUnsafeBufferPointer { bytes throws(HikaeError) in
            try scan.node(UnsafeRawBufferPointer(bytes), report: report)
        }
        guard var node else { return nil }
        let body = scan.body(of: node, in: directory)
        node.name = name
        return SourceEntry(node: node, body: body)
    }
}

// A directory of the local filesystem as a source.

internal import CLinux
import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A directory below a target.
final class LocalDirectory: SourceDirectory {
    private let context: WalkContext
    private let parent: OpenDirectory
    private let name: [UInt8]
    private let path: [UInt8]
    private let absolutePath: [UInt8]
    private let position: PathFilter.Directory
    private let allowedDevice: UInt64?

    /// The entry `name` of a directory that is being scanned.
    init(_ name: [UInt8], of scan: DirectoryScan, in parent: OpenDirectory) {
        context = scan.context
        self.parent = parent
        self.name = name
        path = LexicalPath.child(of: scan.path, name)
        absolutePath =
            scan.path == scan.absolutePath ? path : LexicalPath.child(of: scan.absolutePath, name)
        position = scan.context.selection.excludes.directory(name, in: scan.position)
        allowedDevice = scan.allowedDevice(at: name)
    }

    var displayPath: String { String(decoding: path, as: UTF8.self) }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        let descriptor = try parent.withDescriptor { parent throws(HikaeError) in
            (name + [0]).withUnsafeBytes { SystemPath.openat(parent, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) }
        }
        guard descriptor >= 0 else { throw .system("open the directory", displayPath) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = HikaeError.system("read the metadata of", displayPath)
            close(descriptor)
            throw error
        }
        // The names are read from the descriptor itself; it is handed over, and perhaps closed, only after the scan.
        var scan = DirectoryScan(
            context: context, descriptor: descriptor, path: path, absolutePath: absolutePath, position: position,
            device: UInt64(status.st_dev), allowedDevice: allowedDevice, report: report)
        var names: NameList
        var entries: [SourceEntry] = []
        do throws(HikaeError) {
            names = try NameList(reading: descriptor, path: displayPath)
            names.keep { scan.isWanted($0) }
            names.sort()
            entries.reserveCapacity(names.count)
            try names.forEach { name throws(HikaeError) in
                do throws(HikaeError) {
                    guard let node = try scan.node(name, report: report) else { return }
                    entries.append(SourceEntry(node: node, body: .other))
                } catch {
                    report(error)
                }
            }
        } catch {
            close(descriptor)
            throw error
        }
        let directory = OpenDirectory(path: path, descriptor: descriptor, status: status)
        for index in entries.indices { entries[index].body = scan.body(of: entries[index].node, in: directory) }
        return entries
    }
}

extension DirectoryScan {
    /// How to go on from an entry of the scanned directory.
    func body(of node: Node, in directory: OpenDirectory) -> SourceEntry.Body {
        switch node.kind {
        case .dir: .directory(LocalDirectory(node.name, of: self, in: directory))
        case .file: .file(LocalFile(context: context, directory: directory, name: node.name))
        default: .other
        }
    }
}

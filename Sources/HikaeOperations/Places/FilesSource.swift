// Files and folders of this machine as a source of a plan.

public import HikaeCore
import HikaeFormat
public import HikaeSource
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Local files. One folder's content is what the snapshot has; several paths stand in it as they stand on the machine.
public struct FilesSource: CaptureSource {
    let paths: [String]
    let excludes: [String]

    /// - Parameter paths: absolute, at least one.
    public init(paths: [String], excludes: [String] = []) { (self.paths, self.excludes) = (paths, excludes) }

    public var address: String { paths.joined(separator: ", ") }
    public var unit: CaptureUnit { .files }

    /// Whether every path is there and may be read.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else { throw .system("look at", path) }
            guard access(path, R_OK) == 0 else { throw .system("read", path) }
        }
        return ServiceIdentity(software: "files of this machine")
    }

    /// Opens the tree. Throws when a path is gone: that must not pass for one that is empty.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        // What a link leads to is meant: its target may change from day to day, as releases do.
        var targets: [String] = []
        for path in paths { targets.append(try Self.resolved(path)) }
        var selection = FileSelection()
        selection.excludes = try PathFilter(excludes)
        var root = try LocalFileTree(targets: targets, selection: selection).root
        if targets.count == 1, let path = targets.first {
            root = try Self.content(of: path, in: root, report: context.report)
        }
        return FilesSession(counting: root)
    }

    private static func resolved(_ path: String) throws(HikaeError) -> String {
        guard let found = realpath(path, nil) else { throw .system("look at", path) }
        defer { free(found) }
        return String(cString: found)
    }

    /// What stands at `path` below `root`: a folder's content, or a file alone.
    private static func content(
        of path: String, in root: any SourceDirectory, report: (HikaeError) -> Void
    ) throws(HikaeError) -> any SourceDirectory {
        var current = root
        for name in LexicalPath.clean(Array(path.utf8)).split(separator: UInt8(ascii: "/")) {
            guard let entry = try current.entries(report: report).first(where: { $0.node.name.elementsEqual(name) })
            else { throw HikaeError(.notFound, "there is nothing at \(path), or it is left out by a pattern") }
            guard case .directory(let inner) = entry.body else {
                return SingleEntry(entry: entry, displayPath: path)
            }
            current = inner
        }
        return current
    }
}

/// A directory with one entry.
struct SingleEntry: SourceDirectory {
    let entry: SourceEntry
    let displayPath: String

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] { [entry] }
}

private final class FilesSession: CaptureSession {
    let root: any SourceDirectory
    private let count = FileCount()

    init(counting root: any SourceDirectory) { self.root = CountedDirectory(inner: root, group: nil, count: count) }

    var readers: Int { 0 }
    func finish() throws(HikaeError) -> CaptureFacts { count.facts }
    func close() {}
}

/// Counts files and bytes, in all and by the first folder on the way to them.
private final class FileCount: Sendable {
    private static let groupLimit = 1000
    private let groups = Mutex<[String: CaptureFacts.Group]>([:])

    func add(_ group: String, items: Int, bytes: UInt64) {
        groups.withLock { groups in
            var entry = groups[group] ?? CaptureFacts.Group(name: group, items: 0, bytes: 0)
            if items >= 0 {
                entry.items += UInt64(items)
                entry.bytes += bytes
            } else {
                entry.items -= min(entry.items, UInt64(-items))
                entry.bytes -= min(entry.bytes, bytes)
            }
            groups[group] = entry
        }
    }

    var facts: CaptureFacts {
        let found = groups.withLock { Array($0.values) }.sorted { $0.name < $1.name }
        var facts = CaptureFacts(unit: .files)
        for group in found {
            facts.items += group.items
            facts.bytes += group.bytes
        }
        if found.count <= Self.groupLimit { facts.groups = found }
        return facts
    }
}

private struct CountedDirectory: SourceDirectory {
    let inner: any SourceDirectory
    /// The first folder's name; nil at the root.
    let group: String?
    let count: FileCount

    var displayPath: String { inner.displayPath }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        var entries = try inner.entries(report: report)
        for place in entries.indices {
            let node = entries[place].node
            switch entries[place].body {
            case .directory(let directory):
                entries[place].body = .directory(
                    CountedDirectory(inner: directory, group: group ?? node.displayName, count: count))
            case .file(let file):
                let group = group ?? "."
                count.add(group, items: 1, bytes: node.size)
                entries[place].body = .file(CountedFile(inner: file, group: group, size: node.size, count: count))
            case .other: break
            }
        }
        return entries
    }
}

/// A file that is counted, until it turns out that it cannot be read.
private struct CountedFile: SourceFile {
    let inner: any SourceFile
    let group: String
    let size: UInt64
    let count: FileCount

    var displayPath: String { inner.displayPath }

    func expectOpening() { inner.expectOpening() }

    func open() throws(HikaeError) -> any SourceReader {
        do throws(HikaeError) {
            return CountedReader(inner: try inner.open(), file: self)
        } catch {
            count.add(group, items: -1, bytes: size)
            throw error
        }
    }
}

/// An open file. One that fails on the way is left out of the snapshot, and of the count.
private final class CountedReader: SourceReader {
    private let inner: any SourceReader
    private let file: CountedFile
    private var isCounted = true

    init(inner: any SourceReader, file: CountedFile) { (self.inner, self.file) = (inner, file) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        do throws(HikaeError) { return try inner.read(into: buffer) } catch { throw missed(error) }
    }

    func currentNode() throws(HikaeError) -> Node? {
        do throws(HikaeError) { return try inner.currentNode() } catch { throw missed(error) }
    }

    private func missed(_ error: HikaeError) -> HikaeError {
        if isCounted { file.count.add(file.group, items: -1, bytes: file.size) }
        isCounted = false
        return error
    }
}

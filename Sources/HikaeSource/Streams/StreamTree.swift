// A single stream as a tree: one file under a name, in the directories that the name leads through.

public import HikaeCore
import HikaeFormat

/// Opens the one stream that a tree consists of.
public protocol StreamOpener: Sendable {
    /// For messages.
    var displayPath: String { get }
    /// Opens it, which can be done once.
    func open() throws(HikaeError) -> any SourceReader
}

/// A tree with one file in it, as restic makes it of `--stdin`.
public struct StreamTree: Sendable {
    /// Where the walk begins.
    public let root: any SourceDirectory
    /// The file's absolute, clean path: what a snapshot names as its target.
    public let absolutePath: [UInt8]

    /// `name` may lead through directories. `time` is given to the file and its directories.
    ///
    /// Throws `.usage` for a name that names no file.
    public init(
        name: String, time: Timestamp, owner: (uid: UInt32, gid: UInt32), content: any StreamOpener
    ) throws(HikaeError) {
        let path = LexicalPath.join([LexicalPath.slash], Array(name.utf8))
        let names = LexicalPath.components(of: path)
        guard let fileName = names.last, !path.contains(0) else {
            throw HikaeError(.usage, "\"\(name)\" names no file", hint: "Use --stdin-filename NAME.")
        }
        absolutePath = path
        var file = Node(name: fileName, kind: .file)
        Self.fill(&file, mode: 0o644, time, owner)
        let body = SourceEntry.Body.file(StreamFile(content: content))
        var directory = StreamDirectory(
            depth: names.count - 1, names: names, entry: SourceEntry(node: file, body: body))
        for depth in names.indices.dropLast().reversed() {
            var node = Node(name: names[depth], kind: .dir)
            Self.fill(&node, mode: FileMode.directory | 0o755, time, owner)
            directory = StreamDirectory(
                depth: depth, names: names, entry: SourceEntry(node: node, body: .directory(directory)))
        }
        root = directory
    }

    private static func fill(_ node: inout Node, mode: UInt32, _ time: Timestamp, _ owner: (uid: UInt32, gid: UInt32)) {
        node.mode = mode
        node.mtime = time
        node.ctime = time
        (node.uid, node.gid) = owner
    }
}

/// A directory with one entry.
private struct StreamDirectory: SourceDirectory {
    /// How many names lead here.
    let depth: Int
    let names: [[UInt8]]
    let entry: SourceEntry

    var displayPath: String {
        "/" + names.prefix(depth).map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] { [entry] }
}

private struct StreamFile: SourceFile {
    let content: any StreamOpener
    var displayPath: String { content.displayPath }
    func open() throws(HikaeError) -> any SourceReader { try content.open() }
}

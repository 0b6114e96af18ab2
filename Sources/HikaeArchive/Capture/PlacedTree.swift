// A source's content at its place in the snapshot: /system/source.

import HikaeCore
import HikaeFormat
import HikaeSource

/// Directories that lead to a source's content.
struct PlacedTree: SourceDirectory {
    /// The names still to go through; the content stands below the last.
    let names: ArraySlice<String>
    let path: String
    let time: Timestamp
    let content: any SourceDirectory

    /// The root above the content.
    init(_ content: any SourceDirectory, at names: [String], time: Timestamp) {
        self.init(names: names[...], path: "/", time: time, content: content)
    }

    private init(names: ArraySlice<String>, path: String, time: Timestamp, content: any SourceDirectory) {
        (self.names, self.path, self.time, self.content) = (names, path, time, content)
    }

    var displayPath: String { path }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        guard let name = names.first else { return [] }
        var node = Node(name: Array(name.utf8), kind: .dir)
        node.mode = FileMode.directory | 0o755
        (node.mtime, node.atime, node.ctime) = (time, time, time)
        let rest = names.dropFirst()
        guard !rest.isEmpty else { return [SourceEntry(node: node, body: .directory(content))] }
        let inner = PlacedTree(
            names: rest, path: path == "/" ? "/\(name)" : "\(path)/\(name)", time: time, content: content)
        return [SourceEntry(node: node, body: .directory(inner))]
    }
}

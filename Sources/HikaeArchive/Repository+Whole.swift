// Whether everything below a tree is still there, as far as the index knows.

import HikaeCore
import HikaeFormat
import HikaeRepository

extension Repository {
    /// Whether the index knows every blob of a tree and of what is below it. The trees are read, the content is not.
    func hasWhole(_ tree: BlobID) -> Bool {
        var pending = [tree]
        while let next = pending.popLast() {
            guard index.contains(next, .tree) else { return false }
            let nodes: [Node]
            do throws(HikaeError) { nodes = try self.tree(next).nodes } catch { return false }
            for node in nodes {
                switch node.kind {
                case .dir:
                    guard let subtree = node.subtree else { return false }
                    pending.append(subtree)
                case .file:
                    guard node.content?.allSatisfy({ index.contains($0, .data) }) ?? (node.size == 0) else {
                        return false
                    }
                default: break
                }
            }
        }
        return true
    }
}

// A directory's list of nodes. A tree's ID is the hash of its JSON, so one byte's difference is another tree.

public import HikaeCore

/// A directory: its nodes, sorted by the bytes of their names.
public struct Tree: Sendable, Equatable {
    /// Sorted by the bytes of their names, which `sort` sees to and `validate` checks.
    public var nodes: [Node]

    /// A tree of these nodes.
    public init(nodes: [Node] = []) { self.nodes = nodes }

    /// The node of this name, found by bisection; the nodes must be sorted.
    public func node(named name: [UInt8]) -> Node? {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].name.lexicographicallyPrecedes(name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < nodes.count, nodes[low].name == name else { return nil }
        return nodes[low]
    }

    /// Sorts the nodes by the bytes of their names, as a tree must be.
    public mutating func sort() {
        nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// Refuses what no directory can hold: names that are empty, `.`, `..`, or contain `/` or NUL, a name twice,
    /// nodes out of order. Whoever restores a tree must call it first. Throws `.damaged`.
    public func validate() throws(HikaeError) {
        var last: [UInt8]?
        for node in nodes {
            let name = node.name
            guard !name.isEmpty, name != [0x2E], name != [0x2E, 0x2E], !name.contains(0x2F), !name.contains(0) else {
                throw HikaeError(.damaged, "a tree holds the impossible name \"\(node.displayName)\"")
            }
            if let last {
                guard last != name else {
                    throw HikaeError(.damaged, "a tree holds the name \"\(node.displayName)\" twice")
                }
                guard last.lexicographicallyPrecedes(name) else {
                    throw HikaeError(.damaged, "a tree's names are out of order at \"\(node.displayName)\"")
                }
            }
            last = name
        }
    }
}

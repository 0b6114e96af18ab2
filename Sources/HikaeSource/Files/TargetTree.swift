// How the targets of a backup become one tree, by their paths alone and with the same result as restic's.

import HikaeCore

/// A node of the tree over all targets. Inner nodes are directories on the way to a target; leaves are saved whole.
struct TargetTree {
    /// By name.
    var nodes: [[UInt8]: TargetTree] = [:]
    /// What is to be saved here with all that is in it; empty for an inner node.
    var path: [UInt8] = []
    /// Where an inner node's own metadata are.
    var metadataPath: [UInt8] = []
    /// What the first name of a target is relative to: "/", ".", "..", "../.." and so on.
    var root: [UInt8] = []

    var isLeaf: Bool { !path.isEmpty }

    /// Names in the order of their bytes.
    var names: [[UInt8]] { nodes.keys.sorted { $0.lexicographicallyPrecedes($1) } }

    private init() {}

    private init(path: [UInt8]) { self.path = path }

    private init(root: [UInt8]) { self.root = root }

    /// The tree over `targets`. Targets without a name of their own (`.`, `..`, `/`) stand for the entries of that
    /// directory. `list` gives a directory's names; it is also asked where one target lies within another.
    init(targets: [[UInt8]], list: ([UInt8]) throws(HikaeError) -> [[UInt8]]) throws(HikaeError) {
        var seen: Set<[UInt8]> = []
        for target in try Self.resolved(targets, list) where seen.insert(target).inserted {
            try add(target)
        }
        try unroll(list)
    }

    private static func resolved(
        _ targets: [[UInt8]], _ list: ([UInt8]) throws(HikaeError) -> [[UInt8]]
    ) throws(HikaeError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for target in targets {
            let target = LexicalPath.clean(target)
            if !names(of: target).isEmpty {
                result.append(target)
                continue
            }
            let entries = try list(target).sorted { $0.lexicographicallyPrecedes($1) }
            result += entries.map { LexicalPath.join(target, $0) }
        }
        return result
    }

    /// A target's names in the tree: what is left of it when it is taken as seen from the root.
    private static func names(of target: [UInt8]) -> [[UInt8]] {
        LexicalPath.components(of: LexicalPath.join([LexicalPath.slash], target))
    }

    private static func root(of target: [UInt8]) -> [UInt8] {
        if target.first == LexicalPath.slash { return [LexicalPath.slash] }
        let up = Array("..".utf8)
        var root = [LexicalPath.dot]
        for name in LexicalPath.components(of: target) where name == up { root = LexicalPath.join(root, up) }
        return root
    }

    private mutating func add(_ target: [UInt8]) throws(HikaeError) {
        let names = Self.names(of: target)
        guard let first = names.first else { throw Self.unusable(target) }
        let root = Self.root(of: target)
        var node = TargetTree(root: root)
        // The same name below another directory gets a number.
        var name = first
        var number = 0
        while let other = nodes[name] {
            number += 1
            if other.root == root {
                node = other
                break
            }
            name = first + Array("-\(number)".utf8)
        }
        if names.count == 1 {
            node.path = target
        } else {
            let directory = LexicalPath.join(root, first)
            try node.add(target, names.dropFirst(), in: directory)
            node.metadataPath = directory
        }
        nodes[name] = node
    }

    private mutating func add(
        _ target: [UInt8], _ names: ArraySlice<[UInt8]>, in directory: [UInt8]
    ) throws(HikaeError) {
        guard let name = names.first else { throw Self.unusable(target) }
        var node = nodes[name] ?? TargetTree()
        if names.count == 1 {
            guard !node.isLeaf else { throw Self.unusable(target) }
            node.path = target
        } else {
            let directory = LexicalPath.join(directory, name)
            node.metadataPath = directory
            try node.add(target, names.dropFirst(), in: directory)
        }
        nodes[name] = node
    }

    /// Where a target lies within another, the outer one's entries become targets of their own.
    private mutating func unroll(_ list: ([UInt8]) throws(HikaeError) -> [[UInt8]]) throws(HikaeError) {
        if isLeaf, !nodes.isEmpty {
            for name in try list(path) {
                let entry = LexicalPath.join(path, name)
                var node = nodes[name] ?? TargetTree()
                guard !node.isLeaf || node.path == entry else { throw Self.unusable(entry) }
                node.path = entry
                nodes[name] = node
            }
            if metadataPath.isEmpty { metadataPath = path }
            path = []
        }
        for name in nodes.keys { try nodes[name]?.unroll(list) }
    }

    private static func unusable(_ target: [UInt8]) -> HikaeError {
        let name = String(decoding: target, as: UTF8.self)
        return HikaeError(.usage, "the target \(name) cannot be saved together with the others")
    }
}

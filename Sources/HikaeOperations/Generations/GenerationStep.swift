// One step back in time: what two neighbouring captures say of each file. Equal trees are passed over unread.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// Compares a capture with the one after it.
struct GenerationStep {
    /// Of the earlier capture; both stand in the same repository.
    let content: SnapshotContent
    let earlier: FileGenerations.Generation
    let later: FileGenerations.Generation
    let goneCounts: Bool
    var findings: [[[UInt8]]: FileGenerations.Finding]
    /// Files that somebody has written since: what older captures say of them is the past.
    var settled: Set<[[UInt8]]>

    /// Looks at what stands in a directory of both; `new` is nil when the later capture lacks it.
    mutating func compare(_ old: BlobID, _ new: BlobID?, _ path: [[UInt8]]) throws(HikaeError) {
        guard old != new else { return }
        var after: [[UInt8]: Node] = [:]
        if let new {
            for node in try content.nodes(of: new) { after[node.name] = node }
        }
        for node in try content.nodes(of: old) {
            let inner = path + [node.name]
            let now = after[node.name]
            if let subtree = node.subtree {
                try compare(subtree, now?.subtree, inner)
            } else if node.kind == .file || node.kind == .symlink {
                look(at: node, now, inner)
            }
        }
    }

    private mutating func look(at node: Node, _ now: Node?, _ path: [[UInt8]]) {
        guard !settled.contains(path) else { return }
        guard let now else {
            if goneCounts, findings[path] == nil { note(.gone, node, path) }
            return
        }
        guard node.kind == .file, now.kind == .file else {
            settled.insert(path)
            return
        }
        guard node.content != now.content else { return }
        let isSilent = node.size == now.size && node.mtime == now.mtime
        if let known = findings[path] {
            // Of one size and time the oldest bytes are the true ones.
            guard known.isOpen else { return }
            if isSilent, known.generation.node.content == now.content {
                note(known.generation.cause, node, path, since: known.generation.since)
            } else {
                findings[path]?.isOpen = false
            }
        } else if isSilent {
            note(.rotten, node, path)
        } else {
            settled.insert(path)
        }
    }

    private mutating func note(
        _ cause: FileGeneration.Cause, _ node: Node, _ path: [[UInt8]], since: Timestamp? = nil
    ) {
        let generation = FileGeneration(
            path: path, cause: cause, node: node, from: earlier.time, since: since ?? later.time)
        findings[path] = FileGenerations.Finding(generation: generation, isOpen: true)
    }
}

// What is on a site beside the snapshot: every file read back and compared byte for byte.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import Synchronization

/// One comparison.
final class SiteComparison: Sendable {
    private struct State: Sendable {
        var result = Verification()
        var otherTimes: UInt64 = 0
        var files: UInt64 = 0
    }

    private let site: ReturnSite
    private let content: SnapshotContent
    private let watch: ReturnWatch
    private let state = Mutex(State())

    init(_ site: ReturnSite, _ content: SnapshotContent, _ watch: ReturnWatch) {
        (self.site, self.content, self.watch) = (site, content, watch)
    }

    /// Compares everything, with all connections.
    func run(_ facts: CaptureFacts?) throws(HikaeError) -> Verification {
        watch.progress.begin(phase: "comparing", files: Int(clamping: facts?.items ?? 0))
        let root = ReturnFolder(tree: content.tree, names: [], path: site.base)
        try FolderSweep.run(root, threads: site.settings.connections, watch.cancellation) {
            [self] folder throws(HikaeError) in try compare(folder)
        }
        return state.withLock { state in
            var result = state.result
            result.methods.append("\(state.files) files read back and compared byte for byte")
            if state.otherTimes > 0 { result.methods.append("\(state.otherTimes) files bear another time") }
            if let facts, facts.unit == .files, facts.items != state.files {
                result.differs("the capture counted \(facts.items) files, and the snapshot holds \(state.files)")
            }
            return result
        }
    }

    private func compare(_ folder: ReturnFolder) throws(HikaeError) -> [ReturnFolder] {
        let nodes = try content.nodes(of: folder.tree)
        var there = try site.entries(folder.path) ?? [:]
        var inner: [ReturnFolder] = []
        for node in nodes {
            try watch.cancellation.check()
            let shown = folder.shown(node.name)
            let name: [UInt8]
            do throws(HikaeError) {
                name = try site.wire(node.name, shown)
            } catch {
                count(difference: error.message)
                continue
            }
            let entry = there.removeValue(forKey: name)
            if node.kind == .dir, let tree = node.subtree, entry?.kind == .folder {
                count(difference: nil)
                inner.append(
                    ReturnFolder(tree: tree, names: folder.names + [node.name], path: folder.path.appending(name)))
            } else {
                count(difference: try difference(node, entry, name, folder, shown))
            }
        }
        let extra = there.values.count { $0.kind == .file || $0.kind == .folder }
        state.withLock { $0.result.extra += UInt64(extra) }
        return inner
    }

    /// What differs, in a sentence; nil when nothing does.
    private func difference(
        _ node: Node, _ entry: ListedEntry?, _ name: [UInt8], _ folder: ReturnFolder, _ shown: String
    ) throws(HikaeError) -> String? {
        if node.kind == .file { state.withLock { $0.files += 1 } }
        guard let entry else {
            guard node.kind == .dir, let tree = node.subtree else { return "\(shown) is missing" }
            let lost = try files(tree)
            state.withLock { $0.files += lost }
            return "the folder \(shown) is missing, and \(lost) files in it"
        }
        switch node.kind {
        case .file:
            guard entry.kind == .file else { return "\(shown) is no file there" }
            guard entry.size == node.size else { return "\(shown) has \(entry.size) bytes instead of \(node.size)" }
            if !site.agrees(node, entry) { state.withLock { $0.otherTimes += 1 } }
            watch.progress.currentItem = shown
            let isEqual: Bool
            do throws(HikaeError) {
                isEqual = try site.holds(folder.path, name, node, content, shown)
            } catch  where [.notFound, .permission, .incomplete].contains(error.code) {
                return "\(shown) cannot be read back: \(error.message)"
            }
            watch.progress.add(files: 1, bytes: Int(clamping: node.size))
            return isEqual ? nil : "\(shown) has other content of the same length"
        case .symlink:
            let target = try site.wireTarget(node)
            return entry.kind == .link && entry.target == target ? nil : "\(shown) is not the link that it was"
        default:
            return "\(shown) is not what it was"
        }
    }

    private func files(_ tree: BlobID) throws(HikaeError) -> UInt64 {
        var total: UInt64 = 0
        for node in try content.nodes(of: tree) {
            if node.kind == .file { total += 1 }
            if let inner = node.subtree { total += try files(inner) }
        }
        return total
    }

    private func count(difference: String?) {
        state.withLock { state in
            state.result.compared += 1
            if let difference { state.result.differs(difference) } else { state.result.equal += 1 }
        }
    }
}

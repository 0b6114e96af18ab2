// What a restore would do, thing by thing: found out by looking at the site, before anything is written.

import HikaeCore
import HikaeDestination
import HikaeFormat
import Synchronization

/// A decision for everything of the snapshot: one byte a thing.
final class ReturnPlan: Sendable {
    /// What becomes of one thing.
    enum Verdict: UInt8, Sendable {
        /// It is not there: it is made.
        case write
        /// It is there and differs: it is replaced.
        case replace
        /// It is there as it should be; `stamp` when its time alone is to be set.
        case present, stamp
        /// It is there and differs, and stays.
        case stay
        /// It cannot be put there.
        case impossible
    }

    /// The decisions for one folder.
    struct Folder: Sendable {
        var exists: Bool
        /// In the order of the snapshot's nodes.
        var verdicts: [Verdict]
    }

    private struct State: Sendable {
        var folders: [[[UInt8]]: Folder] = [:]
        var preview = ReturnPreview()
    }

    private let state = Mutex(State())
    private let site: ReturnSite
    private let content: SnapshotContent
    private let options: ReturnOptions
    private let watch: ReturnWatch

    /// Looks at the site, with all its connections.
    init(_ site: ReturnSite, _ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError)
    {
        (self.site, self.content, self.options, self.watch) = (site, content, options, watch)
        watch.progress.begin(phase: "looking at what is there")
        let root = ReturnFolder(tree: content.tree, names: [], path: site.base)
        try FolderSweep.run(root, threads: site.settings.connections, watch.cancellation) {
            [self] folder throws(HikaeError) in try look(folder, watch)
        }
    }

    /// Whether what differs may go.
    var mayReplace: Bool { options.replaces && !options.onlyMissing }

    var preview: ReturnPreview { state.withLock { $0.preview } }

    /// The decisions for a folder; nil when it was left out with one above it.
    func folder(_ names: [[UInt8]]) -> Folder? { state.withLock { $0.folders[names] } }

    private func look(_ folder: ReturnFolder, _ watch: ReturnWatch) throws(HikaeError) -> [ReturnFolder] {
        let nodes = try content.nodes(of: folder.tree)
        // What is missing above is missing below: nothing need be asked.
        let isKnownMissing = folder.names.last.map { name in
            self.folder(Array(folder.names.dropLast()))?.exists == false && !name.isEmpty
        }
        let there = isKnownMissing == true ? nil : try site.entries(folder.path)
        var plan = Folder(exists: there != nil, verdicts: [])
        var inner: [ReturnFolder] = []
        var part = ReturnPreview()
        for node in nodes {
            try watch.cancellation.check()
            let shown = folder.shown(node.name)
            do throws(HikaeError) {
                let name = try site.wire(node.name, shown)
                let entry = there?[name]
                if node.kind == .dir, let tree = node.subtree, entry == nil || entry?.kind == .folder {
                    plan.verdicts.append(entry == nil ? .write : .present)
                    inner.append(
                        ReturnFolder(tree: tree, names: folder.names + [node.name], path: folder.path.appending(name)))
                } else {
                    plan.verdicts.append(try judge(node, entry, name, folder, shown, &part))
                }
            } catch  where error.code == .unsupported {
                watch.report(error)
                plan.verdicts.append(.impossible)
            }
        }
        state.withLock { state in
            state.folders[folder.names] = plan
            state.preview.items += part.items
            state.preview.bytes += part.bytes
            state.preview.present += part.present
            state.preview.conflictCount += part.conflictCount
            state.preview.conflicts += part.conflicts.prefix(max(0, 1000 - state.preview.conflicts.count))
        }
        return inner
    }

    /// What becomes of something that is no folder, or that no folder can be made for.
    private func judge(
        _ node: Node, _ entry: ListedEntry?, _ name: [UInt8], _ folder: ReturnFolder, _ shown: String,
        _ part: inout ReturnPreview
    ) throws(HikaeError) -> Verdict {
        if node.kind == .symlink, let entry, entry.kind == .link, entry.target == (try? site.wireTarget(node)) {
            part.present += 1
            return .present
        }
        guard node.kind == .file else {
            guard entry == nil else { return conflict("\(shown) is something else there", &part, canReplace: false) }
            throw HikaeError(
                .unsupported,
                "\(shown) is a \(node.kind == .symlink ? "link" : node.kind.rawValue), which FTP cannot"
                    + " make: it is left out",
                hint: node.kind == .symlink
                    ? "It leads to \(String(decoding: node.linkTarget, as: UTF8.self)); make it by other means." : nil)
        }
        guard let entry else {
            part.items += 1
            part.bytes += node.size
            return .write
        }
        guard entry.kind == .file else {
            return conflict("\(shown) is no file there", &part, canReplace: false)
        }
        if entry.size == node.size {
            // What stays anyhow need not be read.
            if options.onlyMissing || site.agrees(node, entry) {
                part.present += 1
                return .present
            }
            if try site.holds(folder.path, name, node, content, shown) {
                part.present += 1
                return .stamp
            }
        }
        let verdict = conflict(
            entry.size == node.size
                ? "\(shown) has the same length there and other content"
                : "\(shown) has \(entry.size) bytes there and \(node.size) in the snapshot", &part, canReplace: true)
        if verdict == .replace {
            part.items += 1
            part.bytes += node.size
        }
        return verdict
    }

    private func conflict(_ sentence: String, _ part: inout ReturnPreview, canReplace: Bool) -> Verdict {
        part.conflictCount += 1
        part.conflicts.append(sentence)
        if options.onlyMissing { return .stay }
        // One who allowed things to be replaced must know what was not.
        if !canReplace, options.replaces { watch.report(HikaeError(.refused, "\(sentence): it stays")) }
        return canReplace ? .replace : .impossible
    }
}

extension ReturnSite {
    /// A link's target as it goes over the wire.
    func wireTarget(_ node: Node) throws(HikaeError) -> [UInt8] {
        guard NameEncoding.isUTF8(node.linkTarget), let wire = encoding.encode(node.linkTarget) else {
            return node.linkTarget
        }
        return wire
    }
}

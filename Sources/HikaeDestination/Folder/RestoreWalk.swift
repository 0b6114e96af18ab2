// The walk over a snapshot's trees: makes directories and small things at once, plans the files, batch by batch.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One restore, on the thread that calls `run`; batches are worked off by a crew of more, beside the planning.
struct RestoreWalk {
    /// Deeper than any filesystem's tools can handle; a tree that goes on is not restored below this.
    private static let deepest = 10_000
    /// What an entry is called until it takes the place of another: as files are, but for the number.
    static let workingName = Array(".hikae-restore-entry".utf8)

    struct Frame {
        let folder: TargetFolder
        /// Nil for the target itself.
        let node: Node?
        let isSelected: Bool
        let selection: RestoreSelection
        let nodes: [Node]
        var next = 0
        /// Something in it was restored.
        var holdsRestored = false
    }

    let repository: Repository
    let index: BlobIndex
    let packs: [FileID]
    let options: RestoreOptions
    let reporter: RestoreReporter
    let cancellation: Cancellation
    let workers: Int
    let crew: RestoreCrew
    let fatal = FirstError()
    /// What is being planned.
    var batch = RestoreBatch()
    /// Files planned so far, in all batches.
    var planned = 0
    /// What the crew was given and what still has to be ended, in the order in which it was planned.
    var running: [BatchWriter] = []
    var frames: [Frame] = []
    /// The first name of each file that has several, and whether that one failed.
    var firstNames: [LinkKey: (folder: TargetFolder, name: [UInt8])] = [:]
    var failedLinks: Set<LinkKey> = []
    var clearsInherited = false

    init(
        repository: Repository, options: RestoreOptions, reporter: RestoreReporter, cancellation: Cancellation
    ) {
        self.repository = repository
        index = repository.index
        packs = index.packs
        self.options = options
        self.reporter = reporter
        self.cancellation = cancellation
        let usual = max(2, processorCount())
        workers = options.workers > 0 ? options.workers : repository.store.traits.threads(usual)
        crew = RestoreCrew(repository, size: workers)
    }

    /// Restores the tree into the folder. Throws what ends the whole restore; no thread of it is left then.
    mutating func run(_ tree: BlobID, into target: TargetFolder) throws(HikaeError) {
        defer { end() }
        let nodes = try self.nodes(of: tree, at: "/")
        noteInheritance(target)
        let selection = RestoreSelection(options)
        if options.deletesOthers, target.existedBefore { deleteOthers(in: target, but: nodes, selection) }
        frames = [Frame(folder: target, node: nil, isSelected: false, selection: selection, nodes: nodes)]
        while let last = frames.indices.last {
            try cancellation.check()
            if frames[last].next < frames[last].nodes.count {
                let node = frames[last].nodes[frames[last].next]
                frames[last].next += 1
                do throws(HikaeError) {
                    try handle(node, in: last)
                } catch {
                    if error.code == .noSpace || error.code == .cancelled { throw error }
                    reporter.fail(error)
                }
            } else {
                leave(frames.removeLast())
            }
            try handOver()
        }
        try flush()
    }

    private func nodes(of tree: BlobID, at path: @autoclosure () -> String) throws(HikaeError) -> [Node] {
        do throws(HikaeError) {
            let tree = try repository.tree(tree)
            try tree.validate()
            return tree.nodes
        } catch {
            throw HikaeError(
                error.code, "the directory \(path()) cannot be restored: \(error.message)", hint: error.hint)
        }
    }

    // MARK: Nodes

    private mutating func handle(_ node: Node, in last: Int) throws(HikaeError) {
        // Trees were validated; this is the last gate before the filesystem.
        guard EntryName.isSafe(node.name) else { throw HikaeError(.damaged, "a tree holds an impossible name") }
        let frame = frames[last]
        let choice = frame.selection.choice(node.name, isDirectory: node.kind == .dir)
        if node.kind == .dir {
            if choice.isSelected || choice.isEntered { try enter(node, choice, frame) }
            return
        }
        guard choice.isSelected else { return }
        let path = EntryPath(folder: frame.folder, name: node.name)
        if options.isDryRun {
            _ = try frame.folder.find()
        } else {
            try frame.folder.make(replaces: mayReplace)
        }
        frames[last].holdsRestored = true
        let existing = try self.existing(node.name, frame.folder)
        if let existing, try !mayOverwrite(node, existing, path) {
            // Its further names may still be missing.
            if options.overwriting == .ifChanged, let key = LinkKey(node), firstNames[key] == nil {
                firstNames[key] = (frame.folder, node.name)
            }
            return
        }
        if node.kind == .file {
            try planFile(node, frame.folder, replaces: existing != nil, path)
        } else {
            try makeOther(node, frame.folder, replaces: existing != nil, path)
        }
    }

    private mutating func enter(
        _ node: Node, _ choice: RestoreSelection.Choice, _ frame: Frame
    ) throws(HikaeError) {
        let folder = TargetFolder(node.name, in: frame.folder)
        guard folder.depth <= Self.deepest else {
            throw HikaeError(.limit, "the directory \(folder.path) lies too deep to be restored")
        }
        if options.isDryRun || !choice.isSelected {
            _ = try folder.find()
        } else {
            try folder.make(replaces: mayReplace)
        }
        noteInheritance(folder)
        var nodes: [Node]?
        if let subtree = node.subtree {
            do throws(HikaeError) {
                nodes = try self.nodes(of: subtree, at: folder.path)
            } catch {
                reporter.fail(error)
            }
        } else {
            reporter.fail(HikaeError(.damaged, "the directory \(folder.path) names no tree, so nothing is put into it"))
        }
        let selection = frame.selection.entering(node.name)
        // What cannot be listed takes nothing away.
        if let nodes, options.deletesOthers, folder.existedBefore { deleteOthers(in: folder, but: nodes, selection) }
        frames.append(
            Frame(folder: folder, node: node, isSelected: choice.isSelected, selection: selection, nodes: nodes ?? []))
    }

    private mutating func leave(_ frame: Frame) {
        guard let node = frame.node, frame.isSelected || frame.holdsRestored else { return }
        if let parent = frames.indices.last { frames[parent].holdsRestored = true }
        reporter.count { $0.directories += 1 }
        if let onItem = reporter.onItem {
            let action: RestoreItem.Action = frame.folder.existedBefore ? .updated : .restored
            onItem(RestoreItem(path: frame.folder.path, action: action, isDirectory: true, size: 0))
        }
        if !options.isDryRun { batch.folders.append((frame.folder, NodeMetadata(node))) }
    }

    /// Makes a symlink, device, FIFO or socket.
    private func makeOther(
        _ node: Node, _ folder: TargetFolder, replaces: Bool, _ path: EntryPath
    ) throws(HikaeError) {
        if !options.isDryRun {
            try folder.withDescriptor { directory throws(HikaeError) in
                // Beside what is there, which goes only once this stands.
                let name = replaces ? Self.workingName : node.name
                if replaces { EntryName.remove(name, in: directory) }
                try SpecialEntry.make(node, as: name, in: directory, path: { path.text })
                if let failure = NodeMetadata(node).apply(toEntry: name, of: directory, path: { path.text }) {
                    reporter.fail(failure)
                }
                if replaces { try takePlace(node.name, directory, path) }
            }
        }
        reporter.count { $0.others += 1 }
        reporter.progress.add(files: 1)
        tell(path, replaces ? .updated : .restored)
    }

    // MARK: Telling

    func tell(_ path: EntryPath, _ action: RestoreItem.Action, size: UInt64 = 0) {
        guard let onItem = reporter.onItem else { return }
        onItem(RestoreItem(path: path.text, action: action, isDirectory: false, size: size))
    }
}

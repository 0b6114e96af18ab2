// The walk over a snapshot's trees: makes directories and small things at once, plans the files, batch by batch.

internal import CLinux
import HikaeCore
import HikaeFormat
import HikaeRepository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One restore, on the thread that calls `run`; batches are worked off by more.
struct RestoreWalk {
    /// Deeper than any filesystem's tools can handle; a tree that goes on is not restored below this.
    private static let deepest = 10_000

    private struct Frame {
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
    private var batch = RestoreBatch()
    private var frames: [Frame] = []
    /// The first name of each file that has several, and whether that one failed.
    private var firstNames: [LinkKey: (folder: TargetFolder, name: [UInt8])] = [:]
    private var failedLinks: Set<LinkKey> = []
    private var clearsInherited = false

    init(
        repository: Repository, options: RestoreOptions, reporter: RestoreReporter, cancellation: Cancellation
    ) {
        self.repository = repository
        index = repository.index
        packs = index.packs
        self.options = options
        self.reporter = reporter
        self.cancellation = cancellation
        workers = options.workers > 0 ? options.workers : max(2, processorCount())
    }

    /// Restores the tree into the folder.
    mutating func run(_ tree: BlobID, into target: TargetFolder) throws(HikaeError) {
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
            if batch.isFull { try flush() }
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
        var nodes: [Node] = []
        if let subtree = node.subtree {
            do throws(HikaeError) {
                nodes = try self.nodes(of: subtree, at: folder.path)
            } catch {
                reporter.fail(error)
                // What cannot be listed takes nothing away.
                frames.append(
                    Frame(
                        folder: folder, node: node, isSelected: choice.isSelected,
                        selection: frame.selection, nodes: []))
                return
            }
        } else {
            reporter.fail(HikaeError(.damaged, "the directory \(folder.path) names no tree, so it is restored empty"))
        }
        let selection = frame.selection.entering(node.name)
        if options.deletesOthers, folder.existedBefore { deleteOthers(in: folder, but: nodes, selection) }
        frames.append(
            Frame(folder: folder, node: node, isSelected: choice.isSelected, selection: selection, nodes: nodes))
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
                if replaces { try clear(node.name, directory, path) }
                try SpecialEntry.make(node, in: directory, path: { path.text })
                if let failure = NodeMetadata(node).apply(toEntry: node.name, of: directory, path: { path.text }) {
                    reporter.fail(failure)
                }
            }
        }
        reporter.count { $0.others += 1 }
        reporter.progress.add(files: 1)
        tell(path, replaces ? .updated : .restored)
    }

    // MARK: What is there already

    private var mayReplace: Bool { options.overwriting == .always || options.overwriting == .ifChanged }

    private func existing(_ name: [UInt8], _ folder: TargetFolder) throws(HikaeError) -> stat? {
        guard folder.isThere, folder.existedBefore else { return nil }
        return try folder.withDescriptor { EntryName.status($0, name) }
    }

    /// Whether what is there gives way. Metadata of an unchanged file are set here.
    private func mayOverwrite(_ node: Node, _ existing: stat, _ path: EntryPath) throws(HikaeError) -> Bool {
        let time = Timestamp(
            seconds: Int64(existing.st_mtim.tv_sec), nanoseconds: Int32(existing.st_mtim.tv_nsec))
        let isFile = existing.st_mode & S_IFMT == S_IFREG
        let isUnchanged: Bool =
            switch options.overwriting {
            case .always: false
            case .never: true
            case .ifNewer: node.mtime <= time
            case .ifChanged:
                node.kind == .file && isFile && UInt64(clamping: existing.st_size) == node.size && node.mtime == time
            }
        guard isUnchanged else { return true }
        reporter.count { summary in
            summary.skipped += 1
            summary.bytesSkipped += node.size
        }
        reporter.progress.add(files: 1, bytes: Int(clamping: node.size))
        tell(path, .unchanged, size: node.size)
        if options.overwriting == .ifChanged, !options.isDryRun, let folder = frames.last?.folder {
            try folder.withDescriptor { directory throws(HikaeError) in
                let descriptor = EntryName.open(directory, node.name, O_RDONLY | O_NONBLOCK)
                guard descriptor >= 0 else { throw .system("open", path.text) }
                defer { close(descriptor) }
                let metadata = NodeMetadata(node)
                if let failure = metadata.apply(to: descriptor, clearsInherited: true, path: { path.text }) {
                    reporter.fail(failure)
                }
            }
        }
        return false
    }

    /// Removes an entry so that another can take its place; a directory only when it is empty.
    private func clear(_ name: [UInt8], _ directory: Int32, _ path: EntryPath) throws(HikaeError) {
        let result = EntryName.with(name) { name in
            unlinkat(directory, name, 0) == 0 || (errno == EISDIR && unlinkat(directory, name, AT_REMOVEDIR) == 0)
        }
        guard result || errno == ENOENT else { throw .system("replace", path.text) }
    }

    private func deleteOthers(in folder: TargetFolder, but nodes: [Node], _ selection: RestoreSelection) {
        let wanted = Tree(nodes: nodes)
        do throws(HikaeError) {
            try folder.withDescriptor { directory throws(HikaeError) in
                for name in try FolderRemoval.names(in: directory, path: { folder.path })
                where wanted.node(named: name) == nil && selection.choice(name, isDirectory: false).isSelected {
                    let path = EntryPath(folder: folder, name: name)
                    do throws(HikaeError) {
                        let count =
                            options.isDryRun ? 1 : try FolderRemoval.remove(name, of: directory, path: path.text)
                        reporter.count { $0.deleted += count }
                        tell(path, .deleted)
                    } catch {
                        reporter.fail(error)
                    }
                }
            }
        } catch {
            reporter.fail(error)
        }
    }

    /// Notes whether something made in the directory may get attributes from it.
    private mutating func noteInheritance(_ folder: TargetFolder) {
        guard !clearsInherited, folder.isThere, folder.existedBefore else { return }
        let found = try? folder.withDescriptor { DefaultAttributes.areInherited(from: $0) }
        clearsInherited = found ?? true
    }

    // MARK: Files

    private mutating func planFile(
        _ node: Node, _ folder: TargetFolder, replaces: Bool, _ path: EntryPath
    ) throws(HikaeError) {
        let key = LinkKey(node)
        if let key, firstNames[key] != nil {
            if options.isDryRun {
                reporter.count { $0.hardLinks += 1 }
                tell(path, replaces ? .updated : .restored)
            } else {
                batch.links.append(PlannedLink(key: key, folder: folder, node: node, replaces: replaces))
            }
            return
        }
        try plan(node, folder, replaces: replaces, path, key)
        if let key { firstNames[key] = (folder, node.name) }
    }

    private mutating func plan(
        _ node: Node, _ folder: TargetFolder, replaces: Bool, _ path: EntryPath, _ key: LinkKey?
    ) throws(HikaeError) {
        let content = node.content ?? []
        let first = batch.blobs.count
        let number = UInt32(batch.files.count)
        var offset: UInt64 = 0
        for id in content {
            guard let position = index.lookupPosition(id, .data) else {
                batch.blobs.removeLast(batch.blobs.count - first)
                throw HikaeError(
                    .damaged, "\(path.text) cannot be restored: the repository has no blob \(id.short)",
                    hint: "Run `hikae check`; another copy of the repository may have it.")
            }
            let blob = index.blob(at: position)
            batch.blobs.append(
                PlannedBlob(
                    pack: UInt32(index.packNumber(at: position)), offset: blob.offset, length: blob.length,
                    file: number, position: UInt64(position), fileOffset: offset))
            offset += UInt64(blob.plaintextLength)
        }
        if offset != node.size {
            reporter.fail(
                HikaeError(
                    .damaged,
                    "\(path.text) is restored with the \(offset) bytes that its blobs hold, not the \(node.size) "
                        + "that its directory tells"))
        }
        if options.isDryRun {
            batch.blobs.removeAll(keepingCapacity: true)
            reporter.count { summary in
                summary.files += 1
                summary.bytes += offset
            }
            reporter.progress.add(files: 1, bytes: Int(clamping: offset))
        } else {
            if replaces, let existing = try existing(node.name, folder), existing.st_mode & S_IFMT == S_IFDIR {
                try folder.withDescriptor { directory throws(HikaeError) in try clear(node.name, directory, path) }
            }
            batch.files.append(
                PlannedFile(
                    folder: folder, name: node.name, metadata: NodeMetadata(node), size: offset,
                    blobCount: Int32(content.count), replaces: replaces, link: key))
        }
        tell(path, replaces ? .updated : .restored, size: offset)
    }

    // MARK: Batches

    private mutating func flush() throws(HikaeError) {
        guard !batch.isEmpty else { return }
        let work = batch
        batch = RestoreBatch()
        let writer = BatchWriter(
            work, repository: repository, index: index, packs: packs, options: options, reporter: reporter,
            cancellation: cancellation, clearsInherited: clearsInherited)
        try writer.run(workers: workers)
        for (number, file) in work.files.enumerated() where !writer.isWhole(number) {
            if let link = file.link { failedLinks.insert(link) }
        }
        if options.verifies {
            let verifier = BatchVerifier(
                work, index: index, reporter: reporter, cancellation: cancellation,
                isWanted: { writer.isWhole($0) })
            try verifier.run(workers: workers)
        }
        for link in work.links { makeLink(link) }
        for (folder, metadata) in work.folders { finish(folder, metadata) }
        // A link that could not be made has become a file of its own.
        if !batch.isEmpty { try flush() }
    }

    private func finish(_ folder: TargetFolder, _ metadata: NodeMetadata) {
        do throws(HikaeError) {
            try folder.withDescriptor { descriptor throws(HikaeError) in
                let clears = clearsInherited || folder.existedBefore
                if let failure = metadata.apply(to: descriptor, clearsInherited: clears, path: { folder.path }) {
                    throw failure
                }
            }
        } catch {
            reporter.fail(error)
        }
    }

    private mutating func makeLink(_ link: PlannedLink) {
        let path = EntryPath(folder: link.folder, name: link.node.name)
        guard let first = firstNames[link.key], !failedLinks.contains(link.key) else {
            reporter.fail(
                HikaeError(.damaged, "\(path.text) is not restored: it is another name of a file that is damaged"))
            return
        }
        do throws(HikaeError) {
            let number = try link.folder.withDescriptor { directory throws(HikaeError) -> Int32 in
                if link.replaces { try clear(link.node.name, directory, path) }
                return try first.folder.withDescriptor { from in
                    EntryName.with(first.name) { old in
                        EntryName.with(link.node.name) { linkat(from, old, directory, $0, 0) }
                    } == 0 ? 0 : errno
                }
            }
            if number == 0 {
                reporter.count { $0.hardLinks += 1 }
                reporter.progress.add(files: 1)
                tell(path, link.replaces ? .updated : .restored)
            } else if number == EMLINK || number == EPERM || number == EXDEV || number == EACCES {
                // The filesystem takes no more names for it: this one becomes a file with the same content, and what
                // follows links to that.
                try plan(link.node, link.folder, replaces: false, path, link.key)
                firstNames[link.key] = (link.folder, link.node.name)
                try flush()
            } else {
                throw .system("link", path.text, errno: number)
            }
        } catch {
            reporter.fail(error)
        }
    }

    // MARK: Telling

    private func tell(_ path: EntryPath, _ action: RestoreItem.Action, size: UInt64 = 0) {
        guard let onItem = reporter.onItem else { return }
        onItem(RestoreItem(path: path.text, action: action, isDirectory: false, size: size))
    }
}

extension LinkKey {
    /// Nil for what has one name only.
    init?(_ node: Node) {
        guard node.kind == .file, node.links > 1, node.inode != 0 else { return nil }
        var hasher = Hasher()
        for id in node.content ?? [] { hasher.combine(id) }
        self.init(device: node.deviceID, inode: node.inode, content: hasher.finalize())
    }
}

/// What a directory gives to entries made in it.
enum DefaultAttributes {
    static func areInherited(from directory: Int32) -> Bool {
        #if canImport(Glibc)
            fgetxattr(directory, "system.posix_acl_default", nil, 0) > 0
        #else
            false
        #endif
    }
}

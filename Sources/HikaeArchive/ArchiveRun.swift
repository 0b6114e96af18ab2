// One run of the archiver: its threads, what they share, and the counting.

import HikaeChunker
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource
import Synchronization

/// What the threads of one run share.
final class ArchiveRun: Sendable {
    let archiver: Archiver
    let writer: BlobWriter
    let chunker: Chunker
    let jobs: BoundedQueue<ArchiveJob>
    let failure = FirstError()
    let links = LinkCache()
    let chunkBuffers: ChunkBufferPool
    private let counts = Mutex(ArchiveSummary())
    private let root = Mutex(Tree())

    init(_ archiver: Archiver, _ writer: BlobWriter, _ chunker: Chunker) {
        self.archiver = archiver
        self.writer = writer
        self.chunker = chunker
        chunkBuffers = ChunkBufferPool(capacity: chunker.limits.maximum)
        jobs = BoundedQueue(capacity: 5)
    }

    /// Whether the threads should end.
    var isStopping: Bool { archiver.cancellation.isCancelled || failure.value != nil }

    /// Walks the source and stores it. When this returns, every tree is stored or on its way to a pack.
    func execute(_ root: any SourceDirectory) throws(HikaeError) {
        let workers = archiver.options.workers > 0 ? archiver.options.workers : processorCount()
        let threads = (0..<workers).map { _ in
            RunningThread { [self] in
                let worker = ArchiveWorker(self)
                while let job = jobs.pop() {
                    if !isStopping { worker.handle(job) }
                }
                worker.close()
            }
        }
        let walker = ArchiveWalker(self)
        do throws(HikaeError) { try walker.walk(root) } catch { failure.set(error) }
        jobs.close()
        for thread in threads { thread.join() }
        walker.close()
        try archiver.cancellation.check()
        try failure.check()
        try writer.check()
    }

    func summary() -> ArchiveSummary { counts.withLock { $0 } }

    /// Reports an item that could not be read; it is left out.
    func skip(_ error: HikaeError) {
        counts.withLock { $0.errors += 1 }
        archiver.progress.errors.add(1, ordering: .relaxed)
        archiver.report(error)
    }

    /// Counts a directory that could not be listed; its error was reported already.
    ///
    /// - Parameter isFilled: whether it held something in the parent snapshot.
    func countUnlisted(_ path: String, isFilled: Bool) {
        counts.withLock { counts in
            counts.directoriesUnlisted += 1
            guard isFilled else { return }
            counts.directoriesUnlistedFilled += 1
            if counts.unlistedPaths.count < 5 { counts.unlistedPaths.append(path) }
        }
    }

    /// Counts a directory that was taken over whole.
    func countUnchanged(_ extent: SourceEntry.Extent) {
        counts.withLock { counts in
            counts.totalFiles += extent.files
            counts.filesUnmodified += extent.files
            counts.totalBytes += Int(clamping: extent.bytes)
            counts.directoriesUnmodified += 1
        }
        archiver.progress.add(files: extent.files, bytes: Int(clamping: extent.bytes))
    }

    /// Counts a file that is done.
    func countFile(_ node: Node, in directory: DirectoryState, _ outcome: ArchiveItem.Outcome) {
        counts.withLock { counts in
            counts.totalFiles += 1
            counts.totalBytes += Int(clamping: node.size)
            switch outcome {
            case .new: counts.filesNew += 1
            case .changed: counts.filesChanged += 1
            case .unchanged: counts.filesUnmodified += 1
            }
        }
        archiver.progress.add(files: 1)
        guard let onItem = archiver.onItem else { return }
        let path = directory.path == "/" ? "/\(node.displayName)" : "\(directory.path)/\(node.displayName)"
        onItem(ArchiveItem(path: path, isDirectory: false, outcome: outcome, size: node.size))
    }

    /// Enters a file whose content is stored into its directory.
    func finish(_ task: FileTask, _ content: [BlobID], size: Int, with saver: BlobSaver) throws(HikaeError) {
        var node = task.node
        node.content = content
        node.size = UInt64(size)
        links.remember(node)
        if let former = task.former { compare(node, with: former, in: task.directory) }
        countFile(node, in: task.directory, task.isKnown ? .changed : .new)
        if task.directory.fulfil(task.slot, node) { try close(task.directory, with: saver) }
    }

    /// Counts a file that was read although it holds what it held, and one that holds something else although nobody has
    /// written it.
    private func compare(_ node: Node, with former: Node, in directory: DirectoryState) {
        if node.content == former.content { return counts.withLock { $0.filesTouched += 1 } }
        guard former.kind == .file, node.size == former.size, node.mtime == former.mtime else { return }
        counts.withLock { counts in
            counts.filesRotten += 1
            guard counts.rottenPaths.count < 5 else { return }
            counts.rottenPaths.append(
                directory.path == "/" ? "/\(node.displayName)" : "\(directory.path)/\(node.displayName)")
        }
    }

    /// Saves the tree of a directory that is complete, and those above that become complete by it.
    func close(_ directory: DirectoryState, with saver: BlobSaver) throws(HikaeError) {
        var current = directory
        while true {
            let complete = current.takeTree()
            guard let (parent, slot) = current.parent else {
                root.withLock { $0 = complete }
                return
            }
            let tree = try Self.save(complete, with: saver)
            var node = current.node
            node.subtree = tree
            countDirectory(current, node)
            guard parent.fulfil(slot, node) else { return }
            current = parent
        }
    }

    private static func save(_ tree: Tree, with saver: BlobSaver) throws(HikaeError) -> BlobID {
        try tree.encoded().withBytes { bytes throws(HikaeError) in try saver.save(bytes, .tree).id }
    }

    /// Saves the root tree, with a folder of records beside what was read, if there are any.
    ///
    /// Throws `.notFound` when there is nothing in it.
    func saveRoot(_ seal: ArchiveSeal, time: Timestamp) throws(HikaeError) -> BlobID {
        let saver = writer.makeSaver()
        defer { saver.close() }
        var tree = root.withLock { $0 }
        guard !tree.nodes.isEmpty else {
            throw HikaeError(.notFound, "there is nothing to save: no snapshot was made")
        }
        if !seal.records.isEmpty {
            var folder = Tree()
            for record in seal.records {
                var node = Node(name: Array(record.name.utf8), kind: .file)
                node.mode = 0o644
                (node.mtime, node.atime, node.ctime) = (time, time, time)
                node.size = UInt64(record.bytes.count)
                node.content = [
                    try record.bytes.withBytes { bytes throws(HikaeError) in try saver.save(bytes, .data).id }
                ]
                folder.nodes.append(node)
            }
            folder.sort()
            var node = Node(name: Array(ArchiveSeal.folder.utf8), kind: .dir)
            node.mode = FileMode.directory | 0o755
            (node.mtime, node.atime, node.ctime) = (time, time, time)
            node.subtree = try Self.save(folder, with: saver)
            tree.nodes.append(node)
            tree.sort()
        }
        return try Self.save(tree, with: saver)
    }

    private func countDirectory(_ directory: DirectoryState, _ node: Node) {
        let outcome: ArchiveItem.Outcome =
            directory.previous == nil ? .new : directory.previous == node ? .unchanged : .changed
        counts.withLock { counts in
            switch outcome {
            case .new: counts.directoriesNew += 1
            case .changed: counts.directoriesChanged += 1
            case .unchanged: counts.directoriesUnmodified += 1
            }
        }
        archiver.onItem?(ArchiveItem(path: directory.path, isDirectory: true, outcome: outcome, size: 0))
    }
}

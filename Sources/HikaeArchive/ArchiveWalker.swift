// The walker: lists directories in order, recognises what is unchanged, hands the rest on. It reads large files
// itself, so that their chunks keep every worker busy.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource
import Synchronization

/// Walks a source, on the thread that calls `walk`.
final class ArchiveWalker {
    /// From this size on the walker reads a file and the workers share its chunks.
    private static let largeFile: UInt64 = 2 << 20
    /// A batch goes out when it has so many bytes, or files.
    private static let batchBytes: UInt64 = 2 << 20

    /// A directory being walked: what is still to come, last first.
    private struct Frame {
        let state: DirectoryState
        var entries: [SourceEntry]
        var previous: PreviousEntries
    }

    private let run: ArchiveRun
    private let options: ArchiveOptions
    private let repository: Repository
    private let index: BlobIndex
    private let saver: BlobSaver
    private let reader: ChunkReader
    /// Many readers wait for somebody else's server: each is given few files, so that all have some.
    private let batchFiles: Int
    private var batch: [FileTask] = []
    private var batchSize: UInt64 = 0

    init(_ run: ArchiveRun) {
        self.run = run
        options = run.archiver.options
        repository = run.archiver.repository
        index = repository.index
        saver = run.writer.makeSaver()
        reader = ChunkReader(run.chunker)
        batchFiles = options.workers > processorCount() ? 8 : 64
    }

    func close() { saver.close() }

    /// Walks everything. Throws what the repository ran into.
    func walk(_ root: any SourceDirectory) throws(HikaeError) {
        let rootNode = Node(name: [], kind: .dir)
        let state = DirectoryState(parent: nil, node: rootNode, path: "/", previous: nil)
        let entries = try root.entries { run.skip($0) }
        var frames = [
            Frame(
                state: state, entries: entries.reversed(),
                previous: previousEntries(options.parent?.snapshot.tree, path: "/"))
        ]
        while let last = frames.indices.last {
            if run.isStopping { return }
            guard let entry = frames[last].entries.popLast() else {
                let done = frames.removeLast().state
                if done.endListing() { try run.close(done, with: saver) }
                continue
            }
            let previous = frames[last].previous.find(entry)
            if let inner = try handle(entry, previous, in: frames[last].state) { frames.append(inner) }
        }
        flush()
    }

    /// Handles one entry; returns a frame when it is a directory to go into.
    private func handle(_ entry: SourceEntry, _ previous: Node?, in directory: DirectoryState) throws(HikaeError)
        -> Frame?
    {
        var node = entry.node
        if !options.keepsAccessTime { node.atime = node.mtime }
        switch entry.body {
        case .other:
            directory.add(node)
            return nil
        case .directory(let inner):
            return enter(inner, entry, node, previous, in: directory)
        case .file(let file):
            try save(file, entry, node, previous, in: directory)
            return nil
        }
    }

    private func enter(
        _ inner: any SourceDirectory, _ entry: SourceEntry, _ node: Node, _ previous: Node?,
        in directory: DirectoryState
    ) -> Frame? {
        let known = previous?.kind == .dir ? previous : nil
        let path = inner.displayPath
        if case .isUnchanged = entry.content, let extent = entry.extent, let subtree = known?.subtree {
            if repository.hasWhole(subtree) {
                var whole = node
                whole.subtree = subtree
                directory.add(whole)
                run.countUnchanged(extent)
                return nil
            }
            // What the repository has lost of it is fetched again, file by file.
            run.archiver.onHealing(path)
        }
        run.archiver.progress.currentItem = path
        let entries: [SourceEntry]
        var lost = 0
        do throws(HikaeError) {
            entries = try inner.entries { error in
                lost += 1
                run.skip(error)
            }
        } catch {
            run.skip(error)
            run.countUnlisted(path, isFilled: isFilled(known))
            return nil
        }
        // Names without anything behind them, as a directory gives that may be read but not searched.
        if entries.isEmpty, lost > 0 { run.countUnlisted(path, isFilled: isFilled(known)) }
        let state = DirectoryState(
            parent: (directory, directory.reserve()), node: node, path: path, previous: known)
        return Frame(
            state: state, entries: entries.reversed(),
            previous: previousEntries(known?.subtree, path: path))
    }

    /// Whether a directory held something in the parent snapshot; what cannot be read did.
    private func isFilled(_ known: Node?) -> Bool {
        guard let tree = known?.subtree else { return false }
        do throws(HikaeError) { return try !repository.tree(tree).nodes.isEmpty } catch { return true }
    }

    /// A tree that no index knows any more heals: it is stored anew. One that is there but cannot be read does not.
    private func previousEntries(_ tree: BlobID?, path: String) -> PreviousEntries {
        PreviousEntries(repository, tree: tree) { error in
            if let tree, !index.contains(tree, .tree) {
                run.archiver.onHealing(path)
            } else {
                run.archiver.report(error)
            }
        }
    }

    private func save(
        _ file: any SourceFile, _ entry: SourceEntry, _ node: Node, _ previous: Node?, in directory: DirectoryState
    ) throws(HikaeError) {
        var node = node
        if let previous, isUnchanged(entry, node, previous), let content = previous.content {
            if content.allSatisfy({ index.contains($0, .data) }) {
                node.content = content
                node.size = previous.size
                directory.add(node)
                run.archiver.progress.add(bytes: Int(clamping: node.size))
                run.countFile(node, in: directory, .unchanged)
                return
            }
            run.archiver.onHealing(file.displayPath)
        }
        if let content = run.links.content(of: node) {
            node.content = content
            directory.add(node)
            run.archiver.progress.add(bytes: Int(clamping: node.size))
            run.countFile(node, in: directory, previous == nil ? .new : .changed)
            return
        }
        let task = FileTask(
            directory: directory, slot: directory.reserve(), node: node, file: file, isKnown: previous != nil,
            former: previous)
        if node.size >= Self.largeFile || entry.mayBeLong { return try stream(task) }
        file.expectOpening()
        batch.append(task)
        batchSize += node.size
        if batch.count >= batchFiles || batchSize >= Self.batchBytes { flush() }
    }

    private func flush() {
        guard !batch.isEmpty else { return }
        run.jobs.push(.files(batch))
        batch = []
        batchSize = 0
    }

    private func isUnchanged(_ entry: SourceEntry, _ node: Node, _ previous: Node) -> Bool {
        switch entry.content {
        case .metadataTells: !options.readsEverything && !isChanged(node, previous)
        case .isUnchanged: previous.kind == .file
        case .mustBeRead: false
        }
    }

    /// restic's rules for what counts as changed.
    private func isChanged(_ node: Node, _ previous: Node) -> Bool {
        guard previous.kind == .file, node.size == previous.size, node.mtime == previous.mtime else { return true }
        if !options.ignoresChangeTime, node.ctime != previous.ctime { return true }
        return !options.ignoresInode && node.inode != previous.inode
    }

    /// Reads a large file here and hands its chunks to the workers.
    private func stream(_ task: FileTask) throws(HikaeError) {
        run.archiver.progress.currentItem = task.file.displayPath
        let run = run
        let opened: (FileTask, any SourceReader)
        do throws(HikaeError) {
            opened = try task.opened(options)
        } catch {
            try leaveOut(task, error)
            return
        }
        let assembly = FileAssembly(opened.0)
        let (current, source) = opened
        var whole: [BlobID]?
        do throws(HikaeError) {
            let size = try reader.handOverChunks(
                of: source, size: current.node.size, pool: run.chunkBuffers
            ) { buffer throws(HikaeError) in
                run.archiver.progress.add(bytes: buffer.length)
                run.jobs.push(.chunk(buffer, assembly, index: assembly.reserve()))
                try run.archiver.cancellation.check()
                try run.failure.check()
            }
            whole = assembly.endReading(size: size)
        } catch {
            if run.isStopping { throw error }
            try leaveOut(task, error)
        }
        if let whole { try run.finish(current, whole, size: assembly.size, with: saver) }
    }

    private func leaveOut(_ task: FileTask, _ error: HikaeError) throws(HikaeError) {
        run.skip(error)
        if task.directory.fulfil(task.slot, nil) { try run.close(task.directory, with: saver) }
    }
}

// What the walker hands to the workers: files to read whole, and chunks of files that are read on the way.

import HikaeCore
import HikaeFormat
import HikaeSource
import Synchronization

/// A file to be read and stored.
struct FileTask: Sendable {
    let directory: DirectoryState
    let slot: Int
    let node: Node
    let file: any SourceFile
    /// Whether the parent snapshot had a file of this name.
    let isKnown: Bool
    /// That file.
    let former: Node?

    /// Opens the file. The task comes back with the metadata of what was opened, which is what the snapshot records.
    func opened(_ options: ArchiveOptions) throws(HikaeError) -> (FileTask, any SourceReader) {
        let reader = try file.open()
        guard var current = try reader.currentNode() else { return (self, reader) }
        guard current.kind == .file else {
            throw HikaeError(.inputOutput, "\(file.displayPath) is no longer a regular file: it was left out")
        }
        current.name = node.name
        if !options.keepsAccessTime { current.atime = current.mtime }
        let task = FileTask(
            directory: directory, slot: slot, node: current, file: file, isKnown: isKnown, former: former)
        return (task, reader)
    }
}

/// A unit of work for a worker.
enum ArchiveJob: Sendable {
    /// Files small enough to be handled by one thread each, several at a time.
    case files([FileTask])
    /// One chunk of a large file that the walker reads.
    case chunk(ChunkBuffer, FileAssembly, index: Int)
}

/// A large file whose chunks are stored by several threads.
final class FileAssembly: Sendable {
    private struct State: Sendable {
        var content: [BlobID?] = []
        var size = 0
        var awaited = 1
    }

    let task: FileTask
    private let state = Mutex(State())

    init(_ task: FileTask) { self.task = task }

    /// Makes room for the next chunk and returns its number.
    func reserve() -> Int {
        state.withLock { state in
            state.content.append(nil)
            state.awaited += 1
            return state.content.count - 1
        }
    }

    /// Brings a chunk. The whole content, when nothing is awaited any more.
    func fulfil(_ index: Int, _ id: BlobID) -> [BlobID]? {
        state.withLock { state in
            state.content[index] = id
            return Self.release(&state)
        }
    }

    /// The file is read to its end, which came after `size` bytes. The whole content, when nothing is awaited any more.
    func endReading(size: Int) -> [BlobID]? {
        state.withLock { state in
            state.size = size
            return Self.release(&state)
        }
    }

    /// Bytes read; known once the content is whole.
    var size: Int { state.withLock { $0.size } }

    private static func release(_ state: inout State) -> [BlobID]? {
        state.awaited -= 1
        return state.awaited == 0 ? state.content.compactMap { $0 } : nil
    }
}

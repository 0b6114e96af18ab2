// A worker: reads small files, stores chunks, and closes directories that its file was the last of.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource
import Synchronization

/// One thread's worker, with its own window and its own way into the repository.
final class ArchiveWorker {
    private let run: ArchiveRun
    private let saver: BlobSaver
    private var reader: ChunkReader

    init(_ run: ArchiveRun) {
        self.run = run
        saver = run.writer.makeSaver()
        reader = ChunkReader(run.chunker)
    }

    func close() { saver.close() }

    /// Handles a job. What the repository runs into stops the whole run.
    func handle(_ job: ArchiveJob) {
        do throws(HikaeError) {
            switch job {
            case .files(let tasks):
                for task in tasks where !run.isStopping { try save(task) }
            case .chunk(let buffer, let assembly, let index):
                try save(buffer, assembly, index)
            }
        } catch {
            run.failure.set(error)
        }
    }

    private func save(_ task: FileTask) throws(HikaeError) {
        var content: [BlobID] = []
        var fatal: HikaeError?
        var done: (FileTask, Int)?
        do throws(HikaeError) {
            let (current, source) = try task.opened(run.archiver.options)
            let saver = saver
            let progress = run.archiver.progress
            let size = try reader.forEachChunk(of: source, size: current.node.size) { bytes throws(HikaeError) in
                do throws(HikaeError) {
                    content.append(try saver.save(bytes, .data).id)
                } catch {
                    fatal = error
                    throw error
                }
                progress.add(bytes: bytes.count)
            }
            done = (current, size)
        } catch {
            if let fatal { throw fatal }
            run.skip(error)
            if task.directory.fulfil(task.slot, nil) { try run.close(task.directory, with: saver) }
        }
        if let (current, size) = done { try run.finish(current, content, size: size, with: saver) }
    }

    private func save(_ buffer: ChunkBuffer, _ assembly: FileAssembly, _ index: Int) throws(HikaeError) {
        let id = try saver.save(buffer.chunk, .data).id
        run.chunkBuffers.giveBack(buffer)
        if let content = assembly.fulfil(index, id) {
            try run.finish(assembly.task, content, size: assembly.size, with: saver)
        }
    }
}

// Counting what a backup has ahead of it, so that progress can tell how long it still takes. Runs beside the backup,
// which never waits for it.

import HikaeCore
import HikaeFormat
import HikaeSource
import Synchronization

/// A count of files and bytes.
final class SourceScan: Sendable {
    private let isStopped = Cancellation()
    private let thread: RunningThread

    /// Starts to count `root` into the totals of `progress`.
    init(_ root: any SourceDirectory, _ progress: Progress) {
        let isStopped = isStopped
        thread = RunningThread {
            var open: [any SourceDirectory] = [root]
            while let directory = open.popLast(), !isStopped.isCancelled {
                // What cannot be read is told by the backup itself.
                guard let entries = try? directory.entries(report: { _ in }) else { continue }
                var (files, bytes) = (0, 0)
                for entry in entries {
                    switch entry.body {
                    case .directory(let next): open.append(next)
                    case .file:
                        files += 1
                        bytes += Int(clamping: entry.node.size)
                    case .other: break
                    }
                }
                progress.filesTotal.add(files, ordering: .relaxed)
                progress.bytesTotal.add(bytes, ordering: .relaxed)
            }
            progress.totalsAreFinal.store(!isStopped.isCancelled, ordering: .relaxed)
        }
    }

    /// Ends the count.
    func stop() {
        isStopped.cancel()
        thread.join()
    }
}

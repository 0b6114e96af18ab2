// The threads that the server's own tasks run on. Swift's shared ones may all be held by blocking work of the same
// process, and a server must answer all the same.

internal import HikaeCore
internal import NIOPosix

/// Runs the tasks of one server.
final class ServerExecutor: TaskExecutor {
    private let pool: NIOThreadPool

    /// Starts the threads.
    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // A pool that has stopped runs it on the caller's thread: no task is ever left lying.
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Ends the threads when what they do is done.
    func stop() { try? pool.syncShutdownGracefully() }
}

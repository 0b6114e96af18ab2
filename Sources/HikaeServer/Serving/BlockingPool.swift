// Runs blocking calls off the threads that serve the network.

internal import HikaeCore
internal import NIOPosix

/// A bounded number of threads for calls that block.
struct BlockingPool: Sendable {
    private let pool: NIOThreadPool

    /// Starts the threads.
    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    /// Runs `body` on one of the threads.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(HikaeError) -> Value
    ) async throws(HikaeError) -> Value {
        let result: Result<Value, HikaeError>
        do {
            result = try await pool.runIfActive {
                do throws(HikaeError) { return .success(try body()) } catch { return .failure(error) }
            }
        } catch {
            throw HikaeError(.cancelled, "the server is stopping")
        }
        return try result.get()
    }

    /// Ends the threads when what they do is done.
    func stop() { try? pool.syncShutdownGracefully() }
}

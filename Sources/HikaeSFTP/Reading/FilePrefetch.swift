// Files fetched before they are asked for, so that nobody waits for the way to the server and back.

import HikaeCore
import Synchronization

/// Fetches small files in the order in which they were announced, within a bound of memory.
///
/// A file that is opened before its turn is fetched at once: this never makes anybody wait for another file.
final class FilePrefetch: Sendable {
    private struct State {
        var queue: [FileFetch] = []
        var head = 0
        /// Bytes of files that are under way, or here and not asked for yet.
        var bytes = 0
        var underWay = 0
    }

    private static let byteLimit = 24 << 20
    private static let widest = 128

    private let connection: SFTPConnection
    private let state = Mutex(State())

    init(_ connection: SFTPConnection) { self.connection = connection }

    /// A file that will be opened.
    func announce(_ fetch: FileFetch) {
        state.withLock { $0.queue.append(fetch) }
        pump()
    }

    /// The outcome of a fetch that was announced; begins it if its turn has not come.
    func claim(_ fetch: FileFetch) throws(HikaeError) -> FileFetch.Outcome {
        if !fetch.hasBegun {
            let channel = try connection.channel()
            state.withLock { state in
                state.bytes += fetch.size
                state.underWay += 1
            }
            if !fetch.start(on: channel, done: ended) { ended(fetch.size) }
        }
        let outcome = fetch.wait()
        state.withLock { $0.bytes -= fetch.size }
        pump()
        return outcome
    }

    private func ended() {
        state.withLock { $0.underWay -= 1 }
        pump()
    }

    /// It was begun by the other side at the same moment: what was counted twice is taken back.
    private func ended(_ size: Int) {
        state.withLock { state in
            state.bytes -= size
            state.underWay -= 1
        }
    }

    private func pump() {
        guard let channel = connection.liveChannel else { return }
        let widest = min(Self.widest, channel.features.handles)
        while true {
            let next = state.withLock { state -> FileFetch? in
                while state.head < state.queue.count, state.queue[state.head].hasBegun { state.head += 1 }
                if state.head > 256, state.head * 2 > state.queue.count {
                    state.queue.removeFirst(state.head)
                    state.head = 0
                }
                guard state.head < state.queue.count, state.underWay < widest else { return nil }
                let fetch = state.queue[state.head]
                guard state.bytes == 0 || state.bytes + fetch.size <= Self.byteLimit else { return nil }
                state.head += 1
                state.bytes += fetch.size
                state.underWay += 1
                return fetch
            }
            guard let next else { return }
            if !next.start(on: channel, done: ended) { ended(next.size) }
        }
    }
}

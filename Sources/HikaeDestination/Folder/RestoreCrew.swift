// The threads that bring content. They go from one batch to the next without a pause while the walk plans ahead.

import HikaeCore
import HikaeRepository
import Synchronization

/// The threads of one restore. Batches are worked off in the order in which they were added, a stretch of a pack at a
/// time; where one batch has no more stretches to begin, the next is begun.
final class RestoreCrew: Sendable {
    private struct State {
        var threads: [RunningThread] = []
        /// Batches with stretches that nobody has begun.
        var waiting: [BatchWriter] = []
        var isOver = false
    }

    private let repository: Repository
    private let size: Int
    private let state = Monitor(State())
    /// Stretches that nobody has begun.
    private let left = Atomic<Int>(0)

    /// - Parameter size: how many threads; they start with the first batch.
    init(_ repository: Repository, size: Int) {
        self.repository = repository
        self.size = size
    }

    /// Whether nothing is left that a thread could begin.
    var isHungry: Bool { left.load(ordering: .relaxed) == 0 }

    /// Hands a batch to the threads.
    func add(_ batch: BatchWriter) {
        guard batch.count > 0 else { return }
        left.add(batch.count, ordering: .relaxed)
        state.withLock { state in
            state.waiting.append(batch)
            while state.threads.count < size { state.threads.append(RunningThread { [self] in work() }) }
        }
    }

    /// Ends the threads, each after the stretch it is at, and waits for them.
    func end() {
        let threads = state.withLock { state in
            state.isOver = true
            return state.threads
        }
        for thread in threads { thread.join() }
        state.withLock { $0 = State(isOver: true) }
    }

    private func work() {
        var tools = RestoreTools(repository)
        defer { tools.close() }
        while true {
            if let (batch, unit) = state.withLock({ Self.next(&$0) }) {
                left.subtract(1, ordering: .relaxed)
                batch.work(unit, with: &tools)
                continue
            }
            // Nothing of a batch that is done may stay open.
            tools.close()
            let isOver = state.wait { $0.isOver ? true : $0.waiting.isEmpty ? nil : false }
            if isOver { return }
        }
    }

    private static func next(_ state: inout State) -> (BatchWriter, Int)? {
        guard !state.isOver else { return nil }
        while let batch = state.waiting.first {
            if let unit = batch.take() { return (batch, unit) }
            state.waiting.removeFirst()
        }
        return nil
    }
}

/// What a thread of a restore keeps between stretches.
struct RestoreTools {
    var opener: BlobOpener
    var sealed = StretchBuffer()
    var plaintext: [UInt8] = []
    var file = OpenFile()

    init(_ repository: Repository) { opener = BlobOpener(repository) }

    /// Closes the file that was written to last.
    mutating func close() { file.close() }
}

/// Memory for a stretch of a pack, used again for the next. It is not cleared first, so that what is not filled costs
/// nothing.
final class StretchBuffer {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit { memory.deallocate() }

    /// Room for `count` bytes, good until the next call. What is in it is not defined.
    func room(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if memory.count < count {
            memory.deallocate()
            memory = .allocate(byteCount: max(count, Int(ReadUnit.largestUnit)), alignment: 64)
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }
}

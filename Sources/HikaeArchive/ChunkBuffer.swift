// The memory a chunk travels in, from the walker that reads it to the worker that stores it, and back.

import HikaeChunker
import Synchronization

/// Room for one chunk of the greatest length. Pages that no chunk reached are never touched.
///
/// `@unchecked Sendable` is sound because a buffer has one owner at a time: the walker fills it and gives it away with
/// the job, the worker reads it and gives it back to the pool; both hand-overs pass through a lock.
final class ChunkBuffer: @unchecked Sendable {
    let memory: UnsafeMutableRawBufferPointer
    /// Bytes of the chunk, once it is cut.
    var length = 0

    init(capacity: Int) {
        memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    }

    deinit { memory.deallocate() }

    /// The chunk's bytes, valid as long as the buffer is owned.
    var chunk: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<length]) }
}

/// Buffers to be used again.
final class ChunkBufferPool: Sendable {
    /// As many as can be under way: queued, being stored, being filled.
    private static let kept = 8
    private let free = Mutex<[ChunkBuffer]>([])
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    func take() -> ChunkBuffer { free.withLock { $0.popLast() } ?? ChunkBuffer(capacity: capacity) }

    func giveBack(_ buffer: ChunkBuffer) { free.withLock { if $0.count < Self.kept { $0.append(buffer) } } }
}

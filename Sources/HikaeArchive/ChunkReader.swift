// Reads a file and cuts it into chunks. Nothing here knows where chunks go.

import HikaeChunker
import HikaeCore
import HikaeSource

/// Reads files chunk by chunk, in one of two ways: through a window of its own for whoever handles chunks at once, or
/// into buffers that are given away. Used again for file after file; one thread at a time.
///
/// A file is read up to the size it had when it was opened; one of no size (as in `/proc`) until it ends. What a
/// growing file gains meanwhile belongs to the next snapshot.
struct ChunkReader {
    private let chunker: Chunker
    private var window: ChunkBuffer?
    /// What is asked of the source at a time: small enough to be still in the processor's cache when it is cut.
    private static let readSize = 256 << 10

    init(_ chunker: Chunker) { self.chunker = chunker }

    /// A source being read.
    private struct Input {
        let reader: any SourceReader
        let expected: UInt64
        var total = 0
        var isAtEnd = false

        /// Reads into `room` from `end` on; returns the new end of what is there.
        mutating func fill(_ room: UnsafeMutableRawBufferPointer, from end: Int) throws(HikaeError) -> Int {
            let limit = min(room.count, end + ChunkReader.readSize)
            let count = try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: room[end..<limit]))
            total += count
            isAtEnd = count == 0 || (expected > 0 && total >= expected)
            return end + count
        }
    }

    /// Calls `body` with each chunk in order; the bytes are valid during the call only. Returns the bytes read.
    mutating func forEachChunk(
        of reader: any SourceReader, size: UInt64, _ body: (UnsafeRawBufferPointer) throws(HikaeError) -> Void
    ) throws(HikaeError) -> Int {
        let window = self.window ?? ChunkBuffer(capacity: chunker.limits.maximum)
        self.window = window
        let memory = window.memory
        var input = Input(reader: reader, expected: size)
        var (start, end, scanned) = (0, 0, 0)
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: memory[start..<end])
            if let cut = chunker.nextCut(rest, isEnd: input.isAtEnd, scanned: scanned) {
                try body(UnsafeRawBufferPointer(rebasing: rest[..<cut]))
                start += cut
                scanned = 0
                continue
            }
            if input.isAtEnd { return input.total }
            scanned = rest.count
            if memory.count - end < min(Self.readSize, memory.count - rest.count) {
                move(rest, to: memory)
                (start, end) = (0, rest.count)
            }
            end = try input.fill(memory, from: end)
        }
    }

    /// Reads into buffers of `pool`, and hands each over to `body` with a chunk in it. Returns the bytes read.
    func handOverChunks(
        of reader: any SourceReader, size: UInt64, pool: ChunkBufferPool,
        _ body: (ChunkBuffer) throws(HikaeError) -> Void
    ) throws(HikaeError) -> Int {
        var input = Input(reader: reader, expected: size)
        var buffer = pool.take()
        defer { pool.giveBack(buffer) }
        var (end, scanned) = (0, 0)
        while true {
            let there = UnsafeRawBufferPointer(rebasing: buffer.memory[..<end])
            if let cut = chunker.nextCut(there, isEnd: input.isAtEnd, scanned: scanned) {
                let following = pool.take()
                move(UnsafeRawBufferPointer(rebasing: there[cut...]), to: following.memory)
                let full = buffer
                full.length = cut
                buffer = following
                try body(full)
                (end, scanned) = (end - cut, 0)
                continue
            }
            if input.isAtEnd { return input.total }
            scanned = end
            end = try input.fill(buffer.memory, from: end)
        }
    }

    private func move(_ bytes: UnsafeRawBufferPointer, to memory: UnsafeMutableRawBufferPointer) {
        guard let from = bytes.baseAddress, let to = memory.baseAddress else { return }
        to.copyMemory(from: from, byteCount: bytes.count)
    }
}

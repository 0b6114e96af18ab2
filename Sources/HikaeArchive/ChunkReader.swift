// Reads a file through a window of one maximal chunk and cuts it. Nothing here knows where chunks go.

import HikaeChunker
import HikaeCore
import HikaeSource

/// A window over a file being read. Used again for file after file; one thread at a time.
struct ChunkReader {
    private let chunker: Chunker
    private var window: [UInt8]
    /// What is asked of the source at a time: small enough to be still in the processor's cache when it is cut.
    private static let readSize = 512 << 10

    init(_ chunker: Chunker) {
        self.chunker = chunker
        window = [UInt8](unsafeUninitializedCapacity: chunker.limits.maximum) { _, count in
            count = chunker.limits.maximum
        }
    }

    /// Reads to the end and calls `body` with each chunk in order; the bytes are valid during the call only. Returns
    /// the bytes read.
    mutating func forEachChunk(
        of reader: any SourceReader, _ body: (UnsafeRawBufferPointer) throws(HikaeError) -> Void
    ) throws(HikaeError) -> Int {
        var total = 0
        var start = 0
        var end = 0
        var scanned = 0
        var isEnd = false
        let capacity = window.count
        while true {
            let rest = end - start
            if rest > 0 {
                let cut = window.withUnsafeBytes {
                    chunker.nextCut(UnsafeRawBufferPointer(rebasing: $0[start..<end]), isEnd: isEnd, scanned: scanned)
                }
                if let cut {
                    try window.withBytes { bytes throws(HikaeError) in
                        try body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + cut]))
                    }
                    start += cut
                    scanned = 0
                    continue
                }
                scanned = rest
            } else if isEnd {
                return total
            }
            if capacity - end < min(Self.readSize, capacity - rest) {
                window.withUnsafeMutableBytes { bytes in
                    guard let base = bytes.baseAddress else { return }
                    base.copyMemory(from: base + start, byteCount: rest)
                }
                start = 0
                end = rest
            }
            let count = try fill(from: reader, at: end)
            if count == 0 { isEnd = true }
            end += count
            total += count
        }
    }

    private mutating func fill(from reader: any SourceReader, at end: Int) throws(HikaeError) -> Int {
        let limit = min(window.count, end + Self.readSize)
        return try window.withMutableBytes { bytes throws(HikaeError) in
            try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[end..<limit]))
        }
    }
}

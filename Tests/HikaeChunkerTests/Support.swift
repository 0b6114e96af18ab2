// How the tests cut a buffer into chunks.

import Testing

@testable import HikaeChunker

/// The lengths of all chunks of `bytes`.
func chunkLengths(_ bytes: [UInt8], _ chunker: Chunker) -> [Int] {
    bytes.withUnsafeBytes { buffer in
        var lengths: [Int] = []
        var start = 0
        while start < buffer.count {
            guard let length = chunker.nextCut(UnsafeRawBufferPointer(rebasing: buffer[start...]), isEnd: true) else {
                Issue.record("no cut at the end of the input")
                break
            }
            lengths.append(length)
            start += length
        }
        return lengths
    }
}

/// The chunks themselves.
func chunks(_ bytes: [UInt8], _ chunker: Chunker) -> [ArraySlice<UInt8>] {
    var start = 0
    return chunkLengths(bytes, chunker).map { length in
        defer { start += length }
        return bytes[start..<start + length]
    }
}

/// `nextCut` on an array.
func nextCut(_ bytes: [UInt8], _ chunker: Chunker, isEnd: Bool, scanned: Int = 0) -> Int? {
    bytes.withUnsafeBytes { chunker.nextCut($0, isEnd: isEnd, scanned: scanned) }
}

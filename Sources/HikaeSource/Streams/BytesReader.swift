// Content that is in memory, read as if it were a file.

public import HikaeCore
public import HikaeFormat

/// Bytes that are there already. For one thread, as every reader.
public final class BytesReader: SourceReader {
    private let bytes: [UInt8]
    private let node: Node?
    private var position = 0

    /// - Parameter node: the metadata of what was read; nil when the entry's own node is the truth.
    public init(_ bytes: [UInt8], node: Node? = nil) { (self.bytes, self.node) = (bytes, node) }

    /// Copies the next bytes, 0 at the end. Never throws.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        let count = min(buffer.count, bytes.count - position)
        guard count > 0 else { return 0 }
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }

    /// What was given. Never throws.
    public func currentNode() throws(HikaeError) -> Node? { node }
}

// Cuts a stream into packets. Knows nothing of what is in them, but how long they may be.

import HikaeCore

/// Bytes as they come in, and the packets in them.
///
/// One thread at a time. Memory is fixed: the longest packet and as much again.
final class FrameSplitter {
    /// The longest packet that is taken: OpenSSH's own limit is half of it.
    static let longest = 512 << 10

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * longest, alignment: 16)
    private var start = 0
    private var end = 0

    deinit { memory.deallocate() }

    /// Where the next bytes go; never empty once `next` has said nil.
    var room: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[end...]) }

    /// So many bytes were put into `room`.
    func added(_ count: Int) { end += count }

    /// The next packet, without its length; valid until the next call. Nil when more bytes are needed.
    ///
    /// Throws `.protocolViolation` when the stream is no SFTP.
    func next() throws(HikaeError) -> UnsafeRawBufferPointer? {
        let available = end - start
        guard available >= 4 else { return more() }
        let length = Int(UInt32(bigEndian: memory.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        guard length >= 1, length <= Self.longest - 4 else {
            let seen = Printable.text(UnsafeRawBufferPointer(rebasing: memory[start..<min(end, start + 60)]))
            throw HikaeError(
                .protocolViolation, "the server sent something else than SFTP: “\(seen)”",
                hint:
                    "Does a start-up file of the account's shell print something? It must not when no terminal is there."
            )
        }
        guard available >= 4 + length else { return more() }
        let packet = UnsafeRawBufferPointer(rebasing: memory[start + 4..<start + 4 + length])
        start += 4 + length
        return packet
    }

    private func more() -> UnsafeRawBufferPointer? {
        if start > 0, let base = memory.baseAddress {
            (base).copyMemory(from: base + start, byteCount: end - start)
            end -= start
            start = 0
        }
        return nil
    }
}

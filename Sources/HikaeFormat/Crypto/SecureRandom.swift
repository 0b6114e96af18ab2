// Random bytes for keys, salts, identifiers and IVs, all from the system's generator.

import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system's random generator.
public enum SecureRandom {
    /// The most that one call of `getentropy` gives.
    private static let batchSize = 256

    /// `count` bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { fill($0) }
        return bytes
    }

    /// Blocks drawn but not used yet: a system call for each IV would cost more than sealing a small blob. Hikae never
    /// goes on in a forked process, so no two processes share them.
    private static let pool = Mutex<[Block16]>([])

    /// An unused block for an IV. Not for keys: those are drawn alone.
    static func block() -> Block16 {
        pool.withLock { blocks in
            if let block = blocks.popLast() { return block }
            let drawn = bytes(batchSize * 4)
            drawn.withUnsafeBytes { memory in
                for offset in stride(from: 0, to: memory.count, by: 16) {
                    blocks.append(Block16(UnsafeRawBufferPointer(rebasing: memory[offset..<offset + 16])))
                }
            }
            return blocks.removeLast()
        }
    }

    private static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var offset = 0
        while offset < bytes.count {
            let count = min(batchSize, bytes.count - offset)
            // A machine without random numbers cannot keep a secret: no way to go on.
            precondition(getentropy(base + offset, count) == 0, "the system gives no random bytes")
            offset += count
        }
    }
}

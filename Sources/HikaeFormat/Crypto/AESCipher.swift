// The only door to swift-crypto's AES, and so the only file that touches Foundation's Data.

import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A 16-byte block as two words of memory: an IV, a nonce, a MAC.
struct Block16: Sendable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// Reads the first 16 of `bytes`, which must be that many.
    init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count >= 16)
        low = bytes.loadUnaligned(as: UInt64.self)
        high = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    init(low: UInt64 = 0, high: UInt64 = 0) {
        (self.low, self.high) = (low, high)
    }

    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: self, body)
    }

    /// The block as a big-endian counter, moved on by `count`, as counter mode does.
    func advanced(by count: UInt64) -> Block16 {
        let (sum, carry) = UInt64(bigEndian: high).addingReportingOverflow(count)
        return Block16(low: (UInt64(bigEndian: low) &+ (carry ? 1 : 0)).bigEndian, high: sum.bigEndian)
    }
}

enum AESCipher {
    /// The block that AES makes of `block` under `key` (16 or 32 bytes).
    static func encrypt(_ block: Block16, key: SymmetricKey) -> Block16 {
        var block = block
        withUnsafeMutableBytes(of: &block) { bytes in
            var payload = bytes.bindMemory(to: UInt8.self)
            do {
                try AES.permute(&payload, key: key)
            } catch {
                preconditionFailure("AES refuses a key or block of the right size: \(error)")
            }
        }
        return block
    }

    /// Calls `body` with `input` en- or decrypted in counter mode, the counter starting at `counter`. The bytes are
    /// valid during the call only.
    @inline(__always)
    static func withCounterMode(
        _ input: UnsafeRawBufferPointer, key: SymmetricKey, counter: Block16, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        do {
            let nonce = try counter.withBytes { try AES._CTR.Nonce(nonceBytes: $0) }
            try AES._CTR.encrypt(input, using: key, nonce: nonce).withUnsafeBytes(body)
        } catch {
            preconditionFailure("AES-CTR refuses a key or nonce of the right size: \(error)")
        }
    }
}

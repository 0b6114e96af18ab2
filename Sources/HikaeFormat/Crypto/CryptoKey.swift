// restic's sealing of bytes: AES-256-CTR, then Poly1305-AES over the ciphertext, stored as IV || ciphertext || MAC.
// Never decrypts what does not authenticate.

import Crypto
public import HikaeCore

/// A repository's master key, or one derived from a password: for AES-256 and for Poly1305-AES.
public struct CryptoKey: Sendable {
    /// Bytes that sealing adds: the IV (16) and the MAC (16).
    public static let overhead = 32
    /// Bytes en- or decrypted at a time: small enough to stay in the CPU's cache between cipher and MAC.
    private static let pieceSize = 32 * 1024

    /// The AES-256 key.
    let encryptionKey: SymmetricKey
    /// The AES-128 key that turns a nonce into Poly1305's s.
    let macKey: SymmetricKey
    /// Poly1305's r, masked.
    let macR: (UInt64, UInt64)

    /// Nil unless the parts have 32, 16 and 16 bytes and none of the keys is all zeros, which restic refuses too.
    public init?(encrypt: [UInt8], macK: [UInt8], macR: [UInt8]) {
        guard encrypt.count == 32, macK.count == 16, macR.count == 16, encrypt.contains(where: { $0 != 0 }),
            macK.contains(where: { $0 != 0 }), macR.contains(where: { $0 != 0 })
        else { return nil }
        encryptionKey = SymmetricKey(data: encrypt)
        macKey = SymmetricKey(data: macK)
        let r = macR.withUnsafeBytes { Block16($0) }
        self.macR = (
            UInt64(littleEndian: r.low) & Poly1305.mask.0, UInt64(littleEndian: r.high) & Poly1305.mask.1
        )
    }

    /// A new key from the system's random generator.
    public static func random() -> CryptoKey {
        while true {
            let key = CryptoKey(
                encrypt: SecureRandom.bytes(32), macK: SecureRandom.bytes(16), macR: SecureRandom.bytes(16))
            if let key { return key }
        }
    }

    /// Appends the sealed form of `plaintext`, `overhead` bytes longer, under a fresh random IV.
    public func seal(_ plaintext: UnsafeRawBufferPointer, appendingTo output: inout [UInt8]) {
        seal(plaintext, iv: SecureRandom.block(), appendingTo: &output)
    }

    /// The sealed form of `plaintext`.
    public func seal(_ plaintext: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(plaintext.count + Self.overhead)
        plaintext.withUnsafeBytes { seal($0, appendingTo: &output) }
        return output
    }

    /// Appends what was sealed once, sealed again: under the IV that `damaged`, what is left of it, begins with. For the
    /// very same bytes only; the IV must never be used for others. False when what is left has another length.
    package func reseal(
        _ plaintext: UnsafeRawBufferPointer, like damaged: ArraySlice<UInt8>, appendingTo output: inout [UInt8]
    ) -> Bool {
        guard damaged.count == plaintext.count + Self.overhead else { return false }
        let iv = damaged.withUnsafeBytes { Block16(UnsafeRawBufferPointer(rebasing: $0[..<16])) }
        seal(plaintext, iv: iv, appendingTo: &output)
        return true
    }

    /// Sealing with a given IV, for test vectors; an IV must never be used twice.
    func seal(_ plaintext: UnsafeRawBufferPointer, iv: Block16, appendingTo output: inout [UInt8]) {
        let needed = output.count + plaintext.count + Self.overhead
        if output.capacity < needed {
            // At least doubled, so that sealing many blobs into one pack copies it a few times only.
            output.reserveCapacity(max(needed, output.capacity * 2))
        }
        iv.withBytes { output.append(contentsOf: $0) }
        var mac = Poly1305(r: macR)
        var offset = 0
        while offset < plaintext.count {
            let end = min(offset + Self.pieceSize, plaintext.count)
            AESCipher.withCounterMode(
                UnsafeRawBufferPointer(rebasing: plaintext[offset..<end]), key: encryptionKey,
                counter: iv.advanced(by: UInt64(offset / 16))
            ) { ciphertext in
                mac.update(ciphertext)
                output.append(contentsOf: ciphertext)
            }
            offset = end
        }
        tag(mac, iv: iv).withBytes { output.append(contentsOf: $0) }
    }

    /// Replaces `plaintext` with what was sealed.
    ///
    /// Throws `.damaged`, with `plaintext` empty, when `sealed` is too short or does not authenticate.
    public func open(_ sealed: UnsafeRawBufferPointer, into plaintext: inout [UInt8]) throws(HikaeError) {
        plaintext.removeAll(keepingCapacity: true)
        guard sealed.count >= Self.overhead else {
            throw HikaeError(.damaged, "sealed bytes are too short: \(sealed.count)")
        }
        let iv = Block16(sealed)
        let ciphertext = UnsafeRawBufferPointer(rebasing: sealed[16..<sealed.count - 16])
        var mac = Poly1305(r: macR)
        mac.update(ciphertext)
        let expected = tag(mac, iv: iv)
        let found = Block16(UnsafeRawBufferPointer(rebasing: sealed[(sealed.count - 16)...]))
        // Both words are compared whatever the first says: the time taken tells nothing.
        let difference = (expected.low ^ found.low) | (expected.high ^ found.high)
        guard difference == 0 else {
            throw HikaeError(
                .damaged, "sealed bytes do not authenticate: they were changed, or sealed with another key")
        }
        plaintext.reserveCapacity(ciphertext.count)
        var offset = 0
        while offset < ciphertext.count {
            let end = min(offset + Self.pieceSize, ciphertext.count)
            AESCipher.withCounterMode(
                UnsafeRawBufferPointer(rebasing: ciphertext[offset..<end]), key: encryptionKey,
                counter: iv.advanced(by: UInt64(offset / 16))
            ) { plaintext.append(contentsOf: $0) }
            offset = end
        }
    }

    /// What was sealed. Throws `.damaged` when it does not authenticate.
    public func open(_ sealed: [UInt8]) throws(HikaeError) -> [UInt8] {
        var plaintext: [UInt8] = []
        try sealed.withBytes { bytes throws(HikaeError) in try open(bytes, into: &plaintext) }
        return plaintext
    }

    /// The MAC: Poly1305 with AES of the IV added.
    private func tag(_ mac: Poly1305, iv: Block16) -> Block16 {
        let s = AESCipher.encrypt(iv, key: macKey)
        let (low, high) = mac.finish(adding: (UInt64(littleEndian: s.low), UInt64(littleEndian: s.high)))
        return Block16(low: low.littleEndian, high: high.littleEndian)
    }
}

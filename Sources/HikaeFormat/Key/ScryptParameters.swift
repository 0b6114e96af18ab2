// How costly it is to try a password. Bounds everything a key file says before any memory is taken.

import Crypto
import CryptoExtras
package import HikaeCore

/// scrypt's cost parameters.
public struct ScryptParameters: Sendable, Equatable {
    /// N: a power of two.
    public var rounds: Int
    /// r.
    public var blockSize: Int
    /// p.
    public var parallelism: Int

    /// Any values; `isBounded` says whether they are sane.
    public init(rounds: Int, blockSize: Int, parallelism: Int) {
        (self.rounds, self.blockSize, self.parallelism) = (rounds, blockSize, parallelism)
    }

    /// 32 MiB of memory and about a quarter of a second.
    public static let standard = ScryptParameters(rounds: 32768, blockSize: 8, parallelism: 3)

    /// As cheap as can be, for tests alone.
    public static let insecureForTests = ScryptParameters(rounds: 2, blockSize: 8, parallelism: 1)

    /// Whether a derivation stays within 1 GiB of memory and half a minute or so of work.
    public var isBounded: Bool {
        guard (2...1 << 20).contains(rounds), rounds & (rounds - 1) == 0, (1...16).contains(blockSize),
            (1...64).contains(parallelism)
        else { return false }
        return 128 * rounds * blockSize <= 1 << 30 && 128 * rounds * blockSize * parallelism <= 1 << 34
    }

    /// The key that a password and a salt give. Throws `.unsupported` when the parameters are out of bounds.
    package func derive(password: [UInt8], salt: [UInt8]) throws(HikaeError) -> CryptoKey {
        guard isBounded, (8...1024).contains(salt.count) else {
            throw HikaeError(
                .unsupported,
                "the key file asks for an absurd scrypt (N=\(rounds), r=\(blockSize), p=\(parallelism), "
                    + "\(salt.count) bytes of salt)")
        }
        // scrypt's HMAC pads its key with zeros, so one zero is the same password as none, and has an address.
        let password = password.isEmpty ? [0] : password
        do {
            let derived = try KDF.Scrypt.deriveKey(
                from: password, salt: salt, outputByteCount: 64, rounds: rounds, blockSize: blockSize,
                parallelism: parallelism)
            let bytes = derived.withUnsafeBytes { Array($0) }
            if let key = CryptoKey(
                encrypt: Array(bytes[0..<32]), macK: Array(bytes[32..<48]), macR: Array(bytes[48..<64]))
            {
                return key
            }
        } catch {
            throw HikaeError(.limit, "scrypt (N=\(rounds), r=\(blockSize), p=\(parallelism)) failed: \(error)")
        }
        throw HikaeError(.damaged, "scrypt gave an unusable key")
    }
}

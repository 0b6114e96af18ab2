// Passwords as the users' file keeps them: scrypt, a salt of its own for each, compared in constant time.

internal import Crypto
internal import CryptoExtras
internal import HikaeCore
internal import HikaeFormat

/// What is kept of a password.
struct PasswordHash: Sendable, Equatable {
    var parameters: ScryptParameters
    var salt: [UInt8]
    var hash: [UInt8]

    /// 32 MiB of memory, below a tenth of a second.
    static let usual = ScryptParameters(rounds: 32768, blockSize: 8, parallelism: 1)

    /// Of a new password.
    init(of password: Secret, parameters: ScryptParameters = PasswordHash.usual) throws(HikaeError) {
        self.parameters = parameters
        var generator = SystemRandomNumberGenerator()
        salt = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        hash = try Self.derive(password, salt, parameters)
    }

    /// As it was kept; `.damaged` when verifying it would cost more than a server can give.
    init(parameters: ScryptParameters, salt: [UInt8], hash: [UInt8]) throws(HikaeError) {
        guard parameters.isBounded, parameters.rounds * parameters.blockSize * parameters.parallelism <= 1 << 22,
            (16...64).contains(salt.count), hash.count == 32
        else { throw HikaeError(.damaged, "a password in the users' file is kept in a way that is not known") }
        (self.parameters, self.salt, self.hash) = (parameters, salt, hash)
    }

    /// Whether `password` is it. Takes as long for a wrong one.
    func verify(_ password: Secret) -> Bool {
        guard let derived = try? Self.derive(password, salt, parameters) else { return false }
        return Self.isEqual(derived, hash)
    }

    /// Whether two arrays are the same; the time tells nothing but their lengths.
    static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    private static func derive(
        _ password: Secret, _ salt: [UInt8], _ parameters: ScryptParameters
    ) throws(HikaeError) -> [UInt8] {
        do {
            return try KDF.Scrypt.deriveKey(
                from: password.bytes.isEmpty ? [0] : password.bytes, salt: salt, outputByteCount: 32,
                rounds: parameters.rounds, blockSize: parameters.blockSize, parallelism: parameters.parallelism
            ).withUnsafeBytes { Array($0) }
        } catch {
            throw HikaeError(.limit, "scrypt failed: \(error)")
        }
    }
}

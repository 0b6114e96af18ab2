// A person's Ed25519 key: the public half as one line of text, the private half as what signs.

import Crypto
public import HikaeCore
import HikaeFormat

/// The public half of a person's key.
public struct PersonPublicKey: Sendable, Hashable {
    /// The 32 bytes of RFC 8032.
    public let bytes: [UInt8]

    /// Nil unless the bytes are 32 and a point that a signature can be checked against.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32, (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil,
            !Self.isWeak(bytes)
        else { return nil }
        self.bytes = bytes
    }

    /// Points of small order: a signature under one of them proves nothing.
    private static func isWeak(_ bytes: [UInt8]) -> Bool {
        var masked = bytes
        masked[31] &= 0x7F
        return weak.contains(masked)
    }

    private static let weak: Set<[UInt8]> = {
        let texts = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        ]
        return Set(texts.compactMap { Hex.decode($0.utf8) })
    }()

    /// "sha256:…" of the key, for people to compare over the telephone.
    public var fingerprint: String { "sha256:" + Digest.fileID(bytes).hex }

    /// Whether `signature` is this key's over `message`.
    public func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        guard signature.count == 64, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            return false
        }
        return key.isValidSignature(signature, for: message)
    }
}

/// A person: the name and the public key. Written as one line: `hikae-person KEY NAME`.
public struct Person: Sendable, Hashable {
    /// What the person is called.
    public let name: PersonName
    /// The key that the person's words are signed with.
    public let key: PersonPublicKey

    /// A person of this name and key.
    public init(name: PersonName, key: PersonPublicKey) { (self.name, self.key) = (name, key) }

    /// The line that is given to the vault's administrator.
    public var line: String { "hikae-person \(Hex.encode(key.bytes)) \(name.text)" }

    /// Reads the line. Throws `.usage` for what is none.
    public init(line: String) throws(HikaeError) {
        let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[0] == "hikae-person", let bytes = Hex.decode(parts[1].utf8),
            let key = PersonPublicKey(bytes)
        else {
            throw HikaeError(
                .usage, "this is no person's public key",
                hint: "It is the line that `hikae key person new` prints: hikae-person, 64 digits, and the name.")
        }
        var name = parts[2]
        while let last = name.last, last.isWhitespace { name.removeLast() }
        self.init(name: try PersonName(name), key: key)
    }
}

/// The private half of a person's key. It prints as nothing.
public struct PersonPrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: Curve25519.Signing.PrivateKey

    /// A new key from the system's random generator.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// Nil unless the bytes are a key's 32.
    init?(seed: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
        self.key = key
    }

    var seed: [UInt8] { Array(key.rawRepresentation) }

    /// The public half.
    public var publicKey: PersonPublicKey {
        guard let key = PersonPublicKey(Array(key.publicKey.rawRepresentation)) else {
            preconditionFailure("a private key has a public half")
        }
        return key
    }

    /// The signature over a message: 64 bytes.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        guard let signature = try? key.signature(for: message) else {
            preconditionFailure("signing with a key in memory cannot fail")
        }
        return Array(signature)
    }

    public var description: String { "(private key)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

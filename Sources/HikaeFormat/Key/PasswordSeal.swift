// A secret sealed under a password, as restic seals its master key: what repositories' and people's key files share.

public import HikaeCore

/// Bytes sealed under a password.
public struct PasswordSeal: Sendable {
    /// How costly a try of the password is.
    public var parameters: ScryptParameters
    /// Random bytes that scrypt mixes in; 64 in files that restic and Hikae make.
    public var salt: [UInt8]
    /// The bytes, sealed under the key derived from the password.
    public var sealed: [UInt8]

    /// Seals `content` under `password` with a new salt. Throws `.unsupported` for parameters out of bounds.
    public init(_ content: [UInt8], password: [UInt8], parameters: ScryptParameters) throws(HikaeError) {
        let salt = SecureRandom.bytes(64)
        sealed = try parameters.derive(password: password, salt: salt).seal(content)
        (self.parameters, self.salt) = (parameters, salt)
    }

    /// To be read into: nothing yet.
    init() {
        parameters = ScryptParameters(rounds: 0, blockSize: 0, parallelism: 0)
        (salt, sealed) = ([], [])
    }

    /// The bytes. Throws `wrong` when the password is not theirs, `.unsupported` when the parameters are out of bounds.
    public func open(_ password: [UInt8], wrong: @autoclosure () -> HikaeError) throws(HikaeError) -> [UInt8] {
        let user = try parameters.derive(password: password, salt: salt)
        do throws(HikaeError) { return try user.open(sealed) } catch { throw wrong() }
    }

    /// Writes the members of an object that holds it.
    ///
    /// - Parameter name: what the sealed bytes are called there.
    public func write(to json: inout JSONWriter, as name: StaticString) {
        json.key("N")
        json.number(parameters.rounds)
        json.key("r")
        json.number(parameters.blockSize)
        json.key("p")
        json.number(parameters.parallelism)
        json.key("salt")
        json.base64(salt)
        json.key(name)
        json.base64(sealed)
    }

    /// Reads the members of an object that holds it. Throws `.damaged`.
    ///
    /// - Parameter other: takes every other member.
    public static func read(
        _ bytes: [UInt8], of thing: StaticString, as name: StaticString,
        other: (inout JSONReader, JSONKey) throws(HikaeError) -> Void
    ) throws(HikaeError) -> PasswordSeal {
        var seal = PasswordSeal()
        try JSONReader.read(bytes, of: thing) { json, key throws(HikaeError) in
            if key.is("N") {
                seal.parameters.rounds = Int(try json.unsigned32())
            } else if key.is("r") {
                seal.parameters.blockSize = Int(try json.unsigned32())
            } else if key.is("p") {
                seal.parameters.parallelism = Int(try json.unsigned32())
            } else if key.is("salt") {
                seal.salt = try json.base64()
            } else if key.is(name) {
                seal.sealed = try json.base64()
            } else {
                try other(&json, key)
            }
        }
        return seal
    }
}

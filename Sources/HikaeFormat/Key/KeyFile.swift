// A key file: the master key sealed under a password. The one file of a repository that is plain JSON.

import Crypto
public import HikaeCore

/// What a file in `keys/` holds.
public struct KeyFile: Sendable {
    /// When the key was made.
    public var created: Timestamp
    /// Who made it.
    public var username: String
    /// On which machine.
    public var hostname: String
    /// How costly a try of the password is.
    public var parameters: ScryptParameters
    /// Random bytes that scrypt mixes in; 64 in files that restic and Hikae make.
    public var salt: [UInt8]
    /// The master key's JSON, sealed under the key derived from the password.
    public var data: [UInt8]

    /// The only key derivation function that restic knows.
    public static let kdf = "scrypt"

    /// Seals `master` under `password` with a new salt. Throws `.unsupported` for parameters out of bounds.
    public static func create(
        master: CryptoKey, password: [UInt8], username: String, hostname: String, created: Timestamp,
        parameters: ScryptParameters = .standard
    ) throws(HikaeError) -> KeyFile {
        let salt = SecureRandom.bytes(64)
        let user = try parameters.derive(password: password, salt: salt)
        return KeyFile(
            created: created, username: username, hostname: hostname, parameters: parameters, salt: salt,
            data: user.seal(master.encoded()))
    }

    /// The master key.
    ///
    /// Throws `.wrongPassword` when the password does not open the file, `.unsupported` when its parameters are out of
    /// bounds, `.damaged` when what it holds is no key.
    public func unlock(password: [UInt8]) throws(HikaeError) -> CryptoKey {
        let user = try parameters.derive(password: password, salt: salt)
        let json: [UInt8]
        do throws(HikaeError) {
            json = try user.open(data)
        } catch {
            throw HikaeError(
                .wrongPassword, "wrong password, or the key file was changed",
                hint: "Give the password that the repository or one of its keys was made with.")
        }
        return try CryptoKey(decoding: json)
    }

    /// The file's bytes.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("created")
        json.time(created)
        json.key("username")
        json.string(username)
        json.key("hostname")
        json.string(hostname)
        json.key("kdf")
        json.string(Self.kdf)
        json.key("N")
        json.number(parameters.rounds)
        json.key("r")
        json.number(parameters.blockSize)
        json.key("p")
        json.number(parameters.parallelism)
        json.key("salt")
        json.base64(salt)
        json.key("data")
        json.base64(data)
        json.endObject()
        return json.bytes
    }

    private init(
        created: Timestamp, username: String, hostname: String, parameters: ScryptParameters, salt: [UInt8],
        data: [UInt8]
    ) {
        (self.created, self.username, self.hostname) = (created, username, hostname)
        (self.parameters, self.salt, self.data) = (parameters, salt, data)
    }

    /// Reads a key file. Throws `.damaged`, or `.unsupported` for another derivation function.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        self.init(
            created: .zero, username: "", hostname: "",
            parameters: ScryptParameters(rounds: 0, blockSize: 0, parallelism: 0), salt: [], data: [])
        var function = ""
        try JSONReader.read(bytes, of: "key file") { json, key throws(HikaeError) in
            if key.is("created") {
                created = try json.time()
            } else if key.is("username") {
                username = try json.text()
            } else if key.is("hostname") {
                hostname = try json.text()
            } else if key.is("kdf") {
                function = try json.text()
            } else if key.is("N") {
                parameters.rounds = Int(try json.unsigned32())
            } else if key.is("r") {
                parameters.blockSize = Int(try json.unsigned32())
            } else if key.is("p") {
                parameters.parallelism = Int(try json.unsigned32())
            } else if key.is("salt") {
                salt = try json.base64()
            } else if key.is("data") {
                data = try json.base64()
            } else {
                try json.skip()
            }
        }
        guard function == Self.kdf else {
            throw HikaeError(.unsupported, "the key file's password function \"\(function)\" is not known")
        }
    }
}

extension CryptoKey {
    /// The key as restic's JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("mac")
        json.beginObject()
        json.key("k")
        json.base64(macKey.withUnsafeBytes { Array($0) })
        json.key("r")
        let r = Block16(low: macR.0.littleEndian, high: macR.1.littleEndian)
        json.base64(r.withBytes { Array($0) })
        json.endObject()
        json.key("encrypt")
        json.base64(encryptionKey.withUnsafeBytes { Array($0) })
        json.endObject()
        return json.bytes
    }

    /// Reads restic's JSON. Throws `.damaged`.
    init(decoding bytes: [UInt8]) throws(HikaeError) {
        var (encrypt, k, r): ([UInt8], [UInt8], [UInt8]) = ([], [], [])
        try JSONReader.read(bytes, of: "master key") { json, key throws(HikaeError) in
            if key.is("mac") {
                try json.beginObject()
                while let part = try json.nextKey() {
                    if part.is("k") {
                        k = try json.base64()
                    } else if part.is("r") {
                        r = try json.base64()
                    } else {
                        try json.skip()
                    }
                }
            } else if key.is("encrypt") {
                encrypt = try json.base64()
            } else {
                try json.skip()
            }
        }
        guard let key = CryptoKey(encrypt: encrypt, macK: k, macR: r) else {
            throw HikaeError(.damaged, "the master key is damaged: its parts are not 32, 16 and 16 bytes")
        }
        self = key
    }
}

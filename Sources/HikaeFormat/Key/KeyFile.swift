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
    /// The master key's JSON, sealed under the password.
    public var seal: PasswordSeal

    /// The only key derivation function that restic knows.
    public static let kdf = "scrypt"

    /// Seals `master` under `password` with a new salt. Throws `.unsupported` for parameters out of bounds.
    public static func create(
        master: CryptoKey, password: [UInt8], username: String, hostname: String, created: Timestamp,
        parameters: ScryptParameters = .standard
    ) throws(HikaeError) -> KeyFile {
        KeyFile(
            created: created, username: username, hostname: hostname,
            seal: try PasswordSeal(master.encoded(), password: password, parameters: parameters))
    }

    /// The master key.
    ///
    /// Throws `.wrongPassword` when the password does not open the file, `.unsupported` when its parameters are out of
    /// bounds, `.damaged` when what it holds is no key.
    public func unlock(password: [UInt8]) throws(HikaeError) -> CryptoKey {
        let json = try seal.open(
            password,
            wrong: HikaeError(
                .wrongPassword, "wrong password, or the key file was changed",
                hint: "Give the password that the repository or one of its keys was made with."))
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
        seal.write(to: &json, as: "data")
        json.endObject()
        return json.bytes
    }

    private init(created: Timestamp, username: String, hostname: String, seal: PasswordSeal) {
        (self.created, self.username, self.hostname, self.seal) = (created, username, hostname, seal)
    }

    /// Reads a key file. Throws `.damaged`, or `.unsupported` for another derivation function.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        var (created, username, hostname, function) = (Timestamp.zero, "", "", "")
        let seal = try PasswordSeal.read(bytes, of: "key file", as: "data") { json, key throws(HikaeError) in
            if key.is("created") {
                created = try json.time()
            } else if key.is("username") {
                username = try json.text()
            } else if key.is("hostname") {
                hostname = try json.text()
            } else if key.is("kdf") {
                function = try json.text()
            } else {
                try json.skip()
            }
        }
        guard function == Self.kdf else {
            throw HikaeError(.unsupported, "the key file's password function \"\(function)\" is not known")
        }
        self.init(created: created, username: username, hostname: hostname, seal: seal)
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

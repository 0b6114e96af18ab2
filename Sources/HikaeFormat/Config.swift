// The repository's config: its version, its name and how files are cut.

public import HikaeCore

/// What the file `config` holds.
public struct Config: Sendable, Equatable {
    /// The format's version: 1 or 2.
    public var version: Int
    /// 64 hexadecimal digits that name the repository.
    public var id: String
    /// The irreducible polynomial of restic's Rabin chunker.
    public var chunkerPolynomial: UInt64
    /// 32 bytes that key Hikae's gear chunker, in a repository that Hikae made; nil means restic's chunker.
    /// Stored as base64 under `hikae_gear_secret`, which restic passes over.
    public var gearSecret: [UInt8]?

    /// A config of these values.
    public init(version: Int, id: String, chunkerPolynomial: UInt64, gearSecret: [UInt8]? = nil) {
        (self.version, self.id) = (version, id)
        (self.chunkerPolynomial, self.gearSecret) = (chunkerPolynomial, gearSecret)
    }

    /// A new random name for a repository.
    public static func randomID() -> String { Hex.encode(SecureRandom.bytes(32)) }

    /// The config as JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("version")
        json.number(version)
        json.key("id")
        json.string(id)
        json.key("chunker_polynomial")
        json.string(String(chunkerPolynomial, radix: 16))
        if let gearSecret {
            json.key("hikae_gear_secret")
            json.base64(gearSecret)
        }
        json.endObject()
        return json.bytes
    }

    /// Reads a config. Throws `.damaged`, or `.unsupported` for a version other than 1 and 2.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        self.init(version: 0, id: "", chunkerPolynomial: 0)
        try JSONReader.read(bytes, of: "config") { json, key throws(HikaeError) in
            if key.is("version") {
                version = Int(try json.unsigned32())
            } else if key.is("id") {
                id = try json.text()
            } else if key.is("chunker_polynomial") {
                guard let polynomial = UInt64(try json.text(), radix: 16) else {
                    throw json.fault("a chunker polynomial that is no hexadecimal number")
                }
                chunkerPolynomial = polynomial
            } else if key.is("hikae_gear_secret") {
                let secret = try json.base64()
                guard secret.count == 32 else { throw json.fault("a chunker secret that has not 32 bytes") }
                gearSecret = secret
            } else {
                try json.skip()
            }
        }
        guard (1...2).contains(version) else {
            throw HikaeError(
                .unsupported, "the repository's format version \(version) is not known",
                hint: "Hikae reads and writes versions 1 and 2.")
        }
        guard BlobID(hex: id) != nil else {
            throw HikaeError(.damaged, "the config is damaged: its repository ID has not 64 hexadecimal digits")
        }
    }
}

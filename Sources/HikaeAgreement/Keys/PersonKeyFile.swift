// A person's private key as a file: sealed under a passphrase as restic seals key files, so that a copy of the file
// alone signs nothing.

public import HikaeCore
public import HikaeFormat

/// What a file of a person's key holds.
public struct PersonKeyFile: Sendable {
    /// No such file is larger.
    public static let maximumBytes = 16 << 10
    private static let kind = "hikae-person-key"

    /// The person, readable without the passphrase.
    public let person: Person
    private let seal: PasswordSeal

    /// Seals a key under a passphrase. Throws `.usage` for an empty one.
    public init(
        _ key: PersonPrivateKey, of name: PersonName, passphrase: Secret, parameters: ScryptParameters = .standard
    ) throws(HikaeError) {
        guard !passphrase.bytes.isEmpty else {
            throw HikaeError(
                .usage, "a person's key needs a passphrase",
                hint: "Without one, whoever copies the file can agree in your name.")
        }
        person = Person(name: name, key: key.publicKey)
        seal = try PasswordSeal(key.seed, password: passphrase.bytes, parameters: parameters)
    }

    /// The private key. Throws `.wrongPassword`.
    public func unlock(_ passphrase: Secret) throws(HikaeError) -> PersonPrivateKey {
        let seed = try seal.open(
            passphrase.bytes,
            wrong: HikaeError(.wrongPassword, "wrong passphrase for the key of \(person.name.text)"))
        guard let key = PersonPrivateKey(seed: seed), key.publicKey == person.key else {
            throw HikaeError(
                .damaged, "the key file of \(person.name.text) is damaged: its halves do not belong together")
        }
        return key
    }

    /// The file's bytes.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("kind")
        json.string(Self.kind)
        json.key("version")
        json.number(1)
        json.key("person")
        json.string(person.line)
        seal.write(to: &json, as: "sealed")
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// Reads a file. Throws `.damaged`, or `.unsupported` for another kind or version.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        guard bytes.count <= Self.maximumBytes else {
            throw HikaeError(.damaged, "the file of a person's key is damaged: it is too large")
        }
        var (kind, version, line) = ("", UInt64(0), "")
        seal = try PasswordSeal.read(
            bytes, of: "file of a person's key", as: "sealed"
        ) { json, key throws(HikaeError) in
            if key.is("kind") {
                kind = try json.text()
            } else if key.is("version") {
                version = try json.unsigned()
            } else if key.is("person") {
                line = try json.text()
            } else {
                try json.skip()
            }
        }
        guard kind == Self.kind, version == 1 else {
            throw HikaeError(.unsupported, "this is no file of a person's key, or of a version that is not known")
        }
        do throws(HikaeError) {
            person = try Person(line: line)
        } catch {
            throw HikaeError(.damaged, "the file of a person's key is damaged: it names no person")
        }
    }
}

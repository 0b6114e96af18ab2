// Name and password of a request, as HTTP's Basic scheme carries them.

internal import HikaeCore
internal import HikaeFormat

/// A name and a password that somebody has given.
struct BasicCredentials {
    let name: String
    let password: Secret

    /// Reads an Authorization header; nil when it is none of this scheme or its name is none of ours.
    init?(header: String?) {
        guard let header, header.utf8.count <= 2048 else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let bytes = Base64.decode(Array(parts[1].utf8)), let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        name = String(decoding: bytes[..<colon], as: UTF8.self)
        password = Secret(Array(bytes[(colon + 1)...]))
        guard VaultName.isValid(name) else { return nil }
    }
}

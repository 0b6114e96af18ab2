// A user and a password as HTTP's Basic scheme has them.

import HikaeCore

/// The value of an Authorization header.
enum BasicAuthorization {
    /// As a secret: it is the password, written otherwise.
    static func header(_ user: String, _ password: Secret) -> Secret {
        Secret("Basic " + base64(Array("\(user):".utf8) + password.bytes))
    }

    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0...group.count { text.append(letters[value >> (18 - 6 * place) & 63]) }
            for _ in group.count..<3 { text.append(UInt8(ascii: "=")) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

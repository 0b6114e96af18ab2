// What a TLS library says of a handshake that failed, in words for people: its own name the place in its source.

/// Why a handshake failed.
public struct HandshakeWords: Sendable, Equatable {
    /// "wrong version number", "the connection ended".
    public let reason: String
    /// The other side answered, and not in TLS.
    public let isWithoutTLS: Bool

    /// - Parameter description: the library's error as text.
    public init(_ description: String) {
        isWithoutTLS = ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG"]
            .contains { description.contains($0) }
        let mark = "OPENSSL_internal:"
        if let start = description.firstRange(of: mark)?.upperBound {
            let word = description[start...].prefix { $0 != " " && $0 != "]" && $0 != ")" }
            reason = word.lowercased().split(separator: "_").joined(separator: " ")
        } else if description.lowercased().contains("eof") || description.contains("uncleanShutdown") {
            reason = "the connection ended"
        } else {
            let end = description.firstRange(of: " at /")?.lowerBound ?? description.endIndex
            reason = String(description[..<end].prefix(120))
        }
    }
}

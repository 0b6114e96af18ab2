// Whom a TLS connection believes, besides the system's certificate authorities.

/// How a server's certificate is judged.
public struct TrustSettings: Sendable, Equatable {
    /// A file of certificate authorities in PEM, believed instead of the system's; nil for the system's.
    public var certificateAuthority: String?
    /// "sha256:" and the hexadecimal SHA-256 of the server's own certificate in DER: this certificate is believed
    /// whoever signed it and whatever name it bears, and no other. Nil for none.
    public var fingerprint: String?

    /// The system's authorities, unless told otherwise.
    public init(certificateAuthority: String? = nil, fingerprint: String? = nil) {
        self.certificateAuthority = certificateAuthority
        self.fingerprint = fingerprint
    }
}

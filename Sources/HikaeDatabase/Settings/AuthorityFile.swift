// Which certificate authorities are believed: the file named, or the one that this system keeps.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds the file of authorities for a verified connection. The databases' programs do not agree on a default.
enum AuthorityFile {
    /// Where systems keep theirs: Debian and its kin, Red Hat's kin, SUSE, Alpine and macOS.
    private static let places = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// The file's path; nil when the connection is not verified. Throws when a file that is needed is not there.
    static func path(_ settings: DatabaseSettings) throws(HikaeError) -> String? {
        guard settings.security == .verified else { return nil }
        if let given = settings.certificateAuthority {
            // With `via` the programs look for it on the far side.
            if settings.via == nil, access(given, R_OK) != 0 { throw .system("open the certificate authority", given) }
            return given
        }
        if let found = places.first(where: { access($0, R_OK) == 0 }) { return found }
        throw HikaeError(
            .untrusted, "this machine has no file of certificate authorities to check \(settings.address) with",
            hint: "Install one (the package is ca-certificates), or name the authority: `trust: {ca: FILE}`.")
    }
}

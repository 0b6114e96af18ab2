// Says during the handshake whether a server's certificate is believed: before a name or password is sent.
//
// libcurl hands over OpenSSL's context; OpenSSL's functions are found in the library that libcurl itself is linked with,
// so that no other copy of OpenSSL ever sees the context.

import CCurl
import HikaeCore
import HikaeFormat
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The judge of one connection's certificates.
final class CertificateJudge: Sendable {
    /// Lower-case hexadecimal SHA-256 of the one certificate that is believed; nil: the authorities decide.
    private let pinned: String?
    private let last = Mutex<(fingerprint: String?, isRefused: Bool)>((nil, false))
    private let library: OpenSSLLibrary

    /// Throws `.usage` when the fingerprint is none, `.unsupported` when libcurl was built with another TLS library.
    init(_ trust: TrustSettings) throws(HikaeError) {
        pinned = try trust.fingerprint.map { text throws(HikaeError) in try Self.fingerprint(text) }
        guard let library = OpenSSLLibrary.shared else {
            throw HikaeError(
                .unsupported, "this system's libcurl does not use OpenSSL, so FTP over TLS cannot be judged safely",
                hint: "Install the libcurl that is built with OpenSSL (Debian: libcurl4).")
        }
        self.library = library
    }

    /// The SHA-256 of the certificate that the server last showed, as "sha256:…".
    var fingerprintSeen: String? { last.withLock { $0.fingerprint }.map { "sha256:" + $0 } }

    /// Whether the certificate that the server last showed was not believed.
    var hasRefused: Bool { last.withLock { $0.isRefused } }

    /// Whether one certificate alone is believed.
    var isPinned: Bool { pinned != nil }

    /// Sets libcurl's handle to ask this judge. The judge must outlive the handle.
    func install(in handle: UnsafeMutableRawPointer) -> CURLcode {
        let code = hikae_curl_set_pointer(handle, CURLOPT_SSL_CTX_DATA, Unmanaged.passUnretained(self).toOpaque())
        guard code == CURLE_OK else { return code }
        return hikae_curl_set_tls(handle) { _, context, data in
            guard let context, let data else { return CURLE_SSL_CERTPROBLEM }
            let judge = Unmanaged<CertificateJudge>.fromOpaque(data).takeUnretainedValue()
            judge.library.setVerification(context, verify, data)
            return CURLE_OK
        }
    }

    /// The answer for one chain: whether the handshake may go on.
    fileprivate func believes(_ chain: UnsafeMutableRawPointer) -> Bool {
        let fingerprint = library.leaf(of: chain).map { Digest.fileID($0).description }
        let isBelieved = fingerprint.map { judge(chain, $0) } ?? false
        last.withLock { $0 = (fingerprint, !isBelieved) }
        return isBelieved
    }

    private func judge(_ chain: UnsafeMutableRawPointer, _ fingerprint: String) -> Bool {
        guard let pinned else { return library.verify(chain) == 1 }
        library.setError(chain, fingerprint == pinned ? 0 : 50)
        return fingerprint == pinned
    }

    /// "sha256:AB:CD…" or the bare digits, as lower-case digits.
    static func fingerprint(_ text: String) throws(HikaeError) -> String {
        var digits = text.lowercased()
        if digits.hasPrefix("sha256:") { digits.removeFirst(7) }
        digits.removeAll { $0 == ":" }
        guard digits.utf8.count == 64, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66 })
        else {
            throw HikaeError(
                .usage, "\"\(text)\" is no fingerprint of a certificate",
                hint: "It is \"sha256:\" and 64 hexadecimal digits.")
        }
        return digits
    }
}

/// OpenSSL's callback: 1 goes on, 0 ends the handshake.
private let verify: OpenSSLLibrary.Verification = { chain, data in
    guard let chain, let data else { return 0 }
    return Unmanaged<CertificateJudge>.fromOpaque(data).takeUnretainedValue().believes(chain) ? 1 : 0
}

/// The few functions of OpenSSL that are needed.
private struct OpenSSLLibrary: Sendable {
    typealias Verification = @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> CInt
    typealias SetVerification = @convention(c) (UnsafeMutableRawPointer, Verification, UnsafeMutableRawPointer?) -> Void
    typealias Verify = @convention(c) (UnsafeMutableRawPointer) -> CInt
    typealias SetError = @convention(c) (UnsafeMutableRawPointer, CInt) -> Void
    typealias Certificate = @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer?
    typealias Encode =
        @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) ->
        CInt

    let setVerification: SetVerification
    let verify: Verify
    let setError: SetError
    let certificate: Certificate
    let encode: Encode

    /// Nil when libcurl does not use OpenSSL.
    static let shared: OpenSSLLibrary? = {
        guard let version = hikae_curl_tls_library(),
            String(cString: version).hasPrefix("OpenSSL/")
        else { return nil }
        // A null handle looks in everything that the process is linked with, in order.
        func find<Function>(_ name: String, _: Function.Type) -> Function? {
            dlsym(nil, name).map { unsafeBitCast($0, to: Function.self) }
        }
        guard let setVerification = find("SSL_CTX_set_cert_verify_callback", SetVerification.self),
            let verify = find("X509_verify_cert", Verify.self),
            let setError = find("X509_STORE_CTX_set_error", SetError.self),
            let certificate = find("X509_STORE_CTX_get0_cert", Certificate.self),
            let encode = find("i2d_X509", Encode.self)
        else { return nil }
        return OpenSSLLibrary(
            setVerification: setVerification, verify: verify, setError: setError, certificate: certificate,
            encode: encode)
    }()

    /// The server's own certificate in DER, at most 1 MiB.
    func leaf(of chain: UnsafeMutableRawPointer) -> [UInt8]? {
        guard let certificate = certificate(chain) else { return nil }
        let length = Int(encode(certificate, nil))
        guard length > 0, length <= 1 << 20 else { return nil }
        var encoded = [UInt8](repeating: 0, count: length)
        let written = encoded.withUnsafeMutableBufferPointer { buffer in
            var next = buffer.baseAddress
            return Int(encode(certificate, &next))
        }
        return written == length ? encoded : nil
    }
}

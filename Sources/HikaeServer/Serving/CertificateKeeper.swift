// The certificate that new connections are shown. It is read again when its files have changed, and taken only when it is
// whole, belongs to its key and is valid; until then, and for connections that are there, the one before holds.

internal import HikaeCore
internal import HikaeStore
internal import NIOSSL
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The server's certificate and its key, kept up with their files.
final class CertificateKeeper: Sendable {
    /// A pair that was read, checked and made ready.
    struct Pair: Sendable {
        let context: NIOSSLContext
        /// When the certificate ends, in seconds since 1970.
        let ends: Int64
        /// SHA-256 of the certificate, in hexadecimal digits.
        let fingerprint: String
    }

    private struct State {
        var pair: Pair
        /// The files that the pair came from.
        var taken: [FileStamp]
        /// The files at the last look, and when they were tried and refused.
        var seen: [FileStamp]
        var refused: [FileStamp]?
        var changes: UInt64 = 0
        var failures: UInt64 = 0
    }

    private let files: ServerCertificate
    private let state: Mutex<State>

    /// No such file is larger.
    private static let maximumBytes = 1 << 20

    /// Reads the files. `.usage` when they are no such pair.
    init(_ files: ServerCertificate) throws(HikaeError) {
        self.files = files
        let stamps = Self.stamps(files)
        state = Mutex(State(pair: try Self.load(files), taken: stamps, seen: stamps))
    }

    /// What new connections are shown.
    var pair: Pair { state.withLock { $0.pair } }

    /// How often another pair was taken, and how often one could not be.
    var counts: (changes: UInt64, failures: UInt64) { state.withLock { ($0.changes, $0.failures) } }

    /// Looks whether the files have changed, and takes what is there now; nil when there is nothing new. Throws when what
    /// is there cannot be used, once for each change of the files: the pair before goes on.
    ///
    /// - Parameter isAsked: whether somebody says that the files are ready. Else they must be the same at two looks.
    func look(isAsked: Bool) throws(HikaeError) -> Pair? {
        let stamps = Self.stamps(files)
        let isDue = state.withLock { state in
            let isStill = state.seen == stamps
            state.seen = stamps
            if isAsked { return true }
            return isStill && stamps != state.taken && stamps != state.refused
        }
        guard isDue else { return nil }
        do throws(HikaeError) {
            let pair = try Self.load(files)
            guard pair.ends > Int64(time(nil)) else {
                throw Self.unusable(files, "the certificate ended at \(Timestamp(seconds: pair.ends).rfc3339)")
            }
            // Written to while it was read: the next look takes it.
            guard Self.stamps(files) == stamps else {
                guard isAsked else { return nil }
                throw Self.unusable(files, "the files change just now")
            }
            return state.withLock { state in
                let isNew = stamps != state.taken
                (state.pair, state.taken, state.refused) = (pair, stamps, nil)
                guard isNew else { return nil }
                state.changes += 1
                return pair
            }
        } catch {
            state.withLock { state in
                state.refused = stamps
                state.failures += 1
            }
            throw error
        }
    }

    private static func stamps(_ files: ServerCertificate) -> [FileStamp] {
        [files.chain, files.key].map { FileStamp($0) }
    }

    private static func load(_ files: ServerCertificate) throws(HikaeError) -> Pair {
        // Links are followed: that is how renewals are put in place.
        let chain = try SystemFile.load(files.chain, limit: maximumBytes, followsLinks: true)
        let key = try SystemFile.load(files.key, limit: maximumBytes, followsLinks: true)
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(chain)
            // What is cut off in the middle of a later certificate can be read, too.
            let begun = count("-----BEGIN CERTIFICATE-----", in: chain)
            guard let first = certificates.first, begun == certificates.count else {
                throw unusable(files, "the file \(files.chain) is not whole")
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            let encoded = try first.toDERBytes()
            return Pair(
                context: try NIOSSLContext(configuration: configuration), ends: Int64(first.notValidAfter),
                fingerprint: AuditLine.hash(encoded).hex)
        } catch let error as HikaeError {
            throw error
        } catch {
            throw unusable(files, "\(error)")
        }
    }

    private static func count(_ mark: String, in bytes: [UInt8]) -> Int {
        String(decoding: bytes, as: UTF8.self).split(separator: mark, omittingEmptySubsequences: false).count - 1
    }

    private static func unusable(_ files: ServerCertificate, _ reason: String) -> HikaeError {
        HikaeError(
            .usage, "the certificate \(files.chain) with the key \(files.key) cannot be used: \(reason)",
            hint: "Both are PEM files, the server's own certificate first, and the key belongs to it.")
    }
}

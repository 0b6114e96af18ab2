// What a vault server is told when it starts.

public import HikaeCore

/// A vault server's settings.
public struct VaultServerSettings: Sendable {
    /// The folder that holds the users' file, the audit log and the tenants' folders.
    public var folder: String
    /// Where to listen.
    public var listen: ListenAddress
    /// PEM files with the certificate chain and its key; nil for plain HTTP.
    public var certificate: ServerCertificate?
    /// Whether plain HTTP may be spoken beyond this machine.
    public var allowsPlainHTTP = false
    /// Where to serve Prometheus' `/metrics`, always on loopback; nil: nowhere.
    public var metrics: ListenAddress?
    /// Seconds of running that the vault's own time is counted by. Only tests of this target can set another count.
    var ticks: @Sendable () -> Double = MonotonicTime.seconds
    /// Seconds between two looks at what is due, and at the certificate. Only tests of this target can set another span.
    var tickSeconds = 5.0
    /// What nobody may exceed.
    public var limits = ServerLimits()

    /// Settings with the usual limits and without TLS.
    public init(folder: String, listen: ListenAddress) {
        (self.folder, self.listen) = (folder, listen)
    }

    /// Refuses what would put passwords on a wire in the clear, or figures before strangers.
    public func check() throws(HikaeError) {
        if certificate == nil, !listen.isLoopback, !allowsPlainHTTP {
            throw HikaeError(
                .usage,
                "\(listen) can be reached from other machines, and without TLS passwords would travel in the clear",
                hint: "Give --tls-certificate and --tls-key, or --plain-http if something in front speaks TLS.")
        }
        if let metrics, !metrics.isLoopback {
            throw HikaeError(.usage, "metrics are served on this machine only, not on \(metrics)")
        }
    }
}

/// Where a server's certificate stands.
public struct ServerCertificate: Sendable, Equatable {
    /// A PEM file with the server's certificate first, then what leads to the authority.
    public var chain: String
    /// A PEM file with its private key.
    public var key: String

    /// A certificate and its key.
    public init(chain: String, key: String) { (self.chain, self.key) = (chain, key) }
}

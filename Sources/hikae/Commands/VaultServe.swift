// `hikae vault serve`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeServer

struct VaultServe: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve repositories that nobody can erase over the network.",
        discussion: """
            Speaks restic's REST protocol: `restic -r rest:https://USER:PASSWORD@HOST:8000/TENANT/REPOSITORY/ init`. \
            Files can be added and read; nothing but locks can be removed, and nothing can be written over, whatever \
            the credential. A file is stored when its SHA-256 is its name and when it is on the disk, and only then \
            acknowledged. Runs until SIGTERM or Ctrl-C, and then ends what is under way.

            Beyond this machine it speaks TLS only, unless --plain-http says that something in front does. A certificate \
            that was renewed is taken over within seconds, at once on SIGHUP, and ends no connection.

            EXAMPLES
              hikae vault user add shop --folder /srv/vault --tenant sakura \\
                --role append < password
              hikae vault serve --folder /srv/vault --listen :8000 \\
                --tls-certificate chain.pem --tls-key key.pem
            """)

    @OptionGroup(title: "Which server") var vault: VaultFolderOptions

    @Option(help: .init("Where to listen; :8000 is every address.", valueName: "host:port"))
    var listen = "127.0.0.1:8000"

    @Option(help: .init("The certificate and its chain, a PEM file.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: .init("The certificate's private key, a PEM file.", valueName: "file"))
    var tlsKey: String?

    @Flag(help: "Speak HTTP without TLS even beyond this machine.")
    var plainHttp = false

    @Option(help: .init("Serve Prometheus' /metrics here; on this machine only.", valueName: "host:port"))
    var metrics: String?

    @Option(help: .init("Connections at once.", valueName: "count"))
    var connections: Int?

    @Option(help: .init("Connections at once from one address.", valueName: "count"))
    var connectionsPerAddress: Int?

    @Option(help: .init("Requests a second that one user may make in the long run.", valueName: "count"))
    var requestsPerSecond: Double?

    @Option(help: .init("Seconds that a slow client may let the server wait.", valueName: "seconds"))
    var patience: Double?

    @Option(help: .init("Begin a new file of the audit log at this size.", valueName: "size"))
    var auditFileSize: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key go together")
        }
        for (name, value) in [
            ("--connections", connections.map(Double.init)), ("--requests-per-second", requestsPerSecond),
            ("--connections-per-address", connectionsPerAddress.map(Double.init)), ("--patience", patience),
        ] {
            if let value, !(value >= 1 && value <= 1e6) { throw ValidationError("\(name) must be 1 to 1,000,000") }
        }
    }

    func execute() throws(HikaeError) -> ExitStatus {
        let settings = try settings()
        let server = try VaultServer(settings) { ErrorDisplay.passing($0, during: "vault serve") }
        Shutdown.hearHangups()
        let ports = try server.start()
        defer { server.stop() }
        let address = ListenAddress(host: settings.listen.host, port: ports.port)
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "listening")
                json.member("host", address.host)
                json.member("port", ports.port)
                if let port = ports.metricsPort { json.member("metrics_port", port) }
            }
        } else {
            console.print("serving \(vault.folder) at \(settings.certificate == nil ? "http" : "https")://\(address)/")
            if let port = ports.metricsPort { console.print("metrics at http://127.0.0.1:\(port)/metrics") }
        }
        try console.flush()
        if try UsersFile.load(folder: vault.folder).users.isEmpty {
            console.warn("nobody can log in yet: see `hikae vault user add`")
        }
        if let ends = server.certificateEnds, ends <= SystemClock().now().seconds {
            console.warn("the certificate ended at \(Timestamp(seconds: ends).rfc3339): clients will not believe it")
        }
        while !Shutdown.cancellation.isCancelled {
            if Shutdown.wasHungUp() { server.reload() }
            if server.hasEnded(within: 0.2) { throw HikaeError(.inputOutput, "the server has ended by itself") }
        }
        return .done
    }

    private func settings() throws(HikaeError) -> VaultServerSettings {
        var settings = VaultServerSettings(folder: vault.folder, listen: try ListenAddress(listen))
        if let tlsCertificate, let tlsKey {
            settings.certificate = ServerCertificate(chain: tlsCertificate, key: tlsKey)
        }
        settings.allowsPlainHTTP = plainHttp
        settings.metrics = try metrics.map { text throws(HikaeError) in try ListenAddress(text) }
        if let connections { settings.limits.connections = connections }
        if let connectionsPerAddress { settings.limits.connectionsPerAddress = connectionsPerAddress }
        if let requestsPerSecond {
            settings.limits.requestsPerSecond = requestsPerSecond
            settings.limits.requestBurst = requestsPerSecond * 3
        }
        if let patience { settings.limits.patienceSeconds = patience }
        if let auditFileSize {
            guard let size = ByteCount(auditFileSize), (64 << 10...512 << 20).contains(size.bytes) else {
                throw HikaeError(.usage, "--audit-file-size must be 64K to 512M, not \(auditFileSize)")
            }
            settings.limits.auditFileBytes = Int(size.bytes)
        }
        return settings
    }
}

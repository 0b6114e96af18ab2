// A vault server from start to stop: its folder, its listeners, its threads.

public import HikaeCore
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A vault server. `start`, then `wait` or `stop`; calls block.
public final class VaultServer: Sendable {
    private enum Phase {
        case starting
        /// Listening; the ports, the metrics' one last.
        case running([Int])
        case ended(HikaeError?)
    }

    /// What was told at the start.
    public let settings: VaultServerSettings
    /// The folder that is served.
    public let vault: VaultFolder
    let agreement: AgreementService
    private let responder: VaultResponder
    private let group: MultiThreadedEventLoopGroup
    private let executor: ServerExecutor
    private let phase = Monitor(Phase.starting)
    private let services = Mutex<(group: ServiceGroup, task: Task<Void, Never>)?>(nil)
    private let isStopping = Monitor(false)
    private let ticker = Mutex<RunningThread?>(nil)
    private let lock: Int32
    private let report: @Sendable (HikaeError) -> Void

    /// Opens the folder, which is made if it is missing. `.locked` when another server serves it.
    ///
    /// - Parameter report: is told what goes wrong while the server runs and is no client's affair.
    public init(
        _ settings: VaultServerSettings, report: @escaping @Sendable (HikaeError) -> Void
    ) throws(HikaeError) {
        try settings.check()
        self.settings = settings
        self.report = report
        let folder = try Self.absolute(settings.folder)
        lock = try Self.lock(folder)
        try Upload.sweep(vault: folder)
        let audit = try AuditLog(vault: folder, fileBytes: settings.limits.auditFileBytes)
        vault = VaultFolder(path: folder, audit: audit, usage: try UsageBook(counting: folder))
        agreement = try AgreementService(vault, ticks: settings.ticks)
        audit.take { [agreement] in agreement.vaultSeconds() }
        var routes = RepositoryRoutes()
        agreement.add(to: &routes)
        responder = VaultResponder(
            vault: vault,
            desk: try LoginDesk(folder: folder, limits: settings.limits, usage: vault.usage, report: report),
            limits: settings.limits, metrics: ServerMetrics(), routes: routes,
            files: BlockingPool(threads: settings.limits.threads), logins: BlockingPool(threads: 4), report: report)
        group = MultiThreadedEventLoopGroup(numberOfThreads: min(8, processorCount()))
        executor = ServerExecutor(threads: min(8, processorCount()))
    }

    deinit {
        Disk.close(lock)
    }

    /// Begins to listen. Returns the port, and the port for metrics if there is one.
    public func start() throws(HikaeError) -> (port: Int, metricsPort: Int?) {
        // On a full disk what is there can still be read.
        do throws(HikaeError) {
            try vault.audit.append(AuditEvent("START", ""), durable: true)
        } catch {
            guard error.code == .noSpace else { throw error }
            report(error)
        }
        let expected = settings.metrics == nil ? 1 : 2
        let ports = Mutex<[Bool: Int]>([:])
        let onRunning: @Sendable (Bool, any Channel) -> Void = { [phase] isMain, channel in
            let all = ports.withLock { ports in
                ports[isMain] = channel.localAddress?.port ?? 0
                return ports
            }
            guard all.count == expected else { return }
            phase.withLock { $0 = .running([all[true] ?? 0, all[false] ?? 0]) }
        }
        let group = try serviceGroup(onRunning)
        let task = Task.detached(executorPreference: executor) { [phase] in
            var failure: HikaeError?
            do { try await group.run() } catch {
                failure = HikaeError(.inputOutput, "the server ended: \(error)")
            }
            phase.withLock { [failure] in $0 = .ended(failure) }
        }
        services.withLock { $0 = (group, task) }
        let result: Result<[Int], HikaeError> = phase.wait { phase in
            switch phase {
            case .starting: nil
            case .running(let ports): .success(ports)
            case .ended(let error): .failure(error ?? HikaeError(.inputOutput, "the server ended at once"))
            }
        }
        let bound = try result.get()
        ticker.withLock {
            $0 = RunningThread { [agreement, isStopping] in
                while isStopping.wait(seconds: 5, until: { $0 ? true : nil }) == nil { agreement.tick() }
            }
        }
        return (bound[0], settings.metrics == nil ? nil : bound[1])
    }

    /// Stops: takes nothing new, lets what is under way end within the bound, and returns when all is over.
    public func stop() {
        isStopping.withLock { $0 = true }
        if let (group, task) = services.withLock({ $0 }) {
            Task.detached(executorPreference: executor) { await group.triggerGracefulShutdown() }
            let isOver: @Sendable (inout Phase) -> Bool? = { if case .ended = $0 { true } else { nil } }
            if phase.wait(seconds: settings.limits.stopSeconds, until: isOver) == nil {
                task.cancel()
                _ = phase.wait(seconds: 2, until: isOver)
            }
        }
        ticker.withLock { $0.take() }?.join()
        responder.files.stop()
        responder.logins.stop()
        agreement.stop()
        do throws(HikaeError) {
            try vault.audit.append(AuditEvent("STOP", ""), durable: true)
        } catch {
            report(error)
        }
        try? self.group.syncShutdownGracefully()
        executor.stop()
    }

    /// Waits until the server has ended by itself, at most so many seconds; whether it has.
    public func hasEnded(within seconds: Double) -> Bool {
        phase.wait(seconds: seconds) { if case .ended = $0 { true } else { nil } } ?? false
    }

    private func serviceGroup(_ onRunning: @escaping @Sendable (Bool, any Channel) -> Void) throws(HikaeError)
        -> ServiceGroup
    {
        // Hummingbird's own words are for who writes servers; what matters goes to the report and the log.
        let logger = Logger(label: "hikae", factory: { _ in SwiftLogNoOpLogHandler() })
        let limits = settings.limits
        let counts = ConnectionCounts(limit: limits.connectionsPerAddress)
        let metrics = responder.metrics
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionGuard(limits, counts, metrics)],
                idleTimeout: .seconds(Int64(limits.idleSeconds)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
                    maxHeaderFieldCount: limits.headerFields)))
        var applications: [any Service] = [
            Application(
                responder: responder, server: try Self.secure(http, settings.certificate),
                configuration: .init(
                    address: .hostname(settings.listen.host, port: settings.listen.port), serverName: "hikae",
                    backlog: 1024,
                    availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: logger)),
                onServerRunning: { onRunning(true, $0) }, eventLoopGroupProvider: .shared(group), logger: logger)
        ]
        if let address = settings.metrics {
            applications.append(
                Application(
                    responder: MetricsResponder(vault: vault, metrics: metrics, files: responder.files),
                    server: .http1(configuration: .init(idleTimeout: .seconds(Int64(limits.idleSeconds)))),
                    configuration: .init(
                        address: .hostname(address.host, port: address.port), serverName: "hikae",
                        availableConnectionsDelegate: MaximumAvailableConnections(64, logger: logger)),
                    onServerRunning: { onRunning(false, $0) }, eventLoopGroupProvider: .shared(group), logger: logger))
        }
        return ServiceGroup(
            configuration: .init(services: applications, gracefulShutdownSignals: [], logger: logger))
    }

    private static func secure(
        _ http: HTTPServerBuilder, _ certificate: ServerCertificate?
    ) throws(HikaeError) -> HTTPServerBuilder {
        guard let certificate else { return http }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate.chain).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: certificate.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return try .tls(http, tlsConfiguration: configuration)
        } catch {
            throw HikaeError(
                .usage, "the certificate \(certificate.chain) with the key \(certificate.key) cannot be used: \(error)",
                hint: "Both are PEM files, the server's own certificate first.")
        }
    }

    /// The folder's absolute path; the folder is made if it is missing.
    private static func absolute(_ path: String) throws(HikaeError) -> String {
        try Disk.makeFolder(path)
        guard let real = realpath(path, nil) else { throw .system("find", path) }
        // realpath allocated it; it is ours to free.
        defer { free(real) }
        return String(cString: real)
    }

    /// Keeps other servers off the folder until the descriptor is closed.
    private static func lock(_ folder: String) throws(HikaeError) -> Int32 {
        let descriptor = try Disk.openAppending("\(folder)/.server")
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Disk.close(descriptor)
            throw HikaeError(.locked, "another server is serving \(folder)")
        }
        return descriptor
    }
}

// A vault server from start to stop: its folder, its listeners, its threads.

public import HikaeCore
internal import HikaeStore
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOPosix
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
    private let certificate: CertificateKeeper?
    private let serving = Mutex<Task<Void, Never>?>(nil)
    private let listeners = Mutex<[any Channel]>([])
    private let connections = OpenConnections()
    private let isStopping = Monitor(false)
    private let ticker = Mutex<RunningThread?>(nil)
    private let lock: Int32
    private let report: @Sendable (HikaeError) -> Void
    /// Seconds that connections which were cut have to end.
    private static let cutSeconds = 60.0

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
        vault = VaultFolder(
            path: folder, audit: audit, usage: try UsageBook(counting: folder), limits: settings.limits)
        certificate = try settings.certificate.map { files throws(HikaeError) in try CertificateKeeper(files) }
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
        SystemFile.close(lock)
    }

    /// When the certificate ends, in seconds since 1970; nil without one.
    public var certificateEnds: Int64? { certificate?.pair.ends }

    /// Begins to listen. Returns the port, and the port for metrics if there is one.
    public func start() throws(HikaeError) -> (port: Int, metricsPort: Int?) {
        for address in [settings.listen, settings.metrics].compactMap({ $0 }) { try tryOut(address) }
        // On a full disk what is there can still be read.
        do throws(HikaeError) {
            try vault.audit.append(AuditEvent("START", ""), durable: true)
        } catch {
            guard error.code == .noSpace else { throw error }
            report(error)
        }
        let expected = settings.metrics == nil ? 1 : 2
        let ports = Mutex<[Bool: Int]>([:])
        let onRunning: @Sendable (Bool, any Channel) -> Void = { [self] isMain, channel in
            listeners.withLock { $0.append(channel) }
            let all = ports.withLock { ports in
                ports[isMain] = channel.localAddress?.port ?? 0
                return ports
            }
            guard all.count == expected else { return }
            phase.withLock { $0 = .running([all[true] ?? 0, all[false] ?? 0]) }
        }
        let applications = applications(onRunning)
        let task = Task.detached(executorPreference: executor) { [phase, settings, isStopping] in
            var failure: HikaeError?
            do {
                try await Self.run(applications, isStopping)
            } catch {
                failure = ListenFailure.error(error, settings)
            }
            phase.withLock { [failure] in $0 = .ended(failure) }
        }
        serving.withLock { $0 = task }
        let result: Result<[Int], HikaeError> = phase.wait { phase in
            switch phase {
            case .starting: nil
            case .running(let ports): .success(ports)
            case .ended(let error): .failure(error ?? HikaeError(.inputOutput, "the server ended at once"))
            }
        }
        let bound = try result.get()
        ticker.withLock {
            $0 = RunningThread { [self] in
                while isStopping.wait(seconds: settings.tickSeconds, until: { $0 ? true : nil }) == nil {
                    agreement.tick()
                    lookAtCertificate(isAsked: false)
                }
            }
        }
        return (bound[0], settings.metrics == nil ? nil : bound[1])
    }

    /// Runs all until they end. One that ends of itself ends the others; told to stop, each takes the time that it needs.
    private static func run(_ applications: [any Service], _ isStopping: Monitor<Bool>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for application in applications {
                group.addTask {
                    do {
                        try await application.run()
                    } catch {
                        // Hummingbird calls it an error when a server has no listener any more.
                        guard isStopping.withLock({ $0 }) else { throw error }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Listens for a moment. A server of several parts that cannot listen does not always end, and so does not always tell.
    private func tryOut(_ address: ListenAddress) throws(HikaeError) {
        do {
            let bootstrap = ServerBootstrap(group: group).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            try bootstrap.bind(host: address.host, port: address.port).wait().close().wait()
        } catch {
            throw ListenFailure.error(error, settings)
        }
    }

    /// Reads the certificate and its key again, as somebody asks for who has just put them in place.
    public func reload() { lookAtCertificate(isAsked: true) }

    /// New connections get what is there; those that are under way notice nothing, and a pair that cannot be used changes
    /// nothing.
    private func lookAtCertificate(isAsked: Bool) {
        do throws(HikaeError) {
            guard let pair = try certificate?.look(isAsked: isAsked) else { return }
            note("the certificate is now \(pair.fingerprint), until \(Timestamp(seconds: pair.ends).rfc3339)")
        } catch {
            report(error)
            note("a certificate was not taken: \(error.message)")
        }
    }

    private func note(_ text: String) {
        var event = AuditEvent("NOTE", "")
        event.note = text
        vault.audit.appendIfPossible(event)
    }

    /// Stops: takes nothing new, lets what is under way end within the bound, and returns when all is over.
    public func stop() {
        isStopping.withLock { $0 = true }
        if let task = serving.withLock({ $0 }) {
            for listener in listeners.withLock({ listeners in
                defer { listeners = [] }
                return listeners
            }) { listener.close(promise: nil) }
            connections.end()
            let isOver: @Sendable (inout Phase) -> Bool? = { if case .ended = $0 { true } else { nil } }
            if phase.wait(seconds: settings.limits.stopSeconds, until: isOver) == nil {
                // What was cut ends as soon as its thread has time for it, and takes away what it had begun, as it would not
                // when it is cancelled; the event loops must not end before.
                connections.cut()
                if phase.wait(seconds: Self.cutSeconds, until: isOver) == nil {
                    task.cancel()
                    _ = phase.wait(seconds: 2, until: isOver)
                }
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

    private func applications(_ onRunning: @escaping @Sendable (Bool, any Channel) -> Void) -> [any Service] {
        // Hummingbird's own words are for who writes servers; what matters goes to the report and the log.
        let logger = Logger(label: "hikae", factory: { _ in SwiftLogNoOpLogHandler() })
        let limits = settings.limits
        let most = OpenFiles.makeRoom(forConnections: limits.connections)
        if most < limits.connections {
            report(
                HikaeError(
                    .limit,
                    "the system allows open files for \(most) connections at once, not for \(limits.connections)",
                    hint: "Raise the bound: `LimitNOFILE=` for systemd, `ulimit -n`."))
        }
        let counts = ConnectionCounts(limit: limits.connectionsPerAddress)
        let metrics = responder.metrics
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(limits, counts, metrics)],
            idleTimeout: .seconds(Int64(limits.idleSeconds)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
                maxHeaderFieldCount: limits.headerFields))
        let builder = HTTPServerBuilder { [certificate, connections] responder in
            let channel = HTTP1Channel(responder: responder, configuration: http)
            guard let certificate else { return OpenChannel(connections, channel) }
            return OpenChannel(connections, CertificateChannel(certificate, channel))
        }
        var applications: [any Service] = [
            Application(
                responder: responder, server: builder,
                configuration: .init(
                    address: .hostname(settings.listen.host, port: settings.listen.port), serverName: "hikae",
                    backlog: 1024,
                    availableConnectionsDelegate: MaximumAvailableConnections(most, logger: logger)),
                onServerRunning: { onRunning(true, $0) }, eventLoopGroupProvider: .shared(group), logger: logger)
        ]
        if let address = settings.metrics {
            applications.append(
                Application(
                    responder: MetricsResponder(
                        vault: vault, metrics: metrics, files: responder.files, certificate: certificate,
                        agreement: agreement),
                    server: HTTPServerBuilder { [connections] responder in
                        OpenChannel(
                            connections,
                            HTTP1Channel(
                                responder: responder,
                                configuration: .init(idleTimeout: .seconds(Int64(limits.idleSeconds)))))
                    },
                    configuration: .init(
                        address: .hostname(address.host, port: address.port), serverName: "hikae",
                        availableConnectionsDelegate: MaximumAvailableConnections(64, logger: logger)),
                    onServerRunning: { onRunning(false, $0) }, eventLoopGroupProvider: .shared(group), logger: logger))
        }
        return applications
    }

    /// The folder's absolute path; the folder is made if it is missing.
    private static func absolute(_ path: String) throws(HikaeError) -> String {
        try SystemFile.makeFolder(path, mode: 0o700)
        guard let real = realpath(path, nil) else { throw .system("find", path) }
        // realpath allocated it; it is ours to free.
        defer { free(real) }
        return String(cString: real)
    }

    /// Keeps other servers off the folder until the descriptor is closed.
    private static func lock(_ folder: String) throws(HikaeError) -> Int32 {
        let descriptor = try SystemFile.openWriting("\(folder)/.server", flags: 0)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            SystemFile.close(descriptor)
            throw HikaeError(.locked, "another server is serving \(folder)")
        }
        return descriptor
    }
}

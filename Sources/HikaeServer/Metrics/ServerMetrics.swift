// The server's figures, and how Prometheus wants to read them.

internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the server counts.
final class ServerMetrics: Sendable {
    private struct Key: Hashable {
        let method: String
        let status: Int
    }

    private struct Counts {
        var requests: [Key: UInt64] = [:]
        var seconds: [String: (sum: Double, count: UInt64)] = [:]
        var received: [String: UInt64] = [:]
        var sent: [String: UInt64] = [:]
        var stored: [String: UInt64] = [:]
        var mended: UInt64 = 0
        var failedLogins: UInt64 = 0
        var slowClients: UInt64 = 0
    }

    private let counts = Mutex(Counts())
    private let open = Atomic<Int>(0)

    /// Counts a request that was answered.
    func answered(_ method: String, _ status: Int, seconds: Double, tenant: String?, received: UInt64, sent: UInt64) {
        counts.withLock { counts in
            counts.requests[Key(method: method, status: status), default: 0] += 1
            var time = counts.seconds[method] ?? (0, 0)
            time.sum += seconds
            time.count += 1
            counts.seconds[method] = time
            guard let tenant else { return }
            counts.received[tenant, default: 0] += received
            counts.sent[tenant, default: 0] += sent
        }
    }

    /// Counts a file that was stored.
    func stored(_ tenant: String) { counts.withLock { $0.stored[tenant, default: 0] += 1 } }
    /// Counts a damaged file that an upload has mended.
    func mended() { counts.withLock { $0.mended += 1 } }
    /// Counts a login that failed.
    func loginFailed() { counts.withLock { $0.failedLogins += 1 } }
    /// Counts a client that was left because it was too slow.
    func wasSlow() { counts.withLock { $0.slowClients += 1 } }
    /// Counts connections that are open.
    func connection(_ change: Int) { open.add(change, ordering: .relaxed) }

    /// The text that Prometheus reads.
    func text(
        _ usage: UsageBook, _ audit: AuditHead, vault path: String, certificate: CertificateKeeper?,
        proposals: [(repository: TenantRepository, count: Int)]
    ) -> String {
        let counts = counts.withLock { $0 }
        var text = Exposition()
        text.family("hikae_requests_total", "counter", "Requests answered.")
        for (key, value) in counts.requests.sorted(by: {
            ($0.key.method, $0.key.status) < ($1.key.method, $1.key.status)
        }) {
            text.sample(
                "hikae_requests_total", [("method", key.method), ("status", String(key.status))], Double(value))
        }
        text.family("hikae_request_seconds", "summary", "Time from a request's head to its answer.")
        for (method, time) in counts.seconds.sorted(by: { $0.key < $1.key }) {
            text.sample("hikae_request_seconds_sum", [("method", method)], time.sum)
            text.sample("hikae_request_seconds_count", [("method", method)], Double(time.count))
        }
        text.family("hikae_received_bytes_total", "counter", "Bytes of files that clients have sent.")
        text.tenants("hikae_received_bytes_total", counts.received)
        text.family("hikae_sent_bytes_total", "counter", "Bytes of files that clients were sent.")
        text.tenants("hikae_sent_bytes_total", counts.sent)
        text.family("hikae_stored_files_total", "counter", "Files stored.")
        text.tenants("hikae_stored_files_total", counts.stored)
        let tallies = usage.tallies
        text.family("hikae_tenant_bytes", "gauge", "Bytes that a tenant holds.")
        text.tenants("hikae_tenant_bytes", tallies.mapValues(\.bytes))
        text.family("hikae_tenant_files", "gauge", "Files that a tenant holds.")
        text.tenants("hikae_tenant_files", tallies.mapValues { UInt64($0.files) })
        text.family("hikae_tenant_quota_bytes", "gauge", "Bytes that a tenant may hold.")
        text.tenants("hikae_tenant_quota_bytes", usage.quotas.compactMapValues(\.bytes))
        text.family("hikae_open_proposals", "gauge", "Proposals to remove something that nobody has ended yet.")
        for (repository, count) in proposals {
            text.sample(
                "hikae_open_proposals", [("tenant", repository.tenant), ("repository", repository.name)], Double(count))
        }
        for (name, kind, help, value) in [
            ("hikae_mended_files_total", "counter", "Damaged files replaced by good ones.", Double(counts.mended)),
            ("hikae_failed_logins_total", "counter", "Logins refused.", Double(counts.failedLogins)),
            (
                "hikae_slow_clients_total", "counter", "Connections ended for being too slow.",
                Double(counts.slowClients)
            ),
            ("hikae_connections", "gauge", "Connections open.", Double(open.load(ordering: .relaxed))),
            ("hikae_audit_lines_total", "counter", "Lines in the audit log.", Double(audit.number)),
            ("hikae_disk_free_bytes", "gauge", "Bytes free on the vault's disk.", Self.freeBytes(path)),
        ] {
            text.family(name, kind, help)
            text.sample(name, [], value)
        }
        if let certificate { text.certificate(certificate) }
        return text.text
    }

    private static func freeBytes(_ path: String) -> Double {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 0 }
        return Double(status.f_bavail) * Double(status.f_frsize)
    }
}

/// Text in Prometheus' format. Labels are names that `VaultName` has passed, or methods of HTTP.
private struct Exposition {
    var text = ""

    mutating func family(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let inner = labels.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ",")
        let number = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
        text += "\(name)\(inner.isEmpty ? "" : "{\(inner)}") \(number)\n"
    }

    mutating func certificate(_ keeper: CertificateKeeper) {
        let (changes, failures) = keeper.counts
        for (name, kind, help, value) in [
            (
                "hikae_certificate_end_seconds", "gauge", "When the certificate ends, in seconds since 1970.",
                Double(keeper.pair.ends)
            ),
            ("hikae_certificate_changes_total", "counter", "Certificates taken since the start.", Double(changes)),
            ("hikae_certificate_failures_total", "counter", "Certificates that could not be.", Double(failures)),
        ] {
            family(name, kind, help)
            sample(name, [], value)
        }
    }

    mutating func tenants(_ name: String, _ values: [String: UInt64]) {
        for (tenant, value) in values.sorted(by: { $0.key < $1.key }) {
            sample(name, [("tenant", tenant)], Double(value))
        }
    }
}

// Signed requests to one bucket, made again when that can help. Knows nothing of captures and restores.

package import HikaeCore
package import HikaeHTTP
import Synchronization

/// One request, before it is signed.
struct S3Request: Sendable {
    var method: String
    /// Nil for the bucket itself.
    var key: [UInt8]?
    var query: [WireField] = []
    var headers: [WireField] = []
    var body: [UInt8]?
    /// What it is for, as a verb and its object: "read photos/1.jpg".
    var action: String
}

/// An attempt that failed: the error, and what the server said of trying again.
struct AttemptFailure: Error {
    var error: HikaeError
    var retryAfter: Double?
    /// Whether the object is not the one that `If-Match` asked for.
    var isPrecondition = false
}

/// A bucket, reached with one key. Blocking; safe to use from any thread.
package final class S3Client: Sendable {
    /// What may be set besides the settings; tests do.
    package struct Conditions: Sendable {
        package var schedule = RetrySchedule()
        package var patience = Patience()
        package var clock: any WallClock = SystemClock()
        package var cancellation = Cancellation()
        /// Addresses of hosts that are not to be looked up.
        package var addresses: [String: String] = [:]
        var limits = ListingLimits()

        package init() {}
    }

    /// How many keys a listing may hold in memory.
    struct ListingLimits: Sendable {
        /// Keys that are held at once, unless one folder itself has more.
        var flat = 20_000
        /// Entries of one folder, at most.
        var folder = 2_000_000
    }

    let address: S3Address
    private let credentials: S3Credentials?
    private let signing: Mutex<String>
    /// Whether the server may say which region is right: none was set.
    private let followsRegion: Bool
    private let transport: HTTPTransport
    private let conditions: Conditions
    private let retries = Atomic<Int>(0)
    /// Whether anything ever came from the server.
    private let hasAnswered = Atomic<Bool>(false)
    private let software = Mutex<String?>(nil)

    /// Asks for the secrets; makes no connection yet.
    package init(_ settings: S3Settings, connections: Int, _ conditions: Conditions = Conditions()) throws(HikaeError) {
        address = try S3Address(settings)
        followsRegion = settings.region.isEmpty
        signing = Mutex(settings.region.isEmpty ? "us-east-1" : settings.region)
        credentials = try Self.credentials(settings)
        self.conditions = conditions
        let shownHost = address.isPathStyle ? address.host : "\(address.bucket).\(address.host)"
        let isBracketed = shownHost.hasPrefix("[") && shownHost.hasSuffix("]")
        let host = isBracketed ? String(shownHost.dropFirst().dropLast()) : shownHost
        transport = try HTTPTransport(
            host: host, port: address.port ?? (address.isTLS ? 443 : 80), place: settings.endpoint,
            trust: ServerTrust(settings: address.isTLS ? settings.trust : TrustSettings()), connections: connections,
            patience: conditions.patience, cancellation: conditions.cancellation, addresses: conditions.addresses)
    }

    private static func credentials(_ settings: S3Settings) throws(HikaeError) -> S3Credentials? {
        guard let id = settings.accessKeyID, let secret = settings.secretAccessKey else {
            guard settings.accessKeyID == nil, settings.secretAccessKey == nil else {
                throw HikaeError(.usage, "an S3 key has two halves: the access key ID and the secret access key")
            }
            return nil
        }
        let name = try id().text
        let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard isName else {
            throw HikaeError(.usage, "the S3 access key ID is empty or has a character that no ID has")
        }
        let token: Secret? = if let provider = settings.sessionToken { try provider() } else { nil }
        return S3Credentials(accessKeyID: name, secretAccessKey: try secret(), sessionToken: token)
    }

    /// Ends every connection.
    package func close() { transport.close() }

    /// What requests are signed for.
    var region: String { signing.withLock { $0 } }

    /// Requests that were made again.
    var retryCount: Int { retries.load(ordering: .relaxed) }

    /// What the server calls itself; nil before it has answered.
    package var serverSoftware: String? { software.withLock { $0 } }

    package var cancellation: Cancellation { conditions.cancellation }

    var limits: ListingLimits { conditions.limits }

    /// Sends a request and reads the whole answer, at most `limit` bytes. Tries again when that can help.
    @discardableResult
    func send(_ request: S3Request, limit: Int = 1 << 20) throws(HikaeError) -> (head: ResponseHead, body: [UInt8]) {
        try retrying(request.action) { () throws(AttemptFailure) in
            let (head, exchange) = try attempt(request)
            do throws(HikaeError) {
                // An answer to HEAD has the length of a body that does not come.
                let body = request.method == "HEAD" ? [] : try exchange.response.all(limit: limit)
                return (head, body)
            } catch {
                exchange.close()
                throw AttemptFailure(error: error, retryAfter: nil)
            }
        }
    }

    /// Sends a request once and returns when a good answer begins; its body is still to be read. Any other answer is
    /// an error.
    func attempt(_ request: S3Request) throws(AttemptFailure) -> (ResponseHead, HTTPTransport.Exchange) {
        let exchange: HTTPTransport.Exchange
        do throws(HikaeError) {
            try cancellation.check()
            exchange = try transport.begin(
                method: request.method, url: address.url(request.key, request.query), headers: headers(request),
                body: request.body)
        } catch {
            throw AttemptFailure(error: error, retryAfter: nil)
        }
        let failure: AttemptFailure
        var isElsewhere = false
        do throws(HikaeError) {
            let head = try exchange.response.head()
            hasAnswered.store(true, ordering: .relaxed)
            noteSoftware(head)
            if head.isSuccess { return (head, exchange) }
            let body = request.method == "HEAD" ? [] : (try? exchange.response.all(limit: 64 << 10)) ?? []
            let refusal = S3Failure(head, body)
            isElsewhere = follow(refusal.otherRegion(than: region))
            failure = AttemptFailure(
                error: refusal.error(request.action, address, region: region, now: conditions.clock.now()),
                retryAfter: refusal.retryAfter, isPrecondition: refusal.status == 412)
        } catch {
            failure = AttemptFailure(error: transport.explained(error), retryAfter: nil)
        }
        exchange.close()
        if isElsewhere { return try attempt(request) }
        throw failure
    }

    private func headers(_ request: S3Request) -> [WireField] {
        let headers = [WireField("host", address.hostHeader)] + request.headers
        guard let credentials else { return headers }
        return RequestSigner(credentials: credentials, region: region).sign(
            method: request.method, path: address.path(request.key), query: request.query, headers: headers,
            payload: .bytes(request.body ?? []), time: conditions.clock.now())
    }

    /// Signs for another region from now on, once, when none was set. Whether it does.
    private func follow(_ other: String?) -> Bool {
        guard followsRegion, let other, !other.isEmpty else { return false }
        return signing.withLock { region in
            guard region == "us-east-1", other != region else { return false }
            region = other
            return true
        }
    }

    private func noteSoftware(_ head: ResponseHead) {
        guard let name = head["server"] else { return }
        let plain = String(String.UnicodeScalarView(name.unicodeScalars.filter { $0.value >= 0x20 }.prefix(80)))
        software.withLock { if $0 == nil { $0 = plain } }
    }

    /// Calls `body` until it succeeds, fails for good, or the schedule ends.
    func retrying<Value>(
        _ action: String, _ body: () throws(AttemptFailure) -> Value
    ) throws(HikaeError) -> Value {
        var attempt = 1
        let begun = MonotonicTime.seconds()
        while true {
            do throws(AttemptFailure) {
                return try body()
            } catch {
                try pause(after: error, attempt: attempt, since: begun, action)
                attempt += 1
            }
        }
    }

    /// Waits before the next attempt; throws when there is to be none.
    ///
    /// - Parameter begun: when the first attempt was made, by `MonotonicTime`.
    func pause(
        after failure: AttemptFailure, attempt: Int, since begun: Double = MonotonicTime.seconds(), _ action: String
    ) throws(HikaeError) {
        let error = failure.error
        let chance = Double.random(in: 0...1)
        let isKnown = hasAnswered.load(ordering: .relaxed)
        let schedule = isKnown ? conditions.schedule : conditions.schedule.contact
        let isInTime = isKnown || MonotonicTime.seconds() - begun < RetrySchedule.contactSeconds
        guard error.isRetryable, isInTime,
            let delay = schedule.delay(after: attempt, asked: failure.retryAfter, chance: chance)
        else {
            guard error.isRetryable, attempt > 1 else { throw error }
            throw HikaeError(
                error.code, "\(error.message) (tried \(attempt) times)", hint: error.hint, isRetryable: true)
        }
        retries.add(1, ordering: .relaxed)
        let begun = ContinuousClock.now
        let pause = Monitor(())
        while begun.duration(to: .now) < .seconds(delay) {
            try cancellation.check()
            let _: Void? = pause.wait(seconds: min(delay, 0.2)) { _ in nil }
        }
    }
}

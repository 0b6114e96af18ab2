// Decides who somebody is. Verified logins are remembered for a while under a keyed hash, since scrypt is slow on
// purpose; failures are counted for each address and user before any scrypt is run.

internal import Crypto
internal import HikaeCore
internal import Synchronization

/// The place where users log in.
final class LoginDesk: Sendable {
    /// What came of a login.
    enum Outcome: Equatable {
        case welcome(ServerUser)
        case refused
        /// Too many failures from there: not even looked at, for so many seconds.
        case tooMany(seconds: Int)
        /// Known, but asking too often.
        case tooFast(seconds: Int)
    }

    private struct State {
        var users: [String: UsersFile.Entry] = [:]
        var stamp: FileStamp?
        var looked = -Double.infinity
        /// Keyed hashes of name and password, with the time at which each is forgotten.
        var known: [[UInt8]: (user: ServerUser, until: Double)] = [:]
        var failures: [String: TokenBucket] = [:]
        var requests: [String: TokenBucket] = [:]
        /// Logins being verified now. Each takes memory, so only few may.
        var working = 0
    }

    private let folder: String
    private let limits: ServerLimits
    private let usage: UsageBook
    private let key = SymmetricKey(size: .bits256)
    private let state = Monitor(State())
    /// Verified in place of a user that there is not, so that the time tells nothing.
    private let nobody: PasswordHash
    private let report: @Sendable (HikaeError) -> Void

    /// Seconds that a verified login is remembered after its last use.
    private static let memorySeconds = 300.0
    private static let maximumKnown = 4096
    private static let maximumFailures = 20_000

    /// A desk for the users of the server in `folder`.
    init(
        folder: String, limits: ServerLimits, usage: UsageBook, report: @escaping @Sendable (HikaeError) -> Void
    ) throws(HikaeError) {
        (self.folder, self.limits, self.usage, self.report) = (folder, limits, usage, report)
        nobody = try PasswordHash(of: Secret("nobody's password"))
        try take(try UsersFile.load(folder: folder), FileStamp(UsersFile.path(folder)), at: MonotonicTime.seconds())
    }

    /// Who `credentials` belong to, if they were verified lately; nil when that has to be done. Takes no time.
    func recognise(_ credentials: BasicCredentials) -> Outcome? {
        let now = MonotonicTime.seconds()
        reload(now)
        return known(token(credentials), now).map { pace($0, now) }
    }

    /// Who `credentials` belong to. Takes as long as scrypt takes, and as long as others are before.
    func login(_ credentials: BasicCredentials, from address: String) -> Outcome {
        let token = token(credentials)
        let place = "\(address) \(credentials.name)"
        let (turn, now) = state.wait { state -> (Turn, Double)? in
            let now = MonotonicTime.seconds()
            // One verification is enough for all who wait with the same login.
            if let known = state.known[token] { return (.known(known.user), now) }
            if let seconds = Self.locked([place, address], now, &state) { return (.locked(seconds), now) }
            guard state.working < 2 else { return nil }
            state.working += 1
            return (.verify(state.users[credentials.name]), now)
        }
        switch turn {
        case .known(let user): return pace(user, now)
        case .locked(let seconds): return .tooMany(seconds: seconds)
        case .verify(let entry):
            let isRight = (entry?.password ?? nobody).verify(credentials.password)
            let user: ServerUser? = state.withLock { state in
                state.working -= 1
                // The users may have changed while scrypt was at work: what held before may hold no more.
                guard isRight, let entry, state.users[credentials.name] == entry else {
                    fail([(place, 1), (address, 5)], now, &state)
                    return nil
                }
                if state.known.count >= Self.maximumKnown { state.known.removeAll() }
                state.known[token] = (entry.user, now + Self.memorySeconds)
                return entry.user
            }
            return user.map { pace($0, now) } ?? .refused
        }
    }

    /// What to do about a login.
    private enum Turn {
        case known(ServerUser)
        case locked(Int)
        case verify(UsersFile.Entry?)
    }

    private func token(_ credentials: BasicCredentials) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array(credentials.name.utf8) + [0] + credentials.password.bytes)
        return code.finalize().withUnsafeBytes { Array($0) }
    }

    private func known(_ token: [UInt8], _ now: Double) -> ServerUser? {
        state.withLock { state in
            guard let entry = state.known[token] else { return nil }
            if entry.until > now {
                // While somebody works here, nobody who floods the server with logins keeps them waiting.
                state.known[token]?.until = now + Self.memorySeconds
                return entry.user
            }
            state.known[token] = nil
            return nil
        }
    }

    /// Lets a user go on, or asks for patience.
    private func pace(_ user: ServerUser, _ now: Double) -> Outcome {
        state.withLock { state in
            var bucket =
                state.requests[user.name] ?? TokenBucket(rate: limits.requestsPerSecond, burst: limits.requestBurst)
            let passes = bucket.take(at: now)
            let seconds = passes ? 0 : bucket.seconds(at: now)
            state.requests[user.name] = bucket
            return passes ? .welcome(user) : .tooFast(seconds: seconds)
        }
    }

    private static func locked(_ places: [String], _ now: Double, _ state: inout State) -> Int? {
        for place in places {
            if let seconds = state.failures[place]?.secondsIfEmpty(at: now) { return seconds }
        }
        return nil
    }

    /// Counts a failure at each place; a whole address may fail some times as often as one user at it.
    private func fail(_ places: [(name: String, factor: Double)], _ now: Double, _ state: inout State) {
        if state.failures.count >= Self.maximumFailures {
            state.failures = state.failures.filter { entry in
                var bucket = entry.value
                return !bucket.isFull(at: now)
            }
            // Whoever comes from that many addresses cannot be counted; those who are known are not concerned.
            if state.failures.count >= Self.maximumFailures { state.failures.removeAll() }
        }
        for place in places {
            var bucket =
                state.failures[place.name]
                ?? TokenBucket(
                    rate: place.factor / limits.failedLoginSeconds, burst: Double(limits.failedLogins) * place.factor)
            _ = bucket.take(at: now)
            state.failures[place.name] = bucket
        }
    }

    /// Takes over the users' file when it was replaced; looks at most once a second. A file that cannot be read leaves
    /// the users as they were, and is reported.
    private func reload(_ now: Double) {
        let isDue = state.withLock { state in
            guard now - state.looked >= 1 else { return false }
            state.looked = now
            return true
        }
        guard isDue else { return }
        let stamp = FileStamp(UsersFile.path(folder))
        guard stamp != state.withLock({ $0.stamp }) else { return }
        do throws(HikaeError) {
            try take(try UsersFile.load(folder: folder), stamp, at: now)
        } catch {
            report(error)
        }
    }

    private func take(_ file: UsersFile, _ stamp: FileStamp, at now: Double) throws(HikaeError) {
        usage.set(quotas: file.quotas)
        let users = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.user.name, $0) })
        state.withLock { state in
            state.users = users
            state.stamp = stamp
            state.looked = now
            state.known.removeAll()
        }
    }
}

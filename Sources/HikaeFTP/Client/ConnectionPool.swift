// The connections of one session: few, shared by the threads that list, read and write.

import HikaeCore
import Synchronization

/// Connections up to a limit, each handed to one thread at a time.
final class ConnectionPool: Sendable {
    /// Who asks: one who holds up all others goes first, one who only works ahead goes last.
    enum Urgency: Int, Sendable { case first, usual, ahead }

    /// What one who asked is told.
    private enum Turn: Sendable {
        case closed(HikaeError?)
        case idle(FTPConnection)
        /// A new one may be made; what is known of the server comes along.
        case new((ServerFeatures, RemotePath)?)
    }

    /// One who waits, and what that one is told in the end. Each waits by itself: giving one connection wakes one.
    private typealias Waiter = Monitor<Turn?>

    private struct State: Sendable {
        var idle: [FTPConnection] = []
        /// In the middle of a transfer whose reader is elsewhere.
        var parked: [(ticket: Int, connection: FTPConnection)] = []
        var tickets = 0
        /// Made and not ended: idle, parked or with a thread.
        var count = 0
        var limit: Int
        /// By urgency, in the order of asking.
        var waiters: [[Waiter]] = [[], [], []]
        var isClosed = false
        /// What ends the session for all.
        var loss: HikaeError?
        var features: (ServerFeatures, RemotePath)?
        /// Seconds that the only connection was waited for since one was open last.
        var placeWaited = 0.0

        /// What the next one who asks is told; nil: to wait.
        mutating func turn() -> Turn? {
            if isClosed || loss != nil { return .closed(loss) }
            if let connection = idle.popLast() { return .idle(connection) }
            if count < limit {
                count += 1
                return .new(features)
            }
            guard parked.count >= count, !parked.isEmpty else { return nil }
            return .idle(parked.removeFirst().connection)
        }

        /// Tells those who wait what they can be told now.
        mutating func serve() {
            for urgency in waiters.indices {
                while let waiter = waiters[urgency].first {
                    guard let turn = turn() else { return }
                    waiters[urgency].removeFirst()
                    waiter.withLock { $0 = turn }
                }
            }
        }
    }

    let access: FTPAccess
    private let state: Mutex<State>
    private let report: @Sendable (HikaeError) -> Void
    /// Failures in a row, without a byte between them, until a transfer is given up.
    static let patience = 5
    /// How often a connection that cannot be made is taken for one too many, while there are others.
    private static let silencesTaken = 2
    /// Seconds that a full server is waited for when no connection is open.
    private static let placePatience = 30.0

    init(_ access: FTPAccess, report: @escaping @Sendable (HikaeError) -> Void) {
        self.access = access
        self.report = report
        state = Mutex(State(limit: access.settings.connections))
    }

    /// What ended the session, if anything did.
    var loss: HikaeError? { state.withLock { $0.loss } }

    /// What the server can do, and where the login lands; nil before the first connection.
    var features: (ServerFeatures, RemotePath)? { state.withLock { $0.features } }

    /// Ends all connections; whoever waits for one is sent away.
    func close() {
        // They say goodbye when released: not under the lock.
        let idle = state.withLock { state in
            state.isClosed = true
            let idle = state.idle + state.parked.map { $0.connection }
            state.count -= idle.count
            (state.idle, state.parked) = ([], [])
            state.serve()
            return idle
        }
        for connection in idle { connection.abandon() }
    }

    // MARK: transfers that wait for their reader

    /// Lends out a connection in the middle of a transfer, while nobody reads. When every connection is in such a
    /// state, whoever needs one takes it: else readers and takers would wait for each other.
    func park(_ connection: FTPConnection, _ ticket: Int) {
        let isClosed = state.withLock { state in
            if state.isClosed { state.count -= 1 } else { state.parked.append((ticket, connection)) }
            state.serve()
            return state.isClosed
        }
        if isClosed { connection.abandon() }
    }

    /// The connection that was parked, its transfer as it was; nil when somebody took it.
    func unpark(_ ticket: Int) -> FTPConnection? {
        state.withLock { state in
            guard let at = state.parked.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.parked.remove(at: at).connection
        }
    }

    /// A number that no other transfer parks under.
    func ticket() -> Int {
        state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
    }

    /// Runs `body` with a connection, and again when the connection broke, with pauses that grow.
    ///
    /// `body` says with `progressed` that something was gained: then the patience begins anew, up to a bound.
    func attempt<Result>(
        _ urgency: Urgency = .usual,
        _ body: (_ connection: FTPConnection, _ progressed: inout Bool) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        var failures = 0
        var total = 0
        var silences = 0
        while true {
            var progressed = false
            var isOpen = false
            do throws(HikaeError) {
                let connection = try take(urgency)
                isOpen = true
                defer { give(connection) }
                return try body(connection, &progressed)
            } catch {
                total += 1
                // Too many connections is no failure while there are others: one of them will be free.
                // A server that is full may say so, or say nothing.
                var isCrowd = Self.maySayFull(error, isOpen: isOpen) && state.withLock { $0.count > 0 }
                if isCrowd, error.code == .unreachable {
                    silences += 1
                    isCrowd = silences <= Self.silencesTaken
                }
                if !isCrowd { failures = progressed ? 1 : failures + 1 }
                guard error.isRetryable, !access.cancellation.isCancelled else { throw error }
                guard failures < Self.patience, total < 200 else {
                    if error.code == .unreachable, !progressed { lose(error) }
                    throw error
                }
                try pause(Double(1 << failures) * 0.05)
            }
        }
    }

    private static func maySayFull(_ error: HikaeError, isOpen: Bool) -> Bool {
        error.code == .limit || (!isOpen && error.code == .unreachable)
    }

    /// The server is gone: nobody need try any more.
    private func lose(_ error: HikaeError) {
        state.withLock { state in
            if state.loss == nil { state.loss = error }
            state.serve()
        }
    }

    /// Waits before something is tried again.
    func pause(_ seconds: Double) throws(HikaeError) {
        let waited = Monitor(())
        var left = seconds
        while left > 0 {
            try access.cancellation.check()
            _ = waited.wait(seconds: min(left, 0.2)) { _ in nil as Void? }
            left -= 0.2
        }
    }

    /// A connection that is open. Waits until one is free.
    func take(_ urgency: Urgency) throws(HikaeError) -> FTPConnection {
        enum Answer { case turn(Turn), wait(Waiter) }
        let answer = state.withLock { state -> Answer in
            if let turn = state.turn() { return .turn(turn) }
            let waiter = Waiter(nil)
            state.waiters[urgency.rawValue].append(waiter)
            return .wait(waiter)
        }
        let turn: Turn =
            switch answer {
            case .turn(let turn): turn
            case .wait(let waiter): waiter.wait { $0 }
            }
        let connection: FTPConnection
        switch turn {
        case .closed(let loss): throw loss ?? HikaeError(.cancelled, "the connections were closed")
        case .idle(let idle):
            connection = idle
            connection.abandon()
        case .new(let known):
            do throws(HikaeError) {
                connection = try FTPConnection(access)
            } catch {
                give(nil)
                throw error
            }
            if let known {
                (connection.features, connection.landing) = known
                connection.knowsFeatures = true
            }
        }
        do throws(HikaeError) {
            try open(connection)
        } catch {
            drop(error)
            throw error
        }
        state.withLock { if $0.features == nil { $0.features = (connection.features, connection.landing) } }
        return connection
    }

    /// Opens a connection. Where the server is full although there is no other of ours, it has not noticed yet that
    /// one was closed, or somebody else has the place: that passes.
    private func open(_ connection: FTPConnection) throws(HikaeError) {
        while true {
            do throws(HikaeError) {
                try connection.open()
                return state.withLock { $0.placeWaited = 0 }
            } catch {
                guard error.code == .limit else { throw error }
                let wait: Double? = state.withLock { state in
                    guard state.count == 1, !state.isClosed, state.placeWaited < Self.placePatience else { return nil }
                    let wait = min(2, 0.1 + state.placeWaited / 4)
                    state.placeWaited += wait
                    return wait
                }
                guard let wait else { throw error }
                try pause(wait)
            }
        }
    }

    /// A connection that could not be opened goes. When the server takes no more, those that there are must do.
    private func drop(_ error: HikaeError) {
        let isFewer = state.withLock { state in
            state.count -= 1
            let isFewer = Self.maySayFull(error, isOpen: false) && state.count >= 1 && state.limit > state.count
            if isFewer { state.limit = state.count }
            state.serve()
            return isFewer
        }
        if isFewer {
            report(
                HikaeError(
                    .limit,
                    "the server at \(access.settings.host) takes fewer connections than"
                        + " \(access.settings.connections): going on with those there are",
                    hint: "Set `connections` to fewer."))
        }
    }

    /// Gives back what `take` gave; nil for one that is no more.
    func give(_ connection: FTPConnection?) {
        state.withLock { state in
            if let connection, !state.isClosed {
                state.idle.append(connection)
            } else {
                state.count -= 1
            }
            state.serve()
        }
    }
}

// A connection that comes back. What was under way when it broke is made again by those who asked for it.

import HikaeCore

/// The way to a server for many threads, over one channel at a time.
final class SFTPConnection: Sendable {
    private enum State {
        case idle
        case connecting
        case open(SFTPChannel)
        case failed(HikaeError)
    }

    private struct Guarded {
        var state = State.idle
        /// Channels that broke one after the other without a reply of use.
        var failures = 0
        var reconnections = 0
    }

    let settings: SFTPSettings
    private let cancellation: Cancellation
    private let report: @Sendable (HikaeError) -> Void
    private let firstAttempts, laterAttempts: Int
    private let monitor = Monitor(Guarded())

    /// Seconds before the next attempt to connect; so many attempts are made.
    private static let pauses = [0.2, 1, 2, 4, 8]
    /// How often one piece of work is begun again because the connection broke under it.
    private static let workAttempts = 20

    /// - Parameters:
    ///   - firstAttempts: attempts to connect for the first time.
    ///   - laterAttempts: attempts to connect when a connection broke; nil: several, for some fifteen seconds.
    init(
        _ settings: SFTPSettings, firstAttempts: Int = 1, laterAttempts: Int? = nil,
        cancellation: Cancellation = Cancellation(),
        report: @escaping @Sendable (HikaeError) -> Void = { _ in }
    ) {
        self.settings = settings
        self.firstAttempts = firstAttempts
        self.laterAttempts = laterAttempts ?? Self.pauses.count
        self.cancellation = cancellation
        self.report = report
    }

    /// Runs `body` on a live channel, and again on a new one when the connection broke under it.
    func perform<Value>(_ body: (SFTPChannel) throws(HikaeError) -> Value) throws(HikaeError) -> Value {
        var attempts = 0
        while true {
            let channel = try channel()
            do throws(HikaeError) {
                return try body(channel)
            } catch {
                attempts += 1
                guard error.isRetryable, attempts < Self.workAttempts else { throw error }
            }
        }
    }

    /// The live channel; connects when there is none. Throws when that cannot be done.
    func channel() throws(HikaeError) -> SFTPChannel {
        while true {
            try cancellation.check()
            let found = monitor.wait { guarded -> (channel: SFTPChannel?, broken: HikaeError?, error: HikaeError?)? in
                switch guarded.state {
                case .connecting: return nil
                case .failed(let error): return (nil, nil, error)
                case .open(let channel):
                    guard let failure = channel.failure else { return (channel, nil, nil) }
                    guard failure.isRetryable else {
                        guarded.state = .failed(failure)
                        return (nil, nil, failure)
                    }
                    guarded.failures = channel.replyCount > 0 ? 0 : guarded.failures + 1
                    guarded.reconnections += 1
                    guarded.state = .connecting
                    return (channel, failure, nil)
                case .idle:
                    guarded.state = .connecting
                    return (nil, nil, nil)
                }
            }
            if let error = found.error { throw error }
            if let broken = found.broken {
                found.channel?.close()
                report(
                    HikaeError(
                        broken.code, "\(broken.message); connecting again", hint: broken.hint, isRetryable: true))
                return try connect(attempts: laterAttempts, isFirst: false)
            }
            if let channel = found.channel { return channel }
            return try connect(attempts: firstAttempts, isFirst: true)
        }
    }

    /// The channel, if there is one and it lives; never waits.
    var liveChannel: SFTPChannel? {
        monitor.withLock { guarded in
            if case .open(let channel) = guarded.state, channel.failure == nil { channel } else { nil }
        }
    }

    private func connect(attempts: Int, isFirst: Bool) throws(HikaeError) -> SFTPChannel {
        var tried = isFirst ? 0 : monitor.withLock { $0.failures }
        while true {
            do throws(HikaeError) {
                if tried > 0 || !isFirst { try pause(Self.pauses[min(tried, Self.pauses.count - 1)]) }
                let channel = try SFTPChannel(settings)
                monitor.withLock { $0.state = .open(channel) }
                return channel
            } catch {
                tried += 1
                guard error.isRetryable, tried < attempts else {
                    monitor.withLock { $0.state = .failed(error) }
                    throw error
                }
            }
        }
    }

    private func pause(_ seconds: Double) throws(HikaeError) {
        let end = MonotonicTime.seconds() + seconds
        while MonotonicTime.seconds() < end {
            try cancellation.check()
            _ = monitor.wait(seconds: 0.05) { _ -> Bool? in nil }
        }
    }

    /// What ended the connection for good, if anything did.
    var fatalError: HikaeError? {
        monitor.withLock { guarded in
            switch guarded.state {
            case .failed(let error): error
            case .open(let channel): if let error = channel.failure, !error.isRetryable { error } else { nil }
            case .idle, .connecting: nil
            }
        }
    }

    /// How often the connection was made anew.
    var reconnections: Int { monitor.withLock { $0.reconnections } }

    /// Ends the connection for good.
    func close() {
        let last = monitor.withLock { guarded -> SFTPChannel? in
            defer {
                guarded.state = .failed(HikaeError(.cancelled, "the connection to \(settings.address) was closed"))
            }
            if case .open(let channel) = guarded.state { return channel }
            return nil
        }
        last?.close()
    }
}

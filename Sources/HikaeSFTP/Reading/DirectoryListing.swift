// One directory being listed on a channel, and those who wait for it.

import HikaeCore

/// A listing on its way, or done.
final class DirectoryListing: Sendable {
    /// What came of it.
    struct Outcome: Sendable {
        var entries: [RemoteEntry]
        var problems: [HikaeError]
    }

    private struct State {
        var machine: ListingMachine
        var result: Result<Outcome, HikaeError>?
    }

    private let monitor: Monitor<State>

    init(_ machine: ListingMachine) { monitor = Monitor(State(machine: machine)) }

    /// Begins to list. `done` is called once, on the channel's thread, before those who wait are told.
    func start(on channel: SFTPChannel, done: @escaping @Sendable (Result<Outcome, HikaeError>) -> Void = { _ in }) {
        let steps = monitor.withLock { $0.machine.begin() }
        send(steps, on: channel, done)
    }

    /// The result, once it is there.
    func wait() throws(HikaeError) -> Outcome { try monitor.wait { $0.result }.get() }

    private func send(
        _ steps: [ListingMachine.Step], on channel: SFTPChannel,
        _ done: @escaping @Sendable (Result<Outcome, HikaeError>) -> Void
    ) {
        for step in steps {
            channel.send(request(step)) { [self] answer in
                switch answer {
                case .broken(let error): end(.failure(error), done)
                case .reply(let reply): take(reply, of: step, on: channel, done)
                }
            }
        }
    }

    private func take(
        _ reply: Reply, of step: ListingMachine.Step, on channel: SFTPChannel,
        _ done: @escaping @Sendable (Result<Outcome, HikaeError>) -> Void
    ) {
        let (steps, result) = monitor.withLock { state -> ([ListingMachine.Step], Result<Outcome, HikaeError>?) in
            let steps = state.machine.take(reply, of: step)
            guard state.machine.isDone else { return (steps, nil) }
            if let failure = state.machine.failure { return (steps, .failure(failure)) }
            let problems = state.machine.problems
            return (steps, .success(Outcome(entries: state.machine.takeEntries(), problems: problems)))
        }
        send(steps, on: channel, done)
        if let result { end(result, done) }
    }

    private func end(
        _ result: Result<Outcome, HikaeError>, _ done: @Sendable (Result<Outcome, HikaeError>) -> Void
    ) {
        // A connection that breaks answers every step: the first one counts.
        let isFirst = monitor.withLock { $0.result == nil }
        guard isFirst else { return }
        done(result)
        monitor.withLock { $0.result = result }
    }

    private func request(_ step: ListingMachine.Step) -> Request {
        monitor.withLock { state in
            switch step {
            case .open: .openDirectory(path: state.machine.path)
            case .read(let handle): .readDirectory(handle: handle)
            case .close(let handle): .close(handle: handle)
            case .attributes(let number): .linkStatus(path: state.machine.path(of: number))
            case .target(let number): .readLink(path: state.machine.path(of: number))
            }
        }
    }
}

extension ListingMachine {
    /// The path of the entry with that number.
    func path(of number: Int) -> [UInt8] { RemotePath.child(of: path, entries[number]?.name ?? []) }
}

extension SFTPConnection {
    /// Lists a directory, and again should the connection break.
    func list(_ path: [UInt8]) throws(HikaeError) -> DirectoryListing.Outcome {
        try perform { channel throws(HikaeError) in
            let listing = DirectoryListing(ListingMachine(path: path))
            listing.start(on: channel)
            return try listing.wait()
        }
    }
}

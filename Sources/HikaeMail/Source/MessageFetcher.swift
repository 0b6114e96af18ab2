// The threads that fetch messages ahead of those who store them. Each has a connection and several questions on it.

import HikaeCore

/// Fetches messages for one session, on threads of its own.
final class MessageFetcher: Sendable {
    /// What of a capture the fetching needs.
    struct Surroundings: Sendable {
        var cancellation: Cancellation
        var report: @Sendable (HikaeError) -> Void
        /// Which mailbox has this number.
        var mailbox: @Sendable (Int) -> MailboxIdentity
    }

    private struct State: Sendable {
        var plan: PrefetchPlan
        var failure: HikaeError?
        var isClosed = false
        var fetchers = 0
        /// Answers that were no answers, over all connections.
        var violations = 0
    }

    /// Commands on their way on one connection.
    private static let depth = 3
    /// Broken answers after which the server is not asked any more.
    private static let maximumViolations = 20

    private let settings: IMAPSettings
    private let surroundings: Surroundings
    private let monitor: Monitor<State>
    private let threads = Monitor<[RunningThread]>([])

    /// - Parameter limit: bytes of messages that wait at most.
    init(_ settings: IMAPSettings, _ surroundings: Surroundings, limit: Int) {
        (self.settings, self.surroundings) = (settings, surroundings)
        monitor = Monitor(State(plan: PrefetchPlan(limit: limit)))
    }

    /// Adds messages to be fetched, in the order in which they will be taken.
    func enqueue(_ messages: [PrefetchPlan.Wanted]) {
        guard !messages.isEmpty else { return }
        monitor.withLock { $0.plan.enqueue(messages) }
        startThreads()
    }

    private func startThreads() {
        threads.withLock { threads in
            guard threads.isEmpty else { return }
            let count = max(1, settings.connections - 1)
            monitor.withLock { $0.fetchers = count }
            for _ in 0..<count { threads.append(RunningThread { [self] in work() }) }
        }
    }

    /// Takes a message, waiting until it is fetched. Throws when it cannot be had.
    func take(_ key: MessageKey) throws(HikaeError) -> PrefetchPlan.Delivery {
        startThreads()
        let outcome: Result<PrefetchPlan.Delivery, HikaeError> = monitor.wait { state in
            switch state.plan.take(key) {
            case .taken(let delivery): return .success(delivery)
            case .wait:
                if let failure = state.failure { return .failure(failure) }
                return state.isClosed ? .failure(HikaeError(.cancelled, "stopped before the end")) : nil
            }
        }
        if case .success(.failure(let error)) = outcome { throw error }
        return try outcome.get()
    }

    /// What has ended the fetching as a whole.
    var failure: HikaeError? { monitor.withLock { $0.failure } }

    /// Ends the threads and their connections.
    func close() {
        monitor.withLock { $0.isClosed = true }
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }

    /// One thread's work.
    private func work() {
        let link = MailboxLink(settings, surroundings.cancellation, report: surroundings.report)
        defer { link.close() }
        var pipeline = FetchPipeline()
        while true {
            if pipeline.hasRoom(depth: Self.depth), let batch = nextBatch(waits: pipeline.isEmpty) {
                pipeline.add(batch, in: surroundings.mailbox(batch[0].key.mailbox))
            }
            // Nothing to do and nothing to come.
            if pipeline.isEmpty { break }
            do throws(HikaeError) {
                let refused = try pipeline.advance(link, deliver)
                link.backoff.succeeded()
                if !refused.isEmpty { monitor.withLock { $0.plan.giveBack(refused, alone: true) } }
            } catch {
                guard goesOn(after: error, &pipeline, link) else { break }
            }
        }
        retire(&pipeline)
    }

    private func nextBatch(waits: Bool) -> [PrefetchPlan.Wanted]? {
        let cancellation = surroundings.cancellation
        func look(_ state: inout State) -> [PrefetchPlan.Wanted]? {
            if state.isClosed || state.failure != nil || cancellation.isCancelled { return [] }
            let batch = state.plan.nextBatch()
            return batch.isEmpty ? nil : batch
        }
        let batch = waits ? monitor.wait(until: look) : monitor.withLock(look)
        return batch?.isEmpty ?? true ? nil : batch
    }

    private func deliver(_ deliveries: [(MessageKey, PrefetchPlan.Delivery)]) {
        guard !deliveries.isEmpty else { return }
        monitor.withLock { state in
            for (key, delivery) in deliveries { state.plan.deliver(key, delivery) }
        }
    }

    /// Makes the connection ready to go on, or says that this thread is of no more use.
    private func goesOn(after error: HikaeError, _ pipeline: inout FetchPipeline, _ link: MailboxLink) -> Bool {
        let (concerned, others) = pipeline.abandon()
        monitor.withLock { $0.plan.giveBack(others) }
        switch error.code {
        case .protocolViolation:
            link.drop()
            return settle(concerned, error)
        case .notFound, .permission, .inputOutput:
            // The mailbox cannot be opened any more; the connection still stands.
            deliver(concerned.map { ($0.key, .failure(error)) })
            return true
        default: break
        }
        monitor.withLock { $0.plan.giveBack(concerned) }
        do throws(HikaeError) {
            try link.recover(from: error)
            return true
        } catch {
            let isLast = monitor.withLock { $0.fetchers <= 1 }
            if isLast || error.code == .cancelled || error.code == .untrusted {
                fail(error)
            } else {
                let message = "\(error.message); reading goes on with fewer connections"
                surroundings.report(HikaeError(error.code, message, hint: error.hint))
            }
            return false
        }
    }

    /// After a broken answer: those asked for together are asked for alone, one asked for alone is given up. False when
    /// it is too much.
    private func settle(_ concerned: [PrefetchPlan.Wanted], _ error: HikaeError) -> Bool {
        let isTooMuch = monitor.withLock { state in
            state.violations += 1
            for wanted in concerned where wanted.isAlone { state.plan.deliver(wanted.key, .failure(error)) }
            state.plan.giveBack(concerned.filter { !$0.isAlone }, alone: true)
            return state.violations > Self.maximumViolations
        }
        if isTooMuch { fail(error) }
        return !isTooMuch
    }

    private func fail(_ error: HikaeError) { monitor.withLock { if $0.failure == nil { $0.failure = error } } }

    private func retire(_ pipeline: inout FetchPipeline) {
        let (concerned, others) = pipeline.abandon()
        let cancellation = surroundings.cancellation
        let host = settings.host
        monitor.withLock { state in
            state.plan.giveBack(concerned + others)
            state.fetchers -= 1
            guard state.fetchers == 0, state.failure == nil, !state.isClosed else { return }
            state.failure =
                cancellation.isCancelled
                ? HikaeError(.cancelled, "stopped before the end")
                : HikaeError(.unreachable, "every connection to \(host) has ended", isRetryable: true)
        }
    }
}

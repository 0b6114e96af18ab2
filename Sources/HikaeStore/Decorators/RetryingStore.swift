// The only place that repeats a store's calls. Repeats what may succeed, never what cannot.

public import HikaeCore
internal import Synchronization

/// Repeats calls of another store whose errors say that this may help.
///
/// A call that failed may have done its work all the same, so a repeated removal that finds nothing, and a repeated
/// save of a config that finds exactly its own bytes, have succeeded.
public final class RetryingStore: ObjectStore {
    let base: any ObjectStore
    let policy: RetryPolicy
    let contact: RetryPolicy
    private let hasAnswered = Atomic<Bool>(false)
    /// Calls made so far, and which of them tells of its failures while nothing was ever answered; 0: none yet. Several
    /// that wait for one server would tell the same.
    private let calls = Atomic<UInt64>(0)
    private let speaker = Atomic<UInt64>(0)
    let clock: any PaceClock
    /// Seconds that a server's wish to be left alone is honoured for, at most.
    private static let longestAsked = 300.0

    let generator: Mutex<any RandomNumberGenerator & Sendable>
    let report: @Sendable (HikaeError, UInt64) -> Void

    /// - Parameters:
    ///   - contact: The policy until the first call has succeeded; nil: the same.
    ///   - report: Told of every error that is retried, and for how many nanoseconds is waited first; of calls that
    ///     wait for a first answer together, of one.
    public init(
        _ base: any ObjectStore, policy: RetryPolicy = .standard, contact: RetryPolicy? = nil,
        clock: any PaceClock = SystemPaceClock(),
        generator: sending any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        report: @escaping @Sendable (HikaeError, UInt64) -> Void = { _, _ in }
    ) {
        self.base = base
        self.policy = policy
        self.contact = contact ?? policy
        self.clock = clock
        self.generator = Mutex(generator)
        self.report = report
    }

    /// The place, as people are to see it.
    public var location: String { base.location }

    /// What kind of place it is.
    public var traits: StoreTraits { base.traits }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) {
        try retrying { () throws(HikaeError) in try base.create() }
    }

    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        try retrying(
            { () throws(HikaeError) in try base.save(file, content) },
            recover: { (error) throws(HikaeError) in
                guard error.code == .repositoryExists else { throw error }
                let stored = try base.load(file)
                guard stored.elementsEqual(content) else { throw error }
            })
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        try retrying { () throws(HikaeError) in try base.load(file, range: range) }
    }

    /// Fills a buffer from a file.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        try retrying { () throws(HikaeError) in try base.read(file, at: offset, into: buffer) }
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        try retrying { () throws(HikaeError) in try base.size(file) }
    }

    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        try retrying { () throws(HikaeError) in try base.list(kind) }
    }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        try retrying(
            { () throws(HikaeError) in try base.remove(file) },
            recover: { (error) throws(HikaeError) in
                guard error.code == .notFound else { throw error }
            })
    }

    /// Makes all changes so far durable.
    public func flush() throws(HikaeError) {
        try retrying { () throws(HikaeError) in try base.flush() }
    }

    /// Removes what killed runs have left half written.
    public func removeLeftovers() throws(HikaeError) -> Int {
        try retrying { () throws(HikaeError) in try base.removeLeftovers() }
    }

    /// Calls `body` until it succeeds, its error cannot pass, or the policy gives up. `recover` judges an error that
    /// cannot pass but came only after a retry.
    private func retrying<Result>(
        _ body: () throws(HikaeError) -> Result, recover: (HikaeError) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        var failures = 0
        let call = calls.add(1, ordering: .relaxed).newValue
        defer { _ = speaker.compareExchange(expected: call, desired: 0, ordering: .relaxed) }
        while true {
            do throws(HikaeError) {
                let result = try body()
                hasAnswered.store(true, ordering: .relaxed)
                return result
            } catch {
                guard error.isRetryable else {
                    if failures > 0 { return try recover(error) }
                    throw error
                }
                failures += 1
                let policy = hasAnswered.load(ordering: .relaxed) ? policy : contact
                let pause = generator.withLock { policy.pause(after: failures, using: &$0) }
                guard var pause else { throw error }
                // A server that says how long it wants to be left alone is believed, within reason.
                if let asked = error.retryAfter, asked > 0 {
                    pause = max(pause, UInt64(min(asked, Self.longestAsked) * 1e9))
                }
                if speaks(call) { report(error, pause) }
                clock.sleep(nanoseconds: pause)
            }
        }
    }

    private func speaks(_ call: UInt64) -> Bool {
        if hasAnswered.load(ordering: .relaxed) { return true }
        let (isFirst, current) = speaker.compareExchange(expected: 0, desired: call, ordering: .relaxed)
        return isFirst || current == call
    }

    private func retrying<Result>(_ body: () throws(HikaeError) -> Result) throws(HikaeError) -> Result {
        try retrying(body, recover: { (error) throws(HikaeError) in throw error })
    }
}

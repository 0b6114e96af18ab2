// Counters that long work adds to and a display reads. Adding is one atomic instruction; nobody waits.

public import Synchronization

/// How far long work has come. Totals of 0 are not known (yet).
public final class Progress: Sendable {
    /// Files, or whatever items the work counts.
    public let filesDone = Atomic<Int>(0)
    public let filesTotal = Atomic<Int>(0)
    /// Bytes of those items.
    public let bytesDone = Atomic<Int>(0)
    public let bytesTotal = Atomic<Int>(0)
    /// Items that could not be handled.
    public let errors = Atomic<Int>(0)
    /// Whether the totals are final.
    public let totalsAreFinal = Atomic<Bool>(false)
    private let current = Mutex<String>("")
    private let phaseName = Mutex<String>("")

    public init() {}

    /// What the work is at, for people: a path, a pack.
    public var currentItem: String {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// The step the work is in, for people: "loading indexes".
    public var phase: String {
        get { phaseName.withLock { $0 } }
        set { phaseName.withLock { $0 = newValue } }
    }

    /// Counts one item of `bytes` as done.
    public func add(files: Int = 0, bytes: Int = 0) {
        if files != 0 { filesDone.add(files, ordering: .relaxed) }
        if bytes != 0 { bytesDone.add(bytes, ordering: .relaxed) }
    }

    /// Begins a step: counters go to zero, totals are set.
    public func begin(phase: String, files: Int = 0, bytes: Int = 0) {
        self.phase = phase
        filesDone.store(0, ordering: .relaxed)
        bytesDone.store(0, ordering: .relaxed)
        filesTotal.store(files, ordering: .relaxed)
        bytesTotal.store(bytes, ordering: .relaxed)
    }
}

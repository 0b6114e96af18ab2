// What every kind of source is to the capture: a place that can be asked who it is, and read once.

public import HikaeCore
public import HikaeFormat

/// Who answered at the other side, for people and for the record.
public struct ServiceIdentity: Sendable, Equatable {
    /// The software and its version as it names itself: "Dovecot 2.3.19", "PostgreSQL 15.18".
    public var software: String
    /// What else is worth knowing, a sentence each: "no MLSD: times have minutes only".
    public var notes: [String]

    public init(software: String, notes: [String] = []) {
        self.software = software
        self.notes = notes
    }
}

/// A place that a system's data is read from. Knows nothing of vaults.
///
/// Making one does no I/O. `probe` and `begin` may be called from any thread.
public protocol CaptureSource: Sendable {
    /// The address for people and records, without any secret: "imaps://info@mail.example.jp".
    var address: String { get }

    /// What is counted: "files", "messages", "rows", "objects".
    var unit: CaptureUnit { get }

    /// Connects, logs in, looks whether what is to be read is there, and ends the connection.
    func probe() throws(HikaeError) -> ServiceIdentity

    /// Connects for one capture.
    func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession
}

/// One reading of a source, from its connection to its facts. Used by one capture.
public protocol CaptureSession: Sendable {
    /// The content: its entries are what a restore brings back, in files that standard tools can use.
    var root: any SourceDirectory { get }

    /// How many files should be open at once: threads that read. 0 for one a processor.
    var readers: Int { get }

    /// Called once, when everything of `root` has been read. The facts to check a restore against.
    ///
    /// Throws when what was read cannot be trusted as a whole: a dump without its end mark, a program that failed.
    /// Then the capture is failed and makes no snapshot.
    func finish() throws(HikaeError) -> CaptureFacts

    /// Ends every connection and program of this session. Called once, after `finish` or after a failure.
    func close()
}

/// What a capture tells its source.
public struct CaptureContext: Sendable {
    /// The capture before this one, as the vault has it; nil for a first one.
    public var previous: (any PreviousCapture)?
    public var cancellation: Cancellation
    /// Told of items that cannot be read, of retries, and of what a person should know. From any thread.
    public var report: @Sendable (HikaeError) -> Void

    public init(
        previous: (any PreviousCapture)? = nil, cancellation: Cancellation = Cancellation(),
        report: @escaping @Sendable (HikaeError) -> Void = { _ in }
    ) {
        self.previous = previous
        self.cancellation = cancellation
        self.report = report
    }
}

/// The capture before: what a source compares with, so that only what is new is fetched.
public protocol PreviousCapture: Sendable {
    /// The facts recorded then; nil when they were not.
    var facts: CaptureFacts? { get }

    /// The nodes of the directory that these names lead to from the content's root, in the order of their names.
    /// Nil when there was no such directory.
    func nodes(at path: [[UInt8]]) throws(HikaeError) -> [Node]?

    /// The bytes of a file, at most `limit` of them. Nil when there was no such file; `.limit` when it is larger.
    func bytes(at path: [[UInt8]], limit: Int) throws(HikaeError) -> [UInt8]?
}

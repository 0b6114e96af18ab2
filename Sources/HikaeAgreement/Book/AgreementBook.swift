// The book on the server's disk: one file of lines, each with the hash of the line before, and a folder each for
// proposals and ledger entries. The server and the administrator's own commands may write to it at once.

public import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A vault's book of agreement. Safe to use from many threads and processes.
public final class AgreementBook: Sendable {
    /// The largest part of a book that is read at once.
    private static let maximumBytes = 1 << 30

    private struct Reading {
        var state = AgreementState()
        /// Bytes of the file that are in the state.
        var offset: UInt64 = 0
        var last = BookLine.origin
    }

    private let folder: String
    private let descriptor: Int32
    private let reading: Mutex<Reading>
    private var path: String { "\(folder)/book" }

    /// Opens the book in a folder, or begins one.
    ///
    /// - Parameters:
    ///   - repository: SHA-256 of the repository's config as stored. A book of another one is refused.
    ///   - clock: the record of time that is counted by. Where it is not the book's, all waiting begins anew.
    ///   - now: the seconds on it.
    public init(folder: String, repository: FileID, clock: String, now: UInt64) throws(HikaeError) {
        self.folder = folder
        for name in ["", "/proposals", "/ledger"] { try SystemFile.makeFolders(folder + name, mode: 0o700) }
        let path = "\(folder)/book"
        let isNew = try SystemFile.kind(path) == nil
        descriptor = try SystemFile.openWriting(path, flags: O_APPEND, reading: true)
        reading = Mutex(Reading())
        if isNew { try SystemFile.syncFolder(folder) }
        try change(at: now) { state throws(HikaeError) in
            guard let vault = state.vault else {
                let book = SecureRandom.bytes(32).withUnsafeBytes { BookID($0) }
                return ((), [.opened(VaultIdentity(book: book, repository: repository), clock: clock)])
            }
            guard vault.repository == repository else {
                throw HikaeError(
                    .refused, "the book of agreement in \(folder) belongs to another repository",
                    hint: "It was begun for a repository with another config. Put the right one back.")
            }
            return ((), state.clock == clock ? [] : [.clockChanged(clock)])
        }
    }

    deinit { SystemFile.close(descriptor) }

    /// What the book says now, the administrator's own changes included.
    public func state() throws(HikaeError) -> AgreementState {
        try exclusively { reading throws(HikaeError) in reading.state }
    }

    /// Decides on the state and writes the events that come of it, durably, before anybody else can.
    ///
    /// `now` may lag behind what was written last, by the record of a server that is stopped: then the last time holds.
    @discardableResult
    public func change<Answer>(
        at now: UInt64, _ decide: (AgreementState) throws(HikaeError) -> (Answer, [AgreementEvent])
    ) throws(HikaeError) -> Answer {
        try exclusively { reading throws(HikaeError) in
            let (answer, events) = try decide(reading.state)
            guard !events.isEmpty else { return answer }
            var bytes: [UInt8] = []
            var (state, last) = (reading.state, reading.last)
            for event in events {
                var time = now
                if case .clockChanged = event {} else { time = max(now, state.time) }
                let line = BookLine(number: state.count, time: time, previous: last, event: event)
                // What could not be read back must not be written.
                try state.apply(event, at: time)
                let encoded = line.encoded()
                last = Digest.fileID(encoded)
                bytes += encoded + [UInt8(ascii: "\n")]
            }
            try SystemFile.write(bytes, to: descriptor, path)
            try SystemFile.sync(descriptor, path)
            (reading.state, reading.last) = (state, last)
            reading.offset += UInt64(bytes.count)
            return answer
        }
    }

    /// Holds the file's lock, brings the state up to date, and runs `body`.
    private func exclusively<Answer>(
        _ body: (inout Reading) throws(HikaeError) -> Answer
    ) throws(HikaeError) -> Answer {
        let outcome: Swift.Result<Answer, HikaeError> = reading.withLock { reading in
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else { return .failure(.system("lock", path)) }
            }
            defer { flock(descriptor, LOCK_UN) }
            do throws(HikaeError) {
                try catchUp(&reading)
                return .success(try body(&reading))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Reads the lines that others have added. A last line without its end is what a crash left: it was never
    /// acknowledged, and is cut off.
    private func catchUp(_ reading: inout Reading) throws(HikaeError) {
        let bytes = try SystemFile.read(descriptor, path, limit: Self.maximumBytes, from: reading.offset)
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let text = Array(bytes[start..<end])
            let line = try BookLine(decoding: text)
            guard line.number == reading.state.count, line.previous == reading.last else {
                throw HikaeError(
                    .damaged, "the book of agreement in \(folder) is damaged: line \(line.number) does not follow",
                    hint: "Somebody changed it. Nothing is removed by it; compare it with a copy.")
            }
            try reading.state.apply(line.event, at: line.time)
            reading.last = Digest.fileID(text)
            start = end + 1
            reading.offset += UInt64(text.count + 1)
        }
        if start < bytes.count, ftruncate(descriptor, off_t(reading.offset)) != 0 { throw .system("shorten", path) }
    }
}

extension AgreementBook {
    /// Keeps a proposal's bytes. Before its event is written.
    public func save(_ proposal: Proposal) throws(HikaeError) {
        try SystemFile.replace("\(folder)/proposals/\(proposal.id.hex)", with: proposal.encoded())
    }

    /// A proposal's canonical bytes, verified.
    public func proposalBytes(_ id: ProposalID) throws(HikaeError) -> [UInt8] {
        let bytes = try SystemFile.load("\(folder)/proposals/\(id.hex)", limit: Proposal.Limits.bytes)
        guard Proposal.id(of: bytes) == id else {
            throw HikaeError(.damaged, "the proposal \(id.short) does not have the bytes that its name promises")
        }
        return bytes
    }

    /// Keeps a ledger entry. Before its event is written.
    public func save(_ entry: LedgerEntry) throws(HikaeError) {
        try SystemFile.replace("\(folder)/ledger/\(entry.snapshot.hex)", with: entry.encoded())
    }

    /// Whether a snapshot's entry is kept, list of packs and all.
    public func hasEntry(_ snapshot: FileID) throws(HikaeError) -> Bool {
        try SystemFile.kind("\(folder)/ledger/\(snapshot.hex)") != nil
    }

    /// Lets go the entry of a snapshot that is gone; its bytes, nil when there was none. Its record stays in the book.
    public func removeEntry(_ snapshot: FileID) throws(HikaeError) -> UInt64? {
        let path = "\(folder)/ledger/\(snapshot.hex)"
        guard let size = try SystemFile.size(path) else { return nil }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system("remove", path) }
        return size
    }

    /// A ledger entry, verified against the book's record.
    public func entry(_ record: LedgerRecord) throws(HikaeError) -> LedgerEntry {
        let bytes = try SystemFile.load("\(folder)/ledger/\(record.snapshot.hex)", limit: LedgerEntry.Limits.bytes)
        guard Digest.fileID(bytes) == record.digest else {
            throw HikaeError(
                .damaged, "the ledger entry of the snapshot \(record.snapshot.short) is not the one that was registered"
            )
        }
        return try LedgerEntry(decoding: bytes)
    }
}

// Writes the audit log: adds lines, each with the hash of the one before, and makes them durable, many at once.
// Nothing that was written is ever written again; what a crash has cut off stays, and the next file says so.

internal import CLinux
internal import HikaeCore
internal import HikaeStore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The audit log of a running server.
final class AuditLog: Sendable {
    private struct State {
        var descriptor: Int32
        var fileNumber: Int
        var fileBytes: UInt64
        var reservedBytes: UInt64 = 0
        var head: AuditHead
        /// The last line that is durable.
        var durable: UInt64
        var isSyncing = false
        var suppressed: UInt64 = 0
        var torn: UInt64 = 0
        /// Once the log could not be synced nothing more is promised.
        var failure: HikaeError?
    }

    private let files: AuditFiles
    private let state: Monitor<State>
    private let headFile: Int32
    private let fileBytes: UInt64
    private let clock: any WallClock
    private let vaultTime = Mutex<@Sendable () -> Int64>({ 0 })
    private let floods = Mutex<[Flood: TokenBucket]>([:])

    /// Lines that anybody can cause without end, and who does: each has an allowance of its own, so that nobody's flood
    /// hides what another did.
    private struct Flood: Hashable {
        let user: String
        let isRefusal: Bool
    }

    /// Bytes that are taken on the disk ahead of the lines.
    private static let roomBytes: UInt64 = 4 << 20

    /// Opens the log in a vault's folder and goes on after its last line.
    init(vault: String, fileBytes: Int, clock: any WallClock = SystemClock()) throws(HikaeError) {
        let files = AuditFiles(vault: vault)
        self.files = files
        self.fileBytes = UInt64(fileBytes)
        self.clock = clock
        try FolderMaking().make(["audit"], in: vault)
        let claimed = try files.readHead()
        let end = try Self.end(files)
        headFile = try SystemFile.openWriting(files.head, flags: 0)
        let number = end.torn > 0 ? end.fileNumber + 1 : end.fileNumber
        let path = files.path(number)
        let descriptor = try SystemFile.openWriting(path, flags: O_APPEND)
        try SystemFile.syncFolder(files.folder)
        state = Monitor(
            State(
                descriptor: descriptor, fileNumber: number, fileBytes: try SystemFile.size(path) ?? 0, head: end.head,
                durable: end.head.number, torn: UInt64(end.torn)))
        if let claimed, claimed.number > end.head.number {
            var event = AuditEvent("NOTE", AuditVerification.truncatedPath)
            event.note = "the log ended with line \(end.head.number), its head said \(claimed)"
            try append(event, durable: true)
        }
    }

    deinit {
        SystemFile.close(headFile)
        state.withLock { SystemFile.close($0.descriptor) }
    }

    /// Says what the vault's own record of time is.
    func take(vaultTime: @escaping @Sendable () -> Int64) { self.vaultTime.withLock { $0 = vaultTime } }

    /// The last line.
    var head: AuditHead { state.withLock { $0.head } }

    /// Adds a line. With `durable`, returns once it is on the disk.
    func append(_ event: AuditEvent, durable: Bool) throws(HikaeError) {
        let seconds = vaultTime.withLock { $0 }()
        let added: Result<UInt64, HikaeError> = state.wait { state in
            if let failure = state.failure { return .failure(failure) }
            if state.fileBytes >= fileBytes {
                // Whoever syncs the file that is to be left holds its descriptor.
                if state.isSyncing { return nil }
            }
            do throws(HikaeError) {
                return .success(try add(event, seconds, &state))
            } catch {
                return .failure(error)
            }
        }
        let number = try added.get()
        if durable { try makeDurable(number) }
    }

    /// Adds a line about something refused; only so many a second, so that nobody can fill the disk with them.
    func appendRefusal(_ event: AuditEvent) {
        if isAllowed(Flood(user: event.user, isRefusal: true)) { appendIfPossible(event) }
    }

    /// Adds a line about what was done and takes up no room for good, as a lock: durable, and only so many a second. On a
    /// disk that is full it is only counted: a lock that is in the way must go all the same.
    func appendTransient(_ event: AuditEvent) throws(HikaeError) {
        guard isAllowed(Flood(user: event.user, isRefusal: false)) else { return }
        do throws(HikaeError) { try append(event, durable: true) } catch {
            guard error.code == .noSpace else { throw error }
            state.withLock { $0.suppressed += 1 }
        }
    }

    /// Adds a line about something that was read; only so many a second.
    func appendReading(_ event: AuditEvent) {
        if isAllowed(Flood(user: event.user, isRefusal: false)) { appendIfPossible(event) }
    }

    /// Whether a line is written, or only counted.
    private func isAllowed(_ flood: Flood) -> Bool {
        let isAllowed = floods.withLock { floods in
            var bucket =
                floods[flood] ?? TokenBucket(rate: flood.isRefusal ? 3 : 10, burst: flood.isRefusal ? 300 : 1000)
            defer { floods[flood] = bucket }
            return bucket.take(at: MonotonicTime.seconds())
        }
        if !isAllowed { state.withLock { $0.suppressed += 1 } }
        return isAllowed
    }

    /// Adds a line about something that changes nothing. On a disk that is full it is only counted, by the next line
    /// that can be written: who restores from there must not be kept from it.
    func appendIfPossible(_ event: AuditEvent) {
        do throws(HikaeError) { try append(event, durable: false) } catch { state.withLock { $0.suppressed += 1 } }
    }

    private func add(_ event: AuditEvent, _ seconds: Int64, _ state: inout State) throws(HikaeError) -> UInt64 {
        if state.fileBytes >= fileBytes { try rotate(&state) }
        let line = AuditLine(
            number: state.head.number + 1, time: clock.now(), vaultSeconds: seconds, event: event,
            suppressed: state.suppressed, torn: state.torn, previous: state.head.hash)
        let bytes = line.encode()
        let path = files.path(state.fileNumber)
        reserve(UInt64(bytes.count) + 1, &state)
        do throws(HikaeError) {
            try SystemFile.write(bytes + [0x0A], to: state.descriptor, path)
        } catch {
            // A line cut off by a full disk was promised to nobody.
            if ftruncate(state.descriptor, off_t(state.fileBytes)) != 0 { state.failure = error }
            throw error
        }
        state.fileBytes += UInt64(bytes.count) + 1
        state.head = AuditHead(number: line.number, hash: AuditLine.hash(bytes))
        (state.suppressed, state.torn) = (0, 0)
        return line.number
    }

    /// Takes room on the disk ahead, so that a disk that others have filled does not end the log.
    private func reserve(_ bytes: UInt64, _ state: inout State) {
        guard state.fileBytes + bytes + Self.roomBytes / 2 > state.reservedBytes else { return }
        #if os(Linux)
            if fallocate(state.descriptor, HIKAE_FALLOC_FL_KEEP_SIZE, off_t(state.fileBytes), off_t(Self.roomBytes))
                == 0
            {
                state.reservedBytes = state.fileBytes + Self.roomBytes
            }
        #endif
    }

    private func rotate(_ state: inout State) throws(HikaeError) {
        try SystemFile.sync(state.descriptor, files.path(state.fileNumber))
        let next = try SystemFile.openWriting(files.path(state.fileNumber + 1), flags: O_APPEND)
        do throws(HikaeError) { try SystemFile.syncFolder(files.folder) } catch {
            SystemFile.close(next)
            throw error
        }
        SystemFile.close(state.descriptor)
        state.descriptor = next
        state.fileNumber += 1
        (state.fileBytes, state.reservedBytes) = (0, 0)
        state.durable = state.head.number
    }

    /// Waits for a sync that covers line `number`; runs it when nobody does.
    private func makeDurable(_ number: UInt64) throws(HikaeError) {
        let turn: Result<(Int32, AuditHead, String)?, HikaeError> = state.wait { state in
            if let failure = state.failure { return .failure(failure) }
            if state.durable >= number { return .success(nil) }
            if state.isSyncing { return nil }
            state.isSyncing = true
            return .success((state.descriptor, state.head, files.path(state.fileNumber)))
        }
        guard let (descriptor, head, path) = try turn.get() else { return }
        var failure: HikaeError?
        do throws(HikaeError) { try SystemFile.sync(descriptor, path) } catch { failure = error }
        if failure == nil { writeHead(head) }
        state.withLock { [failure] state in
            state.isSyncing = false
            state.durable = max(state.durable, failure == nil ? head.number : 0)
            // One that stands from before stays.
            if let failure { state.failure = failure }
        }
        if let failure { throw failure }
    }

    /// The head may lag behind the log; it is never ahead of what is durable.
    private func writeHead(_ head: AuditHead) {
        let record = head.record
        _ = record.withUnsafeBytes { pwrite(headFile, $0.baseAddress, $0.count, 0) }
    }

    /// Makes all lines durable, at the end.
    func finish() throws(HikaeError) { try makeDurable(state.withLock { $0.head.number }) }

    private static func end(_ files: AuditFiles) throws(HikaeError) -> (fileNumber: Int, head: AuditHead, torn: Int) {
        var torn = 0
        let numbers = try files.numbers()
        for number in numbers.reversed() {
            let content = AuditFiles.lines(try SystemFile.load(files.path(number), limit: AuditFiles.maximumBytes))
            // Empty files are what a crash leaves right after a rotation.
            if torn == 0 { torn = content.torn }
            guard let last = content.lines.last else { continue }
            let line = try AuditLine(decoding: Array(last))
            return (numbers.last ?? 1, AuditHead(number: line.number, hash: AuditLine.hash(last)), torn)
        }
        return (numbers.last ?? 1, AuditHead(number: 0, hash: AuditLine.start), torn)
    }
}

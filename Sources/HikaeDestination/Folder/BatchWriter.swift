// Writing a batch's files: packs read in stretches, blobs verified, each written wherever it belongs, on any thread.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes the content and metadata of a batch's files. What fails is reported by file; only a full disk stops all.
final class BatchWriter: Sendable {
    private struct State {
        /// Blobs still to come, by file.
        var remaining: [Int32]
        var failed: Set<Int> = []
    }

    private struct Units {
        var begun = 0
        var done = 0
    }

    let repository: Repository
    let index: BlobIndex
    let packs: [FileID]
    let options: RestoreOptions
    let reporter: RestoreReporter
    let cancellation: Cancellation
    let batch: RestoreBatch
    private var files: [PlannedFile] { batch.files }
    private let blobs: [PlannedBlob]
    private let units: [ReadUnit]
    private let progress = Monitor(Units())
    /// What ends the whole restore, of any batch.
    private let fatal: FirstError
    private let state: Mutex<State>
    /// Whether directories may hand attributes down to what is made in them.
    private let clearsInherited: Bool

    init(
        _ batch: RestoreBatch, repository: Repository, index: BlobIndex, packs: [FileID], options: RestoreOptions,
        reporter: RestoreReporter, cancellation: Cancellation, fatal: FirstError, clearsInherited: Bool
    ) {
        self.repository = repository
        self.fatal = fatal
        self.index = index
        self.packs = packs
        self.options = options
        self.reporter = reporter
        self.cancellation = cancellation
        self.clearsInherited = clearsInherited
        self.batch = batch
        blobs = batch.blobs.sorted { left, right in
            left.pack != right.pack ? left.pack < right.pack : left.offset < right.offset
        }
        units = ReadUnit.units(over: blobs)
        state = Mutex(State(remaining: batch.files.map { $0.blobCount }))
    }

    /// Makes the files that need no or several blobs, so that any thread can write to them. Before the first `work`.
    func prepare() {
        for number in files.indices where files[number].blobCount != 1 && fatal.value == nil { prepare(number) }
    }

    // MARK: Stretches

    /// The next stretch to work on, for one caller; nil when none is left.
    func take() -> Int? {
        progress.withLock { progress in
            guard progress.begun < units.count else { return nil }
            progress.begun += 1
            return progress.begun - 1
        }
    }

    /// How many stretches it has.
    var count: Int { units.count }

    /// Whether every stretch was worked on.
    var isDone: Bool { progress.withLock { $0.done == units.count } }

    /// Waits until every stretch was worked on. Throws `.noSpace` and `.cancelled`; all else was reported.
    func wait() throws(HikaeError) {
        progress.wait { $0.done == units.count ? () : nil }
        try fatal.check()
        try cancellation.check()
    }

    /// Removes what was begun beside files that are there, and will not be finished.
    func clearUp() {
        for file in files where file.replaces {
            _ = try? file.folder.withDescriptor { folder throws(HikaeError) in
                EntryName.remove(file.workingName, in: folder)
            }
        }
    }

    /// Whether the file was written whole.
    func isWhole(_ number: Int) -> Bool { state.withLock { !$0.failed.contains(number) } }

    /// Reads a stretch and writes what is in it. Not even begun once the restore is to end.
    func work(_ number: Int, with tools: inout RestoreTools) {
        defer { progress.withLock { $0.done += 1 } }
        guard !cancellation.isCancelled, fatal.value == nil else { return }
        let unit = units[number]
        let sealed = read(unit, into: tools.sealed)
        var current: UInt64?
        for index in unit.blobs {
            let blob = blobs[index]
            if current != blob.position {
                current = nil
                if load(blob, unit, sealed, &tools.opener, &tools.plaintext) { current = blob.position }
            }
            if current == nil {
                // The load has said which blob is bad; here its files are named.
                fail(Int(blob.file), loadError(blob))
            } else {
                write(tools.plaintext, blob, &tools.file)
            }
        }
    }

    /// The stretch's bytes; nil when they cannot be read: each blob is then looked for by itself, also in other packs.
    private func read(_ unit: ReadUnit, into buffer: StretchBuffer) -> UnsafeRawBufferPointer? {
        let room = buffer.room(Int(unit.end - unit.start))
        do throws(HikaeError) {
            try repository.store.read(StoredFile(.pack, packs[Int(unit.pack)]), at: UInt64(unit.start), into: room)
            return UnsafeRawBufferPointer(room)
        } catch {
            return nil
        }
    }

    /// Gets the blob's plaintext from the stretch read, or else from wherever a whole copy is.
    private func load(
        _ blob: PlannedBlob, _ unit: ReadUnit, _ sealed: UnsafeRawBufferPointer?, _ opener: inout BlobOpener,
        _ plaintext: inout [UInt8]
    ) -> Bool {
        let entry = index.blob(at: Int(blob.position))
        do throws(HikaeError) {
            if let sealed {
                let start = Int(blob.offset - unit.start)
                let stretch = UnsafeRawBufferPointer(rebasing: sealed[start..<start + Int(blob.length)])
                try opener.open(stretch, entry, into: &plaintext)
                return true
            }
        } catch {
            // Another copy may be whole.
        }
        do throws(HikaeError) {
            plaintext = try repository.blob(entry.id, .data, with: &opener)
            return true
        } catch {
            return false
        }
    }

    private func loadError(_ blob: PlannedBlob) -> HikaeError {
        let entry = index.blob(at: Int(blob.position))
        let pack = packs[Int(blob.pack)].short
        return HikaeError(
            .damaged, "blob \(entry.id.short) in pack \(pack) cannot be read whole",
            hint: "Run `hikae check --read-data` to see what else is damaged.")
    }

    // MARK: Files

    private func write(_ plaintext: [UInt8], _ blob: PlannedBlob, _ open: inout OpenFile) {
        let number = Int(blob.file)
        do throws(HikaeError) {
            if files[number].blobCount == 1 {
                try writeWhole(number, plaintext)
                return
            }
            let descriptor = try open.descriptor(of: files[number])
            if blob.fileOffset == 0, !options.isSparse {
                try FileSpace.reserve(descriptor, files[number].size, files[number].path)
            }
            try write(plaintext, to: descriptor, at: blob.fileOffset, files[number])
            try arrived(number, descriptor)
        } catch {
            fail(number, error)
        }
    }

    /// Makes a file that needs no or several blobs, at its full length.
    private func prepare(_ number: Int) {
        let file = files[number]
        do throws(HikaeError) {
            try file.folder.withDescriptor { folder throws(HikaeError) in
                let descriptor = try create(number, in: folder)
                defer { close(descriptor) }
                guard ftruncate(descriptor, off_t(clamping: file.size)) == 0 else {
                    throw .system("set the size of", file.path)
                }
                if file.blobCount == 0 { try finish(number, descriptor, in: folder) }
            }
        } catch {
            fail(number, error)
        }
    }

    /// Makes, writes and finishes a file of one blob.
    private func writeWhole(_ number: Int, _ plaintext: [UInt8]) throws(HikaeError) {
        let file = files[number]
        try file.folder.withDescriptor { folder throws(HikaeError) in
            let descriptor = try create(number, in: folder)
            defer { close(descriptor) }
            if options.isSparse, ftruncate(descriptor, off_t(clamping: file.size)) != 0 {
                throw .system("set the size of", file.path)
            }
            try write(plaintext, to: descriptor, at: 0, file)
            try finish(number, descriptor, in: folder)
        }
    }

    private func create(_ number: Int, in folder: Int32) throws(HikaeError) -> Int32 {
        let file = files[number]
        let name = file.workingName
        // Where a directory's default ACL has a say, the mode is set at the end.
        let mode = clearsInherited ? 0o600 : file.metadata.creationMode
        // Left over from a restore that was killed.
        if file.replaces { _ = EntryName.with(name) { unlinkat(folder, $0, 0) } }
        let descriptor = EntryName.open(folder, name, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        guard descriptor >= 0 else { throw .system("create", file.path) }
        return descriptor
    }

    private func write(
        _ bytes: [UInt8], to descriptor: Int32, at offset: UInt64, _ file: PlannedFile
    ) throws(HikaeError) {
        try bytes.withBytes { bytes throws(HikaeError) in
            if options.isSparse {
                try FileSpace.writeSparsely(bytes, to: descriptor, at: offset, file.path)
            } else {
                try FileSpace.write(bytes, to: descriptor, at: offset, file.path)
            }
        }
        reporter.progress.add(bytes: bytes.count)
    }

    /// One more blob of a file is there; the last one finishes it.
    private func arrived(_ number: Int, _ descriptor: Int32) throws(HikaeError) {
        let isLast = state.withLock { state in
            state.remaining[number] -= 1
            return state.remaining[number] == 0
        }
        guard isLast else { return }
        try files[number].folder.withDescriptor { folder throws(HikaeError) in
            try finish(number, descriptor, in: folder)
        }
    }

    /// Metadata, and the final name.
    private func finish(_ number: Int, _ descriptor: Int32, in folder: Int32) throws(HikaeError) {
        let file = files[number]
        if let failure = file.metadata.apply(
            to: descriptor, clearsInherited: clearsInherited, keepsTime: !isWhole(number),
            new: file.folder.owner(ofNew: descriptor), path: { file.path })
        {
            reporter.fail(failure)
        }
        guard isWhole(number) else { return }
        if file.replaces {
            guard EntryName.rename(file.workingName, to: file.name, in: folder) else {
                throw .system("replace", file.path)
            }
        }
        reporter.progress.add(files: 1)
        reporter.count { summary in
            summary.files += 1
            summary.bytes += file.size
        }
    }

    /// Says once that a file could not be restored. What was there before stays; a new file keeps what could be
    /// written, with zeros in the gaps and today's date.
    private func fail(_ number: Int, _ error: HikaeError) {
        if error.code == .noSpace { fatal.set(error) }
        let isFirst = state.withLock { state in
            state.remaining[number] -= 1
            return state.failed.insert(number).inserted
        }
        guard isFirst else { return }
        let file = files[number]
        if file.replaces {
            _ = try? file.folder.withDescriptor { folder throws(HikaeError) in
                EntryName.with(file.workingName) { unlinkat(folder, $0, 0) }
            }
        }
        if error.code == .noSpace { return }
        let message = error.message.contains(file.path) ? error.message : "\(file.path): \(error.message)"
        let rest =
            file.replaces
            ? "the file that was there stays"
            : file.blobCount > 1 ? "the file is NOT whole: what is missing is zeros" : "the file is not restored"
        reporter.fail(HikaeError(error.code, "\(message); \(rest)", hint: error.hint))
    }
}

/// The file that a thread wrote to last, kept open: the next blob is often its own.
struct OpenFile {
    private var number = -1
    private var descriptor: Int32 = -1

    mutating func descriptor(of file: PlannedFile) throws(HikaeError) -> Int32 {
        if number == file.number { return descriptor }
        close()
        descriptor = try file.folder.withDescriptor { folder throws(HikaeError) in
            let descriptor = EntryName.open(folder, file.workingName, O_WRONLY)
            guard descriptor >= 0 else { throw .system("open", file.path) }
            return descriptor
        }
        number = file.number
        return descriptor
    }

    mutating func close() {
        if descriptor >= 0 { EntryName.release(descriptor) }
        (number, descriptor) = (-1, -1)
    }
}

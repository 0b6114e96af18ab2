// Carries out a FaultPlan on any store. Decides nothing itself.

public import HikaeCore
public import HikaeStore

/// Another store, failing as its plan says.
public final class FaultyStore: ObjectStore {
    let base: any ObjectStore
    /// The plan, whose log says what was called.
    public let plan: FaultPlan

    /// Does with the calls to `base` what `plan` says.
    public init(_ base: any ObjectStore, plan: FaultPlan) { (self.base, self.plan) = (base, plan) }

    /// The place, as people are to see it.
    public var location: String { base.location }

    /// What kind of place it is.
    public var traits: StoreTraits { base.traits }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) {
        try change(plan.next(.create, nil, nil)) { () throws(HikaeError) in try base.create() }
    }

    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        let effect = plan.next(.save, file.kind, file, bytes: content.count)
        if case .dieTorn(let kept) = effect, let local = base as? LocalStore {
            // Written around the store, as a killed process leaves it.
            let part = Array(content.prefix(kept))
            try? Files.write(local.temporaryPath(file), part, mode: 0o600)
        }
        try change(effect) { () throws(HikaeError) in try base.save(file, content) }
    }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        try change(plan.next(.remove, file.kind, file)) { () throws(HikaeError) in try base.remove(file) }
    }

    /// Makes all changes so far durable.
    public func flush() throws(HikaeError) {
        try change(plan.next(.flush, nil, nil)) { () throws(HikaeError) in try base.flush() }
    }

    /// Removes what killed runs have left half written.
    public func removeLeftovers() throws(HikaeError) -> Int { try base.removeLeftovers() }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        let effect = plan.next(.load, file.kind, file)
        var bytes = try change(effect) { () throws(HikaeError) in try base.load(file, range: range) }
        if case .flip(let position) = effect, !bytes.isEmpty { bytes[position % bytes.count] ^= 0x10 }
        return bytes
    }

    /// Fills a buffer from a file.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        let effect = plan.next(.read, file.kind, file)
        try change(effect) { () throws(HikaeError) in try base.read(file, at: offset, into: buffer) }
        if case .flip(let position) = effect, !buffer.isEmpty { buffer[position % buffer.count] ^= 0x10 }
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        try change(plan.next(.size, file.kind, file)) { () throws(HikaeError) in try base.size(file) }
    }

    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        try change(plan.next(.list, kind, nil)) { () throws(HikaeError) in try base.list(kind) }
    }

    private func change<Result>(
        _ effect: FaultEffect?, _ body: () throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        switch effect {
        case .die, .dieTorn: throw FaultPlan.dead
        case .fail(let error): throw error
        case .failAfter(let error):
            _ = try body()
            throw error
        case .delay(let nanoseconds): plan.clock.sleep(nanoseconds: nanoseconds)
        case .flip, nil: break
        }
        return try body()
    }
}

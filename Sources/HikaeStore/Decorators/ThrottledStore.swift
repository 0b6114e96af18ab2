// A ceiling on the bytes a store moves in a second, each direction its own.

public import HikaeCore
internal import Synchronization

/// Slows another store down to set rates, over all threads together.
///
/// Each transfer books its time on one line per direction and waits for its turn, so that the mean never exceeds the
/// rate; a single file goes out in one piece.
public final class ThrottledStore: ObjectStore {
    let base: any ObjectStore
    let clock: any PaceClock
    let uploads, downloads: Lane

    /// Rates in bytes a second, at least 1; nil sets no limit.
    public init(
        _ base: any ObjectStore, uploadRate: UInt64?, downloadRate: UInt64?,
        clock: any PaceClock = SystemPaceClock()
    ) {
        precondition(uploadRate != 0 && downloadRate != 0)
        self.base = base
        self.clock = clock
        uploads = Lane(rate: uploadRate)
        downloads = Lane(rate: downloadRate)
    }

    /// One direction: the instant up to which it is booked.
    final class Lane: Sendable {
        let rate: UInt64?
        let bookedUntil = Mutex<UInt64>(0)

        init(rate: UInt64?) { self.rate = rate }

        /// Books `bytes` and waits until what was booked before has passed.
        func pass(_ bytes: Int, _ clock: any PaceClock) {
            guard let rate, bytes > 0 else { return }
            let now = clock.now()
            let turn = bookedUntil.withLock { bookedUntil in
                let turn = max(now, bookedUntil)
                bookedUntil = turn + Self.nanoseconds(bytes, rate)
                return turn
            }
            if turn > now { clock.sleep(nanoseconds: turn - now) }
        }

        private static func nanoseconds(_ bytes: Int, _ rate: UInt64) -> UInt64 {
            let (high, low) = UInt64(bytes).multipliedFullWidth(by: 1_000_000_000)
            // A century is as good as any longer time.
            return high >= rate ? 3_000_000_000_000_000_000 : rate.dividingFullWidth((high, low)).quotient
        }
    }

    /// The place, as people are to see it.
    public var location: String { base.location }

    /// What kind of place it is.
    public var traits: StoreTraits { base.traits }

    /// Lays out an empty repository.
    public func create() throws(HikaeError) { try base.create() }

    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        uploads.pass(content.count, clock)
        try base.save(file, content)
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        let bytes = try base.load(file, range: range)
        downloads.pass(bytes.count, clock)
        return bytes
    }

    /// Fills a buffer from a file.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        downloads.pass(buffer.count, clock)
        try base.read(file, at: offset, into: buffer)
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 { try base.size(file) }

    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] { try base.list(kind) }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) { try base.remove(file) }

    /// Makes all changes so far durable.
    public func flush() throws(HikaeError) { try base.flush() }

    /// Removes what killed runs have left half written.
    public func removeLeftovers() throws(HikaeError) -> Int { try base.removeLeftovers() }
}

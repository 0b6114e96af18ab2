// The vault's own record of time: seconds that the server has been running, counted by a clock that nobody sets and
// kept on its disk. A wall clock set forward, and sixty days switched off, add nothing.

public import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// A vault's time as it stood on the disk.
public struct RecordedTime: Sendable, Equatable {
    /// Which record of time it is: random digits from its beginning.
    public var clock: String
    /// Seconds of running.
    public var seconds: UInt64

    /// Reads the record. Throws `.notFound`, or `.damaged`.
    public static func load(_ path: String) throws(HikaeError) -> RecordedTime {
        let bytes = try SystemFile.load(path, limit: 4096)
        var (clock, seconds, sum) = ("", UInt64?.none, FileID?.none)
        try JSONReader.read(bytes, of: "record of the vault's time") { json, key throws(HikaeError) in
            if key.is("clock") {
                clock = try json.text()
            } else if key.is("seconds") {
                seconds = try json.unsigned()
            } else if key.is("sum") {
                sum = try json.identifier()
            } else {
                try json.skip()
            }
        }
        guard let seconds, !clock.isEmpty else {
            throw HikaeError(.damaged, "the record of the vault's time is damaged")
        }
        let record = RecordedTime(clock: clock, seconds: seconds)
        // A digit that rots would be years.
        guard sum == record.sum else {
            throw HikaeError(.damaged, "the record of the vault's time is damaged: it is not what was written")
        }
        return record
    }

    private var sum: FileID { Digest.fileID(Array("\(clock) \(seconds)".utf8)) }

    /// The record's bytes.
    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.put("clock", clock)
        json.key("seconds")
        json.number(seconds)
        json.key("sum")
        json.identifier(sum)
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// A record that begins now, at nothing.
    static func new() -> RecordedTime { RecordedTime(clock: Hex.encode(SecureRandom.bytes(16)), seconds: 0) }
}

/// A vault's time while its server runs.
public final class VaultClock: Sendable {
    private struct Running {
        /// Seconds before this start, then what was counted since.
        var seconds: Double
        /// What the ticks said when it was last asked.
        var tick: Double
        /// Seconds that are safe on the disk.
        var recorded: UInt64
    }

    /// Which record of time it is.
    public let clock: String
    private let path: String
    private let tick: @Sendable () -> Double
    private let running: Mutex<Running>

    /// Goes on where the record on the disk ends. One that is not there or cannot be read begins anew, at nothing, under
    /// another name: then everything that waited waits anew.
    ///
    /// - Parameter tick: seconds that only go forward while this process runs; the machine's own count outside tests.
    public init(path: String, tick: @escaping @Sendable () -> Double = MonotonicTime.seconds) throws(HikaeError) {
        var record: RecordedTime
        do throws(HikaeError) {
            record = try RecordedTime.load(path)
        } catch {
            guard [.notFound, .damaged, .limit].contains(error.code) else { throw error }
            record = .new()
            try SystemFile.replace(path, with: record.encoded())
        }
        (clock, self.path, self.tick) = (record.clock, path, tick)
        running = Mutex(Running(seconds: Double(record.seconds), tick: tick(), recorded: record.seconds))
    }

    /// Seconds of running, whole ones.
    public var now: UInt64 {
        running.withLock { running in
            let tick = tick()
            // A count that goes back adds nothing, nor does one that is no number.
            if tick > running.tick { running.seconds += tick - running.tick }
            running.tick = tick
            return UInt64(max(0, min(running.seconds, 9e15)))
        }
    }

    /// Puts the time on the disk when at least `every` seconds are not there yet.
    public func record(every: UInt64 = 0) throws(HikaeError) {
        let now = now
        guard now - running.withLock({ min($0.recorded, now) }) >= every else { return }
        try SystemFile.replace(path, with: RecordedTime(clock: clock, seconds: now).encoded())
        running.withLock { $0.recorded = now }
    }
}

// What a snapshot says of the capture that made it: /.hikae/capture.json.

public import HikaeCore
import HikaeFormat
public import HikaeSource

/// The record of one capture. It holds no secret: addresses come without passwords.
public struct CaptureRecord: Sendable, Equatable {
    /// The record's name in the snapshot's folder of records.
    public static let fileName = "capture.json"

    /// How the files compare with the last good capture's.
    public struct Changes: Sendable, Equatable {
        public var new: Int
        public var changed: Int
        public var unchanged: Int
        /// Items that could not be read, and are left out.
        public var unreadable: Int
        /// Of the unreadable, folders that could not be listed: nobody knows how much is missing with them.
        public var unlisted = 0
        /// Of those, the ones that held something in the capture that changes are told by.
        public var unlistedFilled = 0
        /// The first few of their paths. Not recorded: the reason names them.
        public var unlistedPaths: [String] = []
        /// Of the changed, those whose size and time of change are what they were.
        public var rotten = 0
        /// The first few of their paths. Not recorded: the reason names them.
        public var rottenPaths: [String] = []

        public init(new: Int = 0, changed: Int = 0, unchanged: Int = 0, unreadable: Int = 0) {
            (self.new, self.changed, self.unchanged, self.unreadable) = (new, changed, unchanged, unreadable)
        }

        /// Files in all.
        public var files: Int { new + changed + unchanged }
    }

    /// Sixteen hexadecimal digits that name this capture in every vault.
    public var capture: String
    public var name: SourceName
    /// Captures of this source before this one.
    public var run: UInt64 = 0
    /// Where it was read from, without any secret.
    public var address: String
    public var started: Timestamp
    /// When everything was read.
    public var finished: Timestamp
    /// The program that made it, with its version.
    public var program: String
    public var facts: CaptureFacts
    public var changes: Changes
    public var verdict: Verdict = .good
    public var reasons: [VerdictReason] = []
    /// The capture that it was compared with: the last good one; nil for a first one.
    public var comparedWith: String?
    /// The most that any good capture of the last weeks had, this one included if it counts; nil in records of old.
    public var peak: CapturePeak?
    /// The thresholds that the verdict was found by.
    public var thresholds = GuardThresholds()

    public init(
        capture: String, name: SourceName, run: UInt64, address: String, started: Timestamp, finished: Timestamp,
        program: String, facts: CaptureFacts, changes: Changes
    ) {
        (self.capture, self.name, self.run, self.address) = (capture, name, run, address)
        (self.started, self.finished, self.program) = (started, finished, program)
        (self.facts, self.changes) = (facts, changes)
    }

    /// Notes what later captures are measured by, once facts and times are known.
    public mutating func notePeak(lastGood: CaptureRecord?) { peak = CapturePeak.after(self, lastGood: lastGood) }

    /// A name for a new capture.
    public static func newCapture() -> String {
        var generator = SystemRandomNumberGenerator()
        return Hex.encode((0..<8).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// The record as JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.put("version", 1)
        json.put("capture", capture)
        json.put("run", run)
        json.put("organisation", name.organisation)
        json.put("system", name.system)
        json.put("source", name.source)
        json.put("address", address)
        json.key("started")
        json.time(started)
        json.key("finished")
        json.time(finished)
        json.put("program", program)
        json.key("facts")
        facts.write(to: &json)
        json.key("changes")
        json.beginObject()
        json.put("new", changes.new)
        json.put("changed", changes.changed)
        json.put("unchanged", changes.unchanged)
        json.put("unreadable", changes.unreadable)
        json.put("rotten", changes.rotten)
        if changes.unlisted > 0 {
            json.put("unlisted", changes.unlisted)
            json.put("unlisted_filled", changes.unlistedFilled)
        }
        json.endObject()
        json.put("verdict", verdict.rawValue)
        json.key("reasons")
        json.beginArray()
        for reason in reasons {
            json.beginObject()
            json.put("rule", reason.rule.rawValue)
            json.put("sentence", reason.sentence)
            json.endObject()
        }
        json.endArray()
        if let comparedWith { json.put("compared_with", comparedWith) }
        if let peak {
            json.key("peak")
            peak.write(to: &json)
        }
        json.key("thresholds")
        thresholds.write(to: &json)
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    mutating func put(_ key: StaticString, _ value: String) {
        self.key(key)
        string(value)
    }

    mutating func put(_ key: StaticString, _ value: some BinaryInteger) {
        self.key(key)
        number(value)
    }
}

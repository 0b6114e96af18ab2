// What was written down about the locks of a bucket when they were renewed last. A note beside restic's files: whoever may
// write to the bucket may write it too, so it is believed only as far as samples agree.

public import HikaeCore
import HikaeFormat

/// When the locks of a repository's objects were looked after, and how long all of them hold.
public struct LockRecord: Sendable, Equatable {
    /// The settings that were followed.
    public var settings: ObjectLockSettings
    public var renewed: Timestamp
    /// The earliest end of any lock; the time of the renewal itself where something had none.
    public var until: Timestamp
    /// Objects that were looked at.
    public var objects: UInt64

    /// Where it lies, below the repository's prefix.
    static let path = "hikae/object-lock.json"

    /// As it is stored.
    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("version")
        json.number(1)
        json.key("mode")
        json.string(settings.mode.rawValue)
        json.key("days")
        json.number(settings.days)
        json.key("renewed")
        json.time(renewed)
        json.key("until")
        json.time(until)
        json.key("objects")
        json.number(objects)
        json.endObject()
        return json.bytes
    }

    /// Nil for what is no such record.
    init?(_ bytes: [UInt8]) {
        var mode: ObjectLockSettings.Mode?
        var days: UInt64?
        var times: [Timestamp?] = [nil, nil]
        var objects: UInt64 = 0
        do throws(HikaeError) {
            try JSONReader.read(bytes, of: "the record of locks") { json, key throws(HikaeError) in
                if key.is("mode") {
                    mode = ObjectLockSettings.Mode(rawValue: try json.text())
                } else if key.is("days") {
                    days = try json.unsigned()
                } else if key.is("renewed") {
                    times[0] = try json.time()
                } else if key.is("until") {
                    times[1] = try json.time()
                } else if key.is("objects") {
                    objects = try json.unsigned()
                } else {
                    try json.skip()
                }
            }
        } catch { return nil }
        guard let mode, let days, (1...36_500).contains(days), let renewed = times[0], let until = times[1] else {
            return nil
        }
        self.init(
            settings: ObjectLockSettings(mode: mode, days: Int(days)), renewed: renewed, until: until, objects: objects)
    }

    init(settings: ObjectLockSettings, renewed: Timestamp, until: Timestamp, objects: UInt64) {
        (self.settings, self.renewed, self.until, self.objects) = (settings, renewed, until, objects)
    }
}

/// When locks are to be renewed, and from when on somebody must be told. Pure.
public struct LockSchedule: Sendable, Equatable {
    /// What every object is to be locked with.
    public var settings: ObjectLockSettings
    /// A lock of which less than this share of its time is left is renewed.
    public var renewalShare = 0.5

    public init(_ settings: ObjectLockSettings) { self.settings = settings }

    private var period: Double { Double(settings.days) * 86_400 }

    /// Whether a lock that ends at `until` is to be renewed now.
    func wantsRenewal(until: Timestamp, now: Timestamp) -> Bool {
        Double(until.seconds - now.seconds) < period * renewalShare
    }

    /// Whether all objects are to be looked at: an eighth of the period after the last time, so that no lock gets near
    /// its end; and at once when other settings hold, when nothing is written down, or when a clock went back.
    public func isDue(_ record: LockRecord?, now: Timestamp) -> Bool {
        guard let record, record.settings == settings else { return true }
        let age = Double(now.seconds - record.renewed.seconds)
        return age < -3600 || age >= period / 8 || isOverdue(until: record.until, now: now)
    }

    /// Whether a renewal was missed: less than a quarter of the period is left for some object.
    public func isOverdue(until: Timestamp, now: Timestamp) -> Bool {
        Double(until.seconds - now.seconds) < period / 4
    }
}

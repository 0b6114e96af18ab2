// The most that a source had of late. What is taken away a little at a time is no day's great loss, but a month's.

public import HikaeCore
import HikaeFormat
import HikaeSource

/// The most items that any good capture of the last weeks had. Each record carries it on, so that no old one need be read.
public struct CapturePeak: Sendable, Equatable {
    public var items: UInt64
    /// When the capture that had them was finished.
    public var time: Timestamp

    /// Days for which it counts.
    static let days: Int64 = 30

    public init(items: UInt64, time: Timestamp) { (self.items, self.time) = (items, time) }

    private init(of record: CaptureRecord) { self.init(items: record.facts.items, time: record.finished) }

    /// What a capture at `now` is measured by; nil when there is no last good capture.
    ///
    /// A suspect capture that a person accepted is a new beginning: what was before it counts no more.
    init?(_ lastGood: CaptureRecord?, at now: Timestamp) {
        guard let lastGood else { return nil }
        self.init(of: lastGood)
        guard lastGood.verdict == .good, let carried = lastGood.peak, carried.items > items,
            now.seconds - carried.time.seconds <= Self.days * 86_400
        else { return }
        self = carried
    }

    /// The peak once `record` is made: its own figure, unless the one before it is higher.
    static func after(_ record: CaptureRecord, lastGood: CaptureRecord?) -> CapturePeak {
        let own = CapturePeak(of: record)
        guard let before = CapturePeak(lastGood, at: record.finished), before.items > own.items else { return own }
        return before
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.put("items", items)
        json.key("time")
        json.time(time)
        json.endObject()
    }

    init(from json: inout JSONReader) throws(HikaeError) {
        self.init(items: 0, time: .zero)
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("items") {
                items = try json.unsigned()
            } else if key.is("time") {
                time = try json.time()
            } else {
                try json.skip()
            }
        }
    }
}

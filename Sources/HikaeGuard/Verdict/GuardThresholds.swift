// How much may be otherwise before a capture is suspect.

import HikaeCore
import HikaeFormat

/// The thresholds that verdicts are found by. All percentages are of the last good capture.
public struct GuardThresholds: Sendable, Equatable {
    /// Fewer items, or fewer bytes, by more than this many percent are suspect.
    public var shrinkPercent: Double
    /// More than this many percent of the files changed or gone at once are suspect.
    public var changePercent: Double
    /// Whatever has fewer items than this is suspect only when more than half of it is gone.
    public var minimumItems: Int
    /// More than this many percent of what was newly read looking encrypted, or like error pages, are suspect.
    public var contentPercent: Double
    /// More than this many percent of the items being unreadable are suspect.
    public var unreadablePercent: Double

    /// The defaults suit a company whose data grows and changes a little every day.
    public init(
        shrinkPercent: Double = 20, changePercent: Double = 60, minimumItems: Int = 20, contentPercent: Double = 5,
        unreadablePercent: Double = 5
    ) {
        (self.shrinkPercent, self.changePercent, self.minimumItems) = (shrinkPercent, changePercent, minimumItems)
        (self.contentPercent, self.unreadablePercent) = (contentPercent, unreadablePercent)
    }

    /// The shrinking that is allowed to what had so many items.
    func allowedShrink(items: UInt64) -> Double {
        items < UInt64(max(0, minimumItems)) ? max(50, shrinkPercent) : shrinkPercent
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("shrink_percent")
        json.number(shrinkPercent)
        json.key("change_percent")
        json.number(changePercent)
        json.key("minimum_items")
        json.number(minimumItems)
        json.key("content_percent")
        json.number(contentPercent)
        json.key("unreadable_percent")
        json.number(unreadablePercent)
        json.endObject()
    }

    init(from json: inout JSONReader) throws(HikaeError) {
        self.init()
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("minimum_items") {
                minimumItems = Int(clamping: try json.unsigned())
                continue
            }
            let text = String(decoding: try json.rawValue(), as: UTF8.self)
            guard let number = Double(text) else { continue }
            if key.is("shrink_percent") { shrinkPercent = number }
            if key.is("change_percent") { changePercent = number }
            if key.is("content_percent") { contentPercent = number }
            if key.is("unreadable_percent") { unreadablePercent = number }
        }
    }
}

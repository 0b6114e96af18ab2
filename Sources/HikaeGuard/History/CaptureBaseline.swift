// What a new capture is compared with, and what speaks against relying on it. A capture that could not be compared must
// not pass for one that was.

public import HikaeCore

/// The measure for one new capture of a source.
public struct CaptureBaseline: Sendable {
    /// The record to compare with; nil when there is none, or none that can be read.
    public var record: CaptureRecord?
    /// Good captures, newer than the one compared with, whose records cannot be read.
    public var unreadable: Int
    /// Whether the one compared with has lost something of its content since.
    public var isRepaired: Bool
    /// Whether captures may exist that are not among those looked at.
    public var isUncertain: Bool

    /// What a first capture is compared with: nothing, and nothing is wrong with that.
    public static let none = CaptureBaseline(record: nil)

    public init(
        record: CaptureRecord?, unreadable: Int = 0, isRepaired: Bool = false, isUncertain: Bool = false
    ) {
        (self.record, self.unreadable) = (record, unreadable)
        (self.isRepaired, self.isUncertain) = (isRepaired, isUncertain)
    }

    /// Finds it: the newest good capture whose record can be read, and only when there is no such one of those that
    /// were saved again with losses.
    ///
    /// - Parameters:
    ///   - isComplete: whether the history is known to be all there is.
    ///   - report: told of each record that cannot be read.
    public init(
        _ history: SourceHistory, isComplete: Bool, read: (CaptureEntry) throws(HikaeError) -> CaptureRecord,
        report: (HikaeError) -> Void
    ) {
        let good = history.captures.reversed().filter(\.isGood)
        self.init(record: nil, isUncertain: !isComplete)
        for entry in good.filter({ !$0.isRepaired }) + good.filter(\.isRepaired) {
            do throws(HikaeError) {
                record = try read(entry)
                isRepaired = entry.isRepaired
                return
            } catch {
                report(error)
                unreadable += 1
            }
        }
    }
}

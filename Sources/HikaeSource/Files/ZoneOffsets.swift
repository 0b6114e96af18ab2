// The local time zone's offset for many times, without asking the C library for each.

import HikaeCore
import Synchronization

/// Offsets of the local zone, remembered by quarter of an hour: zones change at such moments, and seldom.
final class ZoneOffsets: Sendable {
    private static let slotCount = 1024
    private static let window: Int64 = 900

    private struct Slot {
        var window: Int64 = .min
        var offset: Int32 = 0
    }

    private let slots = Mutex([Slot](repeating: Slot(), count: slotCount))

    /// Gives each of the times its offset. One lock for all.
    func apply(to node: inout (mtime: Timestamp, atime: Timestamp, ctime: Timestamp)) {
        slots.withLock { slots in
            node.mtime.offset = Self.offset(at: node.mtime.seconds, &slots)
            node.atime.offset = Self.offset(at: node.atime.seconds, &slots)
            node.ctime.offset = Self.offset(at: node.ctime.seconds, &slots)
        }
    }

    private static func offset(at seconds: Int64, _ slots: inout [Slot]) -> Int32 {
        let window = seconds >= 0 ? seconds / window : (seconds - window + 1) / window
        let index = Int(truncatingIfNeeded: window) & (slotCount - 1)
        if slots[index].window == window { return slots[index].offset }
        let (start, overflow) = window.multipliedReportingOverflow(by: self.window)
        let offset = LocalZone.offset(at: seconds)
        // A window in which the zone changes is asked about each time.
        if !overflow, LocalZone.offset(at: start) == offset, LocalZone.offset(at: start &+ self.window - 1) == offset {
            slots[index] = Slot(window: window, offset: offset)
        }
        return offset
    }
}

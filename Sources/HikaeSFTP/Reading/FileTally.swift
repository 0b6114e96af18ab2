// What is counted while a folder is read.

import HikaeCore
import HikaeSource
import Synchronization

/// Files and bytes in all, and in each folder at the top.
final class FileTally: Sendable {
    /// What one directory holds.
    struct Count: Sendable {
        var items: UInt64 = 0
        var bytes: UInt64 = 0
        var special: UInt64 = 0
    }

    private struct State {
        /// The first counts what lies at the top itself.
        var groups = [CaptureFacts.Group(name: "/", items: 0, bytes: 0)]
        var numbers: [[UInt8]: Int] = [:]
        var special: UInt64 = 0
        var overflowed = false
    }

    /// More folders at the top than this are not counted each by itself.
    private static let groupLimit = 1000

    private let state = Mutex(State())

    /// The number of the part for a folder at the top.
    func group(named name: [UInt8]) -> Int {
        state.withLock { state in
            if let known = state.numbers[name] { return known }
            guard state.groups.count <= Self.groupLimit else {
                state.overflowed = true
                return 0
            }
            state.groups.append(CaptureFacts.Group(name: Printable.path(name), items: 0, bytes: 0))
            state.numbers[name] = state.groups.count - 1
            return state.groups.count - 1
        }
    }

    /// A directory was listed.
    func add(_ count: Count, group: Int?) {
        state.withLock { state in
            state.groups[group ?? 0].items += count.items
            state.groups[group ?? 0].bytes += count.bytes
            state.special += count.special
        }
    }

    /// A file turned out to be left out, or of another size than listed.
    func correct(listed: UInt64, actual: UInt64?, group: Int?) {
        state.withLock { state in
            let number = group ?? 0
            if actual == nil { state.groups[number].items -= 1 }
            state.groups[number].bytes = state.groups[number].bytes &- listed &+ (actual ?? 0)
        }
    }

    /// The facts so far.
    func facts() -> CaptureFacts {
        state.withLock { state in
            var facts = CaptureFacts(unit: .files)
            for group in state.groups {
                facts.items += group.items
                facts.bytes += group.bytes
            }
            facts.groups = state.groups.filter { $0.items > 0 }.sorted { $0.name < $1.name }
            if state.overflowed {
                facts.notes.append(
                    "there are more than \(Self.groupLimit) folders at the top: the rest is counted as “/”")
            }
            if state.special > 0 {
                facts.notes.append(
                    "\(state.special) special file\(state.special == 1 ? "" : "s") (devices, sockets, FIFOs) were left out"
                )
            }
            return facts
        }
    }
}

// The calls of a store that the tests of faults make on every kind of store, and what each must have done.

import HikaeCore
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

/// One call of a store that holds two files and no config.
enum FaultCall: String, CaseIterable, Sendable, CustomStringConvertible {
    case create, save, load, read, size, list, remove
    case saveConfig = "save the config"

    static let content = [UInt8](repeating: 0xA5, count: 50_000)
    static let pack = StoredFile(.pack, .named(by: content))
    static let other = StoredFile(.snapshot, .named(by: [9]))

    var description: String { rawValue }

    /// For who is hurried: on a busy machine a server may answer late again and again.
    static let hurriedPolicy = RetryPolicy(attempts: 500, firstPause: 1, longestPause: 1)

    /// Makes a store that the calls can be made on.
    static func prepare(_ store: any ObjectStore) throws {
        try store.create()
        try store.save(pack, content)
        try store.save(other, [9])
    }

    /// A call that said it was done and has not done what it says.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the call and looks whether it did what it says; throws `Broken` if not. May be made on any thread.
    func perform(on store: any ObjectStore) throws {
        func expect(_ isTrue: Bool, _ what: String) throws {
            if !isTrue { throw Broken(description: "\(self) succeeded, and \(what)") }
        }
        switch self {
        case .create:
            try store.create()
            try expect(try store.list(.snapshot).map(\.id) == [Self.other.id], "what was there is gone")
        case .save:
            let file = StoredFile(.pack, .named(by: [1, 2]))
            try store.save(file, [1, 2])
            try expect(try store.load(file) == [1, 2], "the file is another")
        case .saveConfig:
            try store.save(.config, [5, 5])
            try expect(try store.load(.config) == [5, 5], "the config is another")
        case .load: try expect(try store.load(Self.pack) == Self.content, "gave other bytes")
        case .read:
            let loaded = try store.load(Self.pack, range: 10..<40_000)
            try expect(loaded == Array(Self.content[10..<40_000]), "gave other bytes")
        case .size: try expect(try store.size(Self.pack) == 50_000, "told another size")
        case .list: try expect(try store.list(.pack).map(\.size) == [50_000], "listed something else")
        case .remove:
            try store.remove(Self.other)
            try expect(try !store.exists(Self.other), "the file is there")
        }
    }
}

/// Work in several lanes side by side: most of it waits, for programs to start and for patience to end.
enum Lanes {
    static let count = 6

    /// Does every item in one of the lanes, each with what `prepare` makes for it. What went wrong is told at the end, by
    /// the test's own thread.
    static func each<Item: Sendable, Tool>(
        _ items: [Item], _ prepare: @escaping @Sendable () throws -> Tool,
        _ body: @escaping @Sendable (Tool, Item) throws -> Void
    ) {
        let next = Atomic<Int>(0)
        let failures = Mutex<[String]>([])
        runThreads(min(count, items.count)) { _ in
            do {
                let tool = try prepare()
                while case let number = next.add(1, ordering: .relaxed).oldValue, number < items.count {
                    do { try body(tool, items[number]) } catch { failures.withLock { $0.append("\(error)") } }
                }
            } catch { failures.withLock { $0.append("\(error)") } }
        }
        #expect(next.load(ordering: .relaxed) >= items.count)
        for failure in failures.withLock({ $0 }) { Issue.record("\(failure)") }
    }
}

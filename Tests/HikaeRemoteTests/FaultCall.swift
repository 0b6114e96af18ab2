// The calls of a store that the tests of faults make on every kind of store, and what each must have done.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

/// One call of a store that holds two files and no config.
enum FaultCall: String, CaseIterable, Sendable, CustomStringConvertible {
    case create, save, load, read, size, list, remove
    case saveConfig = "save the config"

    static let content = [UInt8](repeating: 0xA5, count: 50_000)
    static let pack = StoredFile(.pack, .named(by: content))
    static let other = StoredFile(.snapshot, .named(by: [9]))

    var description: String { rawValue }

    /// Makes a store that the calls can be made on.
    static func prepare(_ store: any ObjectStore) throws {
        try store.create()
        try store.save(pack, content)
        try store.save(other, [9])
    }

    /// Makes the call and looks whether it did what it says.
    func perform(on store: any ObjectStore) throws {
        switch self {
        case .create:
            try store.create()
            #expect(try store.list(.snapshot).map(\.id) == [Self.other.id])
        case .save:
            let file = StoredFile(.pack, .named(by: [1, 2]))
            try store.save(file, [1, 2])
            #expect(try store.load(file) == [1, 2])
        case .saveConfig:
            try store.save(.config, [5, 5])
            #expect(try store.load(.config) == [5, 5])
        case .load:
            let loaded = try store.load(Self.pack)
            #expect(loaded == Self.content)
        case .read:
            let loaded = try store.load(Self.pack, range: 10..<40_000)
            #expect(loaded == Array(Self.content[10..<40_000]))
        case .size:
            let size = try store.size(Self.pack)
            #expect(size == 50_000)
        case .list:
            let listed = try store.list(.pack)
            #expect(listed.map(\.size) == [50_000])
        case .remove:
            try store.remove(Self.other)
            #expect(try !store.exists(Self.other))
        }
    }
}

// The suite for stores that only take new data in: what holds of every store still holds, and nothing but locks goes.

internal import HikaeCore
internal import HikaeStore

extension StoreConformance {
    /// All checks of a store that removes and replaces nothing but locks.
    public static let appendOnlyChecks: [Check] = [
        Check(description: "a repository is laid out once, and never over another", body: creating),
        Check(description: "what is saved is loaded", body: roundTrip),
        Check(description: "empty and large files are files", body: sizes),
        Check(description: "ranges are exact, and damage when the file is too short", body: ranges),
        Check(description: "what is not there is not found", body: { try notFound($0, removes: false) }),
        Check(description: "a listing has every file of its kind, with its size, and no other", body: listing),
        Check(description: "a config is never replaced", body: configOnce),
        Check(description: "a place without a repository is no empty repository", body: noRepository),
        Check(description: "nothing but a lock is ever removed", body: keeping),
        Check(description: "nothing is ever replaced, and the same again is no harm", body: writtenOnce),
        Check(description: "bytes that are not what their name says are not taken", body: namedByContent),
        Check(description: "threads may save, read and list at once, and locks come and go", body: concurrentAdding),
        Check(description: "parity beside restic's files is kept, once", body: keptExtras),
    ]

    static func keeping(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 21)
        try store.save(.config, [1])
        for kind in idKinds where kind != .lock {
            let (file, content) = file(kind, 100, &generator)
            try store.save(file, content)
            try expect(.refused, "removing a \(kind)") { () throws(HikaeError) in try store.remove(file) }
            try expect(try store.load(file) == content, "it is as it was")
            try expect(try store.list(kind).map(\.id) == [.named(by: content)], "and it is listed")
        }
        try expect(.refused, "removing the config") { () throws(HikaeError) in try store.remove(.config) }
        try expect(try store.load(.config) == [1], "it is as it was")
        let (lock, content) = file(.lock, 100, &generator)
        try store.save(lock, content)
        try store.remove(lock)
        try expect(try store.list(.lock).isEmpty, "a lock goes")
        try expect(.notFound, "loading what was removed") { () throws(HikaeError) in try store.load(lock) }
        try store.save(lock, content)
        try expect(try store.load(lock) == content, "and can come back")
    }

    static func writtenOnce(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 22)
        for kind in idKinds {
            let (file, content) = file(kind, 5000, &generator)
            try store.save(file, content)
            try store.save(file, content)
            try expect(try store.load(file) == content, "the first \(kind) stands")
            try expect(try store.list(kind).map(\.size) == [5000], "and stands once")
        }
    }

    private static func fails(_ body: () throws(HikaeError) -> Void) -> Bool {
        do throws(HikaeError) { try body() } catch { return true }
        return false
    }

    static func namedByContent(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 23)
        for kind in idKinds {
            let (file, content) = file(kind, 5000, &generator)
            for wrong in [Array(content.dropLast()), content + [0], [UInt8](repeating: 0, count: 5000), []] {
                try expect(
                    fails { () throws(HikaeError) in try store.save(file, wrong) },
                    "\(wrong.count) wrong bytes are not taken for a \(kind)")
            }
            try expect(try !store.exists(file), "nothing of it is there")
            try store.save(file, content)
            try expect(try store.load(file) == content, "the right bytes are taken afterwards")
            let other = generator.bytes(5000)
            try expect(fails { () throws(HikaeError) in try store.save(file, other) }, "another \(kind) is not taken")
            try expect(try store.load(file) == content, "the first one stands")
        }
    }

    static func concurrentAdding(_ store: any ObjectStore) throws {
        try store.create()
        let failure = FirstError()
        runThreads(8) { thread in
            var generator = SeededGenerator(seed: UInt64(200 + thread))
            do throws(HikaeError) {
                for round in 0..<12 {
                    let kind = idKinds[round % idKinds.count]
                    let (file, content) = file(kind, 1 + 3000 * round, &generator)
                    try store.save(file, content)
                    let loaded = try store.load(file)
                    _ = try store.list(kind)
                    if loaded != content { throw HikaeError(.damaged, "\(file) is not what was saved") }
                    if kind == .lock { try store.remove(file) }
                }
                try store.flush()
            } catch { failure.set(error) }
        }
        if let error = failure.value { throw error }
        let kinds = (0..<12).map { idKinds[$0 % idKinds.count] }
        for kind in idKinds {
            let expected = kind == .lock ? 0 : 8 * kinds.count { $0 == kind }
            try expect(try store.list(kind).count == expected, "of kind \(kind) \(expected) are left")
        }
        let same = StoredFile(.pack, .named(by: [1, 2, 3]))
        runThreads(4) { _ in
            do throws(HikaeError) { try store.save(same, [1, 2, 3]) } catch { failure.set(error) }
        }
        if let error = failure.value { throw error }
        try expect(try store.load(same) == [1, 2, 3], "a file saved by four threads at once is whole")
    }

    static func keptExtras(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 24)
        let (file, content) = file(.parity, 5000, &generator)
        let other = generator.bytes(5000)
        try expect(try store.list(.parity).isEmpty, "there is no parity at first")
        try expect(.notFound, "loading missing parity") { () throws(HikaeError) in try store.load(file) }
        try store.save(file, content)
        try store.save(file, content)
        try expect(fails { () throws(HikaeError) in try store.save(file, other) }, "other parity is not taken")
        try store.flush()
        try expect(try store.load(file) == content, "parity is what was saved")
        try expect(try store.load(file, range: 10..<20) == Array(content[10..<20]), "so is a part of it")
        try expect(
            try store.list(.parity) == [StoredFileInfo(id: .named(by: content), size: 5000)], "it is listed")
        try expect(.refused, "removing it") { () throws(HikaeError) in try store.remove(file) }
        try expect(try store.load(file) == content, "it is as it was")
        for kind in idKinds { try expect(try store.list(kind).isEmpty, "and is none of restic's files") }
    }
}

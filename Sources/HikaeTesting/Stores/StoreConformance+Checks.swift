// The checks of the suite, one function a promise.

internal import HikaeCore
internal import HikaeStore

extension StoreConformance {
    static func creating(_ store: any ObjectStore) throws {
        try expect(!store.location.isEmpty, "a store says where it is")
        try store.create()
        try store.create()
        for kind in FileKind.standard { try expect(try store.list(kind).isEmpty, "a new repository is empty") }
        try store.save(.config, [1, 2, 3])
        try expect(.repositoryExists, "creating over a repository") { () throws(HikaeError) in try store.create() }
        try expect(try store.load(.config) == [1, 2, 3], "its config is as it was")
    }

    static func roundTrip(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 1)
        try store.save(.config, Array("config".utf8))
        try expect(try store.load(.config) == Array("config".utf8), "the config is what was saved")
        try expect(try store.size(.config) == 6, "the config's size is right")
        for kind in idKinds {
            for count in [1, 2, 4095, 4096, 4097, 65537] {
                let (file, content) = file(kind, count, &generator)
                try expect(try !store.exists(file), "it is not there before")
                try store.save(file, content)
                try expect(try store.load(file) == content, "\(kind) of \(count) bytes is what was saved")
                try expect(try store.size(file) == UInt64(count), "its size is right")
                try expect(try store.exists(file), "it is there")
            }
        }
    }

    static func sizes(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 2)
        for kind in idKinds {
            let empty = StoredFile(kind, .named(by: []))
            try store.save(empty, [])
            try expect(try store.load(empty).isEmpty, "an empty \(kind) is empty")
            try expect(try store.load(empty, range: 0..<0).isEmpty, "so is its only range")
            try expect(try store.list(kind) == [StoredFileInfo(id: .named(by: []), size: 0)], "it is listed")
        }
        let (large, content) = file(.pack, 20 << 20, &generator)
        try store.save(large, content)
        try expect(try store.load(large) == content, "a pack of 20 MiB is what was saved")
        try expect(try store.size(large) == 20 << 20, "its size is right")
    }

    static func ranges(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 3)
        for kind in idKinds {
            let (file, content) = file(kind, 100_000, &generator)
            try store.save(file, content)
            for _ in 0..<50 {
                let start = Int.random(in: 0...content.count, using: &generator)
                let end = Int.random(in: start...content.count, using: &generator)
                let loaded = try store.load(file, range: UInt64(start)..<UInt64(end))
                try expect(loaded == Array(content[start..<end]), "\(kind): bytes \(start) to \(end) are exact")
                try expect(try read(store, file, start, end - start) == loaded, "read gives what load gives")
            }
            try expect(try store.load(file, range: 100_000..<100_000).isEmpty, "an empty range at the end is there")
            for range in [UInt64(0)..<100_001, 99_999..<100_001, 100_000..<100_001, 200_000..<200_001] {
                try expect(.damaged, "\(kind): loading \(range) of 100000 bytes") { () throws(HikaeError) in
                    try store.load(file, range: range)
                }
                try expect(.damaged, "\(kind): reading \(range) of 100000 bytes") { () throws(HikaeError) in
                    try read(store, file, Int(range.lowerBound), range.count)
                }
            }
        }
    }

    private static func read(
        _ store: any ObjectStore, _ file: StoredFile, _ start: Int, _ count: Int
    ) throws(HikaeError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xA5, count: count)
        try bytes.withMutableBytes { buffer throws(HikaeError) in
            try store.read(file, at: UInt64(start), into: buffer)
        }
        return bytes
    }

    static func notFound(_ store: any ObjectStore) throws { try notFound(store, removes: true) }

    static func notFound(_ store: any ObjectStore, removes: Bool) throws {
        try store.create()
        let missing = FileID.named(by: [9])
        for file in [StoredFile.config] + idKinds.map({ StoredFile($0, missing) }) {
            try expect(.notFound, "loading a missing \(file)") { () throws(HikaeError) in try store.load(file) }
            try expect(.notFound, "loading a part of it") { () throws(HikaeError) in
                try store.load(file, range: 0..<1)
            }
            try expect(.notFound, "reading it") { () throws(HikaeError) in try read(store, file, 0, 1) }
            try expect(.notFound, "its size") { () throws(HikaeError) in try store.size(file) }
            if removes { try expect(.notFound, "removing it") { () throws(HikaeError) in try store.remove(file) } }
            try expect(try !store.exists(file), "it does not exist")
        }
    }

    static func listing(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 4)
        var expected: [FileKind: Set<StoredFileInfo>] = [:]
        for kind in idKinds {
            // Enough packs that some share their first byte and some do not.
            for count in 1...(kind == .pack ? 60 : 8) {
                let (file, content) = file(kind, count, &generator)
                try store.save(file, content)
                expected[kind, default: []].insert(
                    StoredFileInfo(id: .named(by: content), size: UInt64(content.count)))
            }
        }
        try store.save(.config, [7])
        for kind in idKinds {
            let listed = try store.list(kind)
            try expect(Set(listed) == expected[kind], "all of kind \(kind) are listed with their sizes")
            try expect(listed.count == expected[kind]?.count, "each once")
        }
        try expect(try store.list(.config).isEmpty, "the config has no ID to be listed by")
    }

    static func removing(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 5)
        try store.save(.config, [1])
        for kind in idKinds {
            let (kept, content) = file(kind, 10, &generator)
            let (removed, other) = file(kind, 10, &generator)
            try store.save(kept, content)
            try store.save(removed, other)
            try store.remove(removed)
            try expect(.notFound, "loading what was removed") { () throws(HikaeError) in try store.load(removed) }
            try expect(.notFound, "removing it twice") { () throws(HikaeError) in try store.remove(removed) }
            try expect(try store.list(kind).map(\.id) == [.named(by: content)], "only the other is listed")
            try expect(try store.load(kept) == content, "the other is as it was")
            try store.save(removed, other)
            try expect(try store.load(removed) == other, "it can come back")
        }
        try store.remove(.config)
        try expect(.notFound, "the config is gone") { () throws(HikaeError) in try store.load(.config) }
        try store.save(.config, [2])
        try expect(try store.load(.config) == [2], "another can take its place")
    }

    static func savingAgain(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 6)
        for kind in idKinds {
            let (file, content) = file(kind, 5000, &generator)
            try store.save(file, Array(content[..<100]))
            try store.save(file, content)
            try expect(try store.load(file) == content, "the second \(kind) stands")
            try store.save(file, content)
            try expect(try store.list(kind).map(\.size) == [5000], "and stands once")
        }
    }

    static func configOnce(_ store: any ObjectStore) throws {
        try store.create()
        try store.save(.config, [1, 2, 3])
        try expect(.repositoryExists, "saving a second config") { () throws(HikaeError) in
            try store.save(.config, [4, 5, 6])
        }
        try expect(try store.load(.config) == [1, 2, 3], "the first config stands")
    }

    static func flushing(_ store: any ObjectStore) throws {
        try store.create()
        try store.flush()
        var generator = SeededGenerator(seed: 7)
        let (pack, content) = file(.pack, 1000, &generator)
        try store.save(pack, content)
        try expect(try store.load(pack) == content, "a pack can be read before it is flushed")
        try store.flush()
        try store.flush()
        try store.remove(pack)
        try store.flush()
        try expect(try store.list(.pack).isEmpty, "a pack that was removed stays removed")
    }

    static func leftovers(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 8)
        let files = idKinds.map { file($0, 100, &generator) }
        for (file, content) in files { try store.save(file, content) }
        try expect(try store.removeLeftovers() == 0, "nothing is left half written")
        for (file, content) in files { try expect(try store.load(file) == content, "\(file) is what it was") }
    }

    static func noRepository(_ store: any ObjectStore) throws {
        let id = FileID.named(by: [1])
        for kind in idKinds {
            try expect(.noRepository, "listing nothing at all") { () throws(HikaeError) in try store.list(kind) }
            let file = StoredFile(kind, id)
            try expect(.noRepository, "loading from it") { () throws(HikaeError) in try store.load(file) }
            try expect(.noRepository, "saving to it") { () throws(HikaeError) in try store.save(file, [1]) }
        }
        try expect(.noRepository, "its config") { () throws(HikaeError) in try store.load(.config) }
    }

    static func extras(_ store: any ObjectStore) throws {
        try store.create()
        var generator = SeededGenerator(seed: 8)
        let (file, content) = file(.parity, 5000, &generator)
        // A store may know only when it asks its server.
        var keeps = store.traits.keepsExtras
        do throws(HikaeError) { _ = try store.list(.parity) } catch { if error.code == .unsupported { keeps = false } }
        guard keeps else {
            try expect(.unsupported, "saving parity") { () throws(HikaeError) in try store.save(file, content) }
            try expect(.unsupported, "loading parity") { () throws(HikaeError) in try store.load(file) }
            try expect(.unsupported, "listing parity") { () throws(HikaeError) in try store.list(.parity) }
            return
        }
        try expect(try store.list(.parity).isEmpty, "there is no parity at first")
        try expect(.notFound, "loading missing parity") { () throws(HikaeError) in try store.load(file) }
        try store.save(file, content)
        try store.flush()
        try expect(try store.load(file) == content, "parity is what was saved")
        try expect(try store.load(file, range: 10..<20) == Array(content[10..<20]), "so is a part of it")
        try expect(
            try store.list(.parity) == [StoredFileInfo(id: .named(by: content), size: 5000)], "it is listed")
        for kind in idKinds { try expect(try store.list(kind).isEmpty, "and is none of restic's files") }
        try store.remove(file)
        try expect(try store.list(.parity).isEmpty, "it can be removed")
    }

    static func concurrency(_ store: any ObjectStore) throws {
        try store.create()
        let failure = FirstError()
        runThreads(8) { thread in
            var generator = SeededGenerator(seed: UInt64(100 + thread))
            do throws(HikaeError) {
                for round in 0..<12 {
                    let kind = idKinds[round % idKinds.count]
                    let (file, content) = file(kind, 1 + 3000 * round, &generator)
                    try store.save(file, content)
                    if round.isMultiple(of: 4) { try store.flush() }
                    let loaded = try store.load(file)
                    _ = try store.list(kind)
                    if loaded != content { throw HikaeError(.damaged, "\(file) is not what was saved") }
                    if round.isMultiple(of: 3) { try store.remove(file) }
                }
            } catch { failure.set(error) }
        }
        if let error = failure.value { throw error }
        let left = try idKinds.reduce(0) { try $0 + store.list($1).count }
        try expect(left == 8 * 8, "eight files of each of eight threads are left, not \(left) in all")
        // All at once under one name: the last of them stands, and it is whole.
        let same = StoredFile(.pack, .named(by: [1, 2, 3]))
        runThreads(4) { _ in
            do throws(HikaeError) { try store.save(same, [1, 2, 3]) } catch { failure.set(error) }
        }
        if let error = failure.value { throw error }
        try expect(try store.load(same) == [1, 2, 3], "a file saved by four threads at once is whole")
    }

    static func foreignNames(_ store: any ObjectStore, _ plant: Plant) throws {
        try store.create()
        let hex = FileID.named(by: [1]).hex
        let names = [
            "README", ".hidden", "\(hex)-tmp-123456", String(hex.dropLast()), hex + "0", hex.uppercased(),
            String(repeating: "g", count: 64),
        ]
        for kind in idKinds {
            let folder = kind == .pack ? "data/\(hex.prefix(2))" : kind.folder
            for name in names { try plant(store, "\(folder)/\(name)", [1, 2, 3]) }
            try expect(try store.list(kind).isEmpty, "names in \(folder) that are no IDs are not listed")
        }
        // In a folder where it cannot be looked for.
        let elsewhere = hex.hasPrefix("00") ? "01" : "00"
        for folder in ["data/\(elsewhere)", "data", "data/zz", "data/000"] { try plant(store, "\(folder)/\(hex)", [1]) }
        try expect(try store.list(.pack).isEmpty, "packs that could not be loaded are not listed")
    }
}

// Packs on their way: several at once, bounded, none forgotten.

import HikaeCore
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@Suite("The pipelined store")
struct PipelinedStoreTests {
    /// A store whose saves of packs wait until they are let go.
    final class GatedStore: ObjectStore {
        private struct State {
            var waiting = 0
            var most = 0
            var isOpen = false
        }

        let base = MemoryStore()
        private let state = Monitor(State())
        var location: String { "gated" }

        /// The most that ever waited at once.
        var most: Int { state.withLock { $0.most } }

        /// Returns once `count` saves wait.
        func waitFor(_ count: Int) { state.wait { $0.waiting >= count ? () : nil } }

        func open() { state.withLock { $0.isOpen = true } }

        func create() throws(HikaeError) { try base.create() }
        func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
            if file.kind == .pack {
                state.withLock { state in
                    state.waiting += 1
                    state.most = max(state.most, state.waiting)
                }
                state.wait { $0.isOpen ? () : nil }
                state.withLock { $0.waiting -= 1 }
            }
            try base.save(file, content)
        }
        func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
            try base.load(file, range: range)
        }
        func read(_ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError)
        {
            try base.read(file, at: offset, into: buffer)
        }
        func size(_ file: StoredFile) throws(HikaeError) -> UInt64 { try base.size(file) }
        func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] { try base.list(kind) }
        func remove(_ file: StoredFile) throws(HikaeError) { try base.remove(file) }
        func flush() throws(HikaeError) { try base.flush() }
    }

    private func pack(_ number: Int) -> (StoredFile, [UInt8]) {
        let content = Array("pack \(number)".utf8)
        return (StoredFile(.pack, .named(by: content)), content)
    }

    @Test("conforms", arguments: StoreConformance.checks)
    func conforms(_ check: StoreConformance.Check) throws {
        try check.run(PipelinedStore(MemoryStore(), uploads: 3))
    }

    @Test("has as many packs under way as it was told, and holds no more than two besides")
    func bound() throws {
        let gated = GatedStore()
        let store = PipelinedStore(gated, uploads: 3)
        try store.create()
        let handed = Atomic<Int>(0)
        let caller = RunningThread { [self] in
            for number in 0..<8 {
                let (file, content) = pack(number)
                try? store.save(file, content)
                handed.add(1, ordering: .sequentiallyConsistent)
            }
        }
        gated.waitFor(3)
        // Three travel and two wait, so that the sixth is not taken.
        #expect(handed.load(ordering: .sequentiallyConsistent) <= 5)
        #expect(gated.base.files.isEmpty)
        gated.open()
        caller.join()
        try store.flush()
        #expect(gated.base.files.count == 8)
        #expect(gated.most == 3)
    }

    @Test("waits for a pack that is read while it travels, and for all before an index")
    func order() throws {
        let gated = GatedStore()
        let store = PipelinedStore(gated, uploads: 2)
        try store.create()
        let (file, content) = pack(1)
        try store.save(file, content)
        gated.waitFor(1)
        let index = StoredFile(.index, .named(by: [1]))
        let writer = RunningThread { try? store.save(index, [1]) }
        let reader = RunningThread { #expect((try? store.load(file)) == content) }
        // A lock is in nobody's way.
        try store.save(StoredFile(.lock, .named(by: [2])), [2])
        #expect(gated.base.files[index] == nil)
        gated.open()
        writer.join()
        reader.join()
        #expect(gated.base.files[index] == [1])
        #expect(gated.base.files[file] == content)
    }

    @Test("tells of a pack that could not be stored, at the barrier and ever after")
    func failure() throws {
        let full = HikaeError(.noSpace, "full")
        let faulty = FaultyStore(
            MemoryStore(), plan: FaultPlan([.on([.save], of: [.pack], numbers: 2..<3, .fail(full))]))
        let store = PipelinedStore(faulty, uploads: 4)
        try store.create()
        for number in 0..<4 {
            let (file, content) = pack(number)
            do throws(HikaeError) { try store.save(file, content) } catch { #expect(error == full) }
        }
        for _ in 0..<2 { #expect(code { () throws(HikaeError) in try store.flush() } == .noSpace) }
        let index = StoredFile(.index, .named(by: [1]))
        #expect(code { () throws(HikaeError) in try store.save(index, [1]) } == .noSpace)
        #expect(
            code { () throws(HikaeError) in try store.save(StoredFile(.snapshot, .named(by: [1])), [1]) } == .noSpace)
        let (next, content) = pack(9)
        #expect(code { () throws(HikaeError) in try store.save(next, content) } == .noSpace)
        // What lets others work goes on.
        let lock = StoredFile(.lock, .named(by: [2]))
        try store.save(lock, [2])
        try store.remove(lock)
    }

    @Test("carries what it was given to the end when nobody holds it any more")
    func released() throws {
        let memory = MemoryStore()
        do {
            let store = PipelinedStore(memory, uploads: 2)
            try store.create()
            for number in 0..<5 {
                let (file, content) = pack(number)
                try store.save(file, content)
            }
        }
        #expect(memory.files.count == 5)
    }
}

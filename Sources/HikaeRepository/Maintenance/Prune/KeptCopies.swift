// Of a blob with several copies a prune keeps one. That one is read before the others go: where a pack has rotted, or a
// mending was cut short, the whole copy may be the one that looks like waste.

import HikaeCore
import HikaeFormat
import HikaeStore

/// Proves the copies that a prune is about to rely on.
struct KeptCopies {
    let repository: Repository
    let index: BlobIndex
    let table: PackTable
    let threads: Int
    let progress: Progress?
    let cancellation: Cancellation?

    /// The positions of copies that must be written again: each the only whole one of a blob whose kept copies are not.
    ///
    /// - Parameters:
    ///   - used: the blobs that snapshots need.
    ///   - fates: what is to happen to each pack, by its number.
    /// - Throws: the error of a copy that could not be read but may be whole: then nobody knows, and nothing may go.
    func rescues(_ used: UsedBlobs, _ fates: [PackFate]) throws(HikaeError) -> [Int] {
        var relied: [Int] = []
        try index.forEachBlob(table) { primary, copies in
            guard copies.count > 1, used.bits.contains(primary), copies.contains(where: { fates[$0.pack] != .keep }),
                let kept = copies.first(where: { fates[$0.pack] == .keep })
            else { return }
            relied.append(kept.position)
        }
        guard !relied.isEmpty else { return [] }
        var rescues: [Int] = []
        for blob in try damaged(relied) {
            try cancellation?.check()
            var streamer = PackStreamer(repository)
            let copies = index.copyPositions(blob.id, blob.type).map { ($0, table.number(at: $0, in: index)) }
            func isWhole(_ copy: (position: Int, pack: Int)) throws(HikaeError) -> Bool {
                try Self.isWhole(index.blob(at: copy.position), in: table.ids[copy.pack], &streamer)
            }
            var isKept = false
            for copy in copies where !isKept && fates[copy.1] == .keep { isKept = try isWhole(copy) }
            if isKept { continue }
            for copy in copies where fates[copy.1] != .keep && fates[copy.1] != .forget {
                guard try isWhole(copy) else { continue }
                rescues.append(copy.0)
                break
            }
        }
        return rescues
    }

    /// Those of the copies that are not what their IDs promise.
    private func damaged(_ positions: [Int]) throws(HikaeError) -> [PackedBlob] {
        let extracts = PackExtract.grouping(positions, index, table)
        progress?.begin(phase: "reading copies that are relied on", files: extracts.count)
        let queue = BoundedQueue<PackExtract>(capacity: extracts.count)
        for extract in extracts { queue.push(extract) }
        queue.close()
        let found = Monitor<[PackedBlob]>([])
        let failure = FirstError()
        runThreads(min(threads, extracts.count)) { _ in
            var streamer = PackStreamer(repository)
            while failure.value == nil, let extract = queue.pop() {
                do throws(HikaeError) {
                    try cancellation?.check()
                    try streamer.stream(extract.pack, extract.blobs(in: index)) { blob, result throws(HikaeError) in
                        if try !Self.isWhole(result) { found.withLock { $0.append(blob) } }
                    }
                } catch {
                    failure.set(error)
                }
                progress?.add(files: 1)
            }
        }
        try failure.check()
        return found.withLock { $0 }
    }

    private static func isWhole(
        _ blob: PackedBlob, in pack: FileID, _ streamer: inout PackStreamer
    ) throws(HikaeError) -> Bool {
        var isWhole = false
        try streamer.stream(pack, [blob]) { _, result throws(HikaeError) in isWhole = try Self.isWhole(result) }
        return isWhole
    }

    /// Throws what says nothing of the bytes: a server that is away, a wish to stop.
    private static func isWhole(_ result: Result<OpenedBlob, HikaeError>) throws(HikaeError) -> Bool {
        guard case .failure(let error) = result else { return true }
        guard error.isLoss || error.code == .notFound || error.code == .inputOutput else { throw error }
        return false
    }
}

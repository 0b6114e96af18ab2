// Reads packs on several threads and turns what is wrong with them into findings.

import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// Reads the data of chosen packs. Used once.
final class DataReader: Sendable {
    private let repository: Repository
    private let survey: CheckSurvey
    private let progress: Progress?
    private let cancellation: Cancellation?
    /// Packs whose header could not be read: their blobs are looked up in the index afterwards.
    private let headless = Mutex<[Int]>([])

    init(repository: Repository, survey: CheckSurvey, progress: Progress?, cancellation: Cancellation?) {
        self.repository = repository
        self.survey = survey
        self.progress = progress
        self.cancellation = cancellation
    }

    /// Verifies each pack, given by its number and size, and reports.
    func read(_ packs: [(number: Int, size: UInt64)], threads: Int) throws(HikaeError) {
        let queue = BoundedQueue<(number: Int, size: UInt64)>(capacity: packs.count)
        for pack in packs { queue.push(pack) }
        queue.close()
        let failure = FirstError()
        runThreads(threads) { [self] _ in
            var verifier = PackVerifier(repository, cancellation: cancellation)
            while failure.value == nil, let pack = queue.pop() {
                do throws(HikaeError) {
                    let verdict = try verifier.verify(
                        survey.table.ids[pack.number], size: pack.size, indexed: survey.totals[pack.number].blobs)
                    report(verdict, pack: pack.number)
                } catch {
                    failure.set(error)
                }
                progress?.add(files: 1, bytes: Int(clamping: pack.size))
            }
        }
        try failure.check()
        try verifyByIndex(headless.withLock { $0 })
    }

    private func report(_ verdict: PackVerdict, pack: Int) {
        let id = survey.table.ids[pack]
        survey.ledger.update {
            $0.packsRead += 1
            $0.bytesRead += verdict.bytesRead
        }
        guard !verdict.isSound else { return }
        survey.ledger.noteDamaged(pack: id)
        for (kind, words) in verdict.faults {
            survey.ledger.report(
                CheckFinding(.error, kind, "pack \(id.hex): \(words)", file: StoredFile(.pack, id), pack: id))
        }
        for (blob, error) in verdict.damaged { lose(blob, pack: pack, error) }
        if !verdict.hasHeader { headless.withLock { $0.append(pack) } }
    }

    private func lose(_ blob: PackedBlob, pack: Int, _ error: HikaeError) {
        let id = survey.table.ids[pack]
        survey.lose(blob, pack: pack)
        let kind = blob.type == .tree ? "tree" : "data"
        var words = "pack \(id.hex): \(kind) blob \(blob.id.hex) is damaged: \(error.message)"
        if survey.hasCopy(blob.id, blob.type) { words += "; another copy is there" }
        survey.ledger.hold(
            CheckFinding(
                .error, .blobDamaged, words, file: StoredFile(.pack, id), pack: id, blob: blob.id,
                tree: blob.type == .tree ? blob.id : nil), blob: blob.id)
    }

    /// Opens the blobs of packs without a usable header where the index says they stand.
    private func verifyByIndex(_ packs: [Int]) throws(HikaeError) {
        guard !packs.isEmpty else { return }
        var blobs: [Int: [PackedBlob]] = [:]
        for pack in packs { blobs[pack] = [] }
        try survey.index.forEachDistinctEntry(survey.table) { _, pack, blob in
            if blobs[pack] != nil { blobs[pack]?.append(blob) }
        }
        var streamer = PackStreamer(repository)
        for pack in packs.sorted() {
            try cancellation?.check()
            try streamer.stream(survey.table.ids[pack], blobs[pack] ?? []) { blob, result in
                if case .failure(let error) = result { lose(blob, pack: pack, error) }
            }
        }
    }
}

// Proves that a repository is whole: keys, indexes, packs, snapshots, trees, and every byte when asked.
// Reads only; what it finds it reports, and repairing is another's.

public import HikaeCore
import HikaeFormat
import HikaeStore
import Synchronization

/// Checks a repository. The caller holds an exclusive lock, as restic does, or accepts that others write meanwhile.
///
/// Reads the store itself, never a copy of it on this machine. The index is loaded afresh.
public final class Checker: Sendable {
    private let repository: Repository
    private let options: CheckOptions
    private let progress: Progress?
    private let cancellation: Cancellation?
    private let report: @Sendable (CheckFinding) -> Void
    private let phase: @Sendable (String) -> Void

    /// - Parameters:
    ///   - report: told each finding, from any thread; those about lost data come at the end, with the files concerned.
    ///   - phase: told what is being checked now, in restic's words.
    public init(
        repository: Repository, options: CheckOptions = CheckOptions(), progress: Progress? = nil,
        cancellation: Cancellation? = nil, report: @escaping @Sendable (CheckFinding) -> Void,
        phase: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.repository = repository.uncached
        self.options = options
        self.progress = progress
        self.cancellation = cancellation
        self.report = report
        self.phase = phase
    }

    /// Checks. Findings do not throw; only what makes going on impossible does.
    public func run() throws(HikaeError) -> CheckReport {
        let ledger = CheckLedger(report)
        begin("check keys")
        try checkKeys(ledger)
        begin("load indexes")
        try loadIndexes(ledger)
        let table = PackTable(repository.index)
        let totals = try PackTotals.all(repository.index, table)
        let survey = CheckSurvey(index: repository.index, table: table, totals: totals, ledger: ledger)
        begin("check all packs")
        let sizes = try checkPacks(survey)
        begin("check snapshots, trees and blobs")
        let snapshots = try loadSnapshots(ledger)
        try checkTrees(snapshots, survey)
        if options.readData != .none {
            begin("read all data")
            try readData(sizes, survey)
        }
        if ledger.hasLoss {
            begin("look for the files concerned")
            var files = ConcernedFiles(
                repository, table: table, lost: survey.lost, ledger: ledger, cancellation: cancellation)
            for snapshot in snapshots { try files.look(through: snapshot) }
        }
        return ledger.finish()
    }

    /// Reads under way at once.
    private var threads: Int { repository.store.traits.threads(options.threads) }

    private func begin(_ name: String) {
        phase(name)
        progress?.begin(phase: name)
    }

    // MARK: Keys and indexes

    private func checkKeys(_ ledger: CheckLedger) throws(HikaeError) {
        for info in try repository.store.list(.key) {
            let file = StoredFile(.key, info.id)
            do throws(HikaeError) {
                let bytes = try repository.store.load(file)
                guard Digest.fileID(bytes) == info.id else {
                    throw HikaeError(.damaged, "its bytes are not what its name promises")
                }
                _ = try KeyFile(decoding: bytes)
            } catch {
                if error.code == .notFound { continue }
                ledger.report(
                    CheckFinding(.error, .key, "key \(info.id.hex) is damaged: \(error.message)", file: file))
            }
        }
    }

    private func loadIndexes(_ ledger: CheckLedger) throws(HikaeError) {
        // Without the cache: what the cache says proves nothing about the store.
        let loader = IndexLoader(repository: repository, cacheDirectory: nil, progress: progress)
        let index = try loader.load { id, error in
            ledger.noteIndexTrouble()
            ledger.report(
                CheckFinding(
                    .error, .index, "error loading index \(id.hex): \(error.message)",
                    file: StoredFile(.index, id)))
        }
        repository.useIndex(index)
    }

    // MARK: Packs

    /// Compares the packs that are there with those the index names. Returns the sizes of those that are both.
    private func checkPacks(_ survey: CheckSurvey) throws(HikaeError) -> [UInt64?] {
        let (table, ledger) = (survey.table, survey.ledger)
        var sizes = [UInt64?](repeating: nil, count: table.count)
        var orphans = 0
        for info in try repository.store.list(.pack) {
            guard let number = table.number(of: info.id) else {
                orphans += 1
                ledger.noteWaste()
                ledger.report(
                    CheckFinding(
                        .hint, .packOrphaned, "pack \(info.id.hex): not referenced in any index",
                        file: StoredFile(.pack, info.id), pack: info.id))
                continue
            }
            sizes[number] = info.size
        }
        var harmed: [Int: UInt64] = [:]
        for number in 0..<table.count {
            checkTotals(number, survey)
            guard let size = sizes[number] else {
                ledger.noteIndexTrouble()
                hold(.packMissing, number, "does not exist", survey)
                harmed[number] = 0
                continue
            }
            let expected = survey.totals[number].bytes
            guard size != expected else { continue }
            hold(.packSize, number, "unexpected file size: got \(size), expected \(expected)", survey)
            ledger.noteDamaged(pack: table.ids[number])
            harmed[number] = size
        }
        ledger.update { $0.packs = table.count }
        if !harmed.isEmpty { try survey.loseBlobs(beyond: harmed) }
        return sizes
    }

    private func checkTotals(_ number: Int, _ survey: CheckSurvey) {
        let (id, totals) = (survey.table.ids[number], survey.totals[number])
        if survey.table.namings[number] > 1 {
            survey.ledger.noteIndexTrouble()
            survey.ledger.report(
                CheckFinding(
                    .hint, .duplicatePack, "pack \(id.hex) contained in several indexes",
                    file: StoredFile(.pack, id), pack: id))
        }
        if totals.hasData, totals.hasTrees {
            survey.ledger.noteWaste()
            survey.ledger.report(
                CheckFinding(
                    .hint, .mixedPack, "pack \(id.hex) contains a mix of tree and data blobs",
                    file: StoredFile(.pack, id), pack: id))
        }
    }

    private func hold(_ kind: CheckFinding.Kind, _ number: Int, _ words: String, _ survey: CheckSurvey) {
        let id = survey.table.ids[number]
        survey.ledger.hold(
            CheckFinding(.error, kind, "pack \(id.hex): \(words)", file: StoredFile(.pack, id), pack: id),
            pack: number)
    }

    // MARK: Snapshots and trees

    private func loadSnapshots(_ ledger: CheckLedger) throws(HikaeError) -> [NamedSnapshot] {
        let snapshots = try repository.snapshots { id, error in
            ledger.report(
                CheckFinding(
                    .error, .snapshot, "snapshot \(id.hex) cannot be read: \(error.message)",
                    file: StoredFile(.snapshot, id)))
        }
        ledger.update { $0.snapshots = snapshots.count }
        return snapshots
    }

    private func checkTrees(_ snapshots: [NamedSnapshot], _ survey: CheckSurvey) throws(HikaeError) {
        let walk = TreeWalk(repository, cancellation: cancellation)
        let checker = TreeChecker(survey: survey)
        let count = Mutex(0)
        progress?.begin(phase: "check snapshots, trees and blobs", files: snapshots.count)
        for snapshot in snapshots {
            try walk.run(roots: [snapshot.snapshot.tree], threads: threads) { id, result in
                count.withLock { $0 += 1 }
                checker.check(id, result)
            }
            progress?.add(files: 1)
        }
        survey.ledger.update { $0.trees = count.withLock { $0 } }
    }

    // MARK: Data

    private func readData(_ sizes: [UInt64?], _ survey: CheckSurvey) throws(HikaeError) {
        let present = sizes.indices.filter { sizes[$0] != nil }
        let packs = present.map { (id: survey.table.ids[$0], size: sizes[$0] ?? 0) }
        var generator = RepeatableGenerator(seed: options.seed ?? UInt64.random(in: 0 ... .max))
        let chosen = options.readData.select(packs, using: &generator)
        let ids = chosen.map { packs[$0].id }.sorted()
        let last = packs.map(\.id).max()
        survey.ledger.update {
            $0.chosenPacks = ids
            $0.reachedEnd = ids.last == last
        }
        let bytes = chosen.reduce(0) { $0 + Int(clamping: packs[$1].size) }
        progress?.begin(phase: "read all data", files: chosen.count, bytes: bytes)
        let reader = DataReader(
            repository: repository, survey: survey, progress: progress, cancellation: cancellation)
        try reader.read(chosen.map { (number: present[$0], size: packs[$0].size) }, threads: threads)
    }
}

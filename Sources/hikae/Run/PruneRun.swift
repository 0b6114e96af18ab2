// Running a prune and telling about it: for `prune` and for `forget --prune`.

import HikaeCore
import HikaeFormat
import HikaeParity
import HikaeRepository
import HikaeStore

/// One prune.
struct PruneRun {
    let repository: Repository
    let options: PruneOptions
    let isDryRun: Bool
    /// The share of parity that new packs get; nil: that of the parity that is there, if any.
    var parity: Double?
    var cancellation = Shutdown.cancellation
    /// No snapshot at all is taken for the truth: then everything goes.
    var mayRemoveAll = false

    /// Plans, tells, and unless it is a dry run does it. `ignoring`: snapshots taken as gone.
    func run(ignoring snapshots: Set<FileID> = []) throws(HikaeError) -> ExitStatus {
        let console = Console.shared
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "items"))
        defer { display.stop() }
        let troubles = ErrorTally(during: "prune")
        let pruner = Pruner(
            repository: repository, options: options, progress: progress, cancellation: cancellation,
            report: { troubles.warn($0) })
        console.note("finding data that is still in use")
        let plan = try pruner.plan(ignoring: snapshots)
        if isDryRun { console.note("\nWould have made the following changes:") }
        if console.isJSON {
            json(plan.statistics)
        } else {
            let lines = console.verbosity > 1 ? plan.statistics.lines : plan.statistics.summaryLines
            for line in lines { console.note(line) }
        }
        guard !isDryRun else { return .done }
        if snapshots.isEmpty { try check(plan.statistics) }
        try pruner.execute(plan)
        do throws(HikaeError) {
            // Parity has no use without its pack, and the packs that were written anew have none yet.
            let summary = try ParityRound(repository.uncached, cancellation: cancellation)
                .follow(share: parity, progress: progress)
            if summary.made > 0 { console.note("made parity for \(Words.count(summary.made, "pack"))") }
        } catch {
            if error.code == .cancelled { throw error }
            if error.code != .unsupported || parity != nil { troubles.warn(error) }
        }
        display.stop()
        console.note("done")
        return troubles.count > 0 ? .failed : .done
    }

    /// A store that has lost its list of snapshots says that there are none. That is no reason to remove all data.
    private func check(_ statistics: PruneStatistics) throws(HikaeError) {
        let isEmpty = statistics.total.blobs == 0 && statistics.unreferencedPacks == 0
        guard !mayRemoveAll, statistics.used.blobs == 0, !isEmpty else { return }
        throw HikaeError(
            .refused,
            "\(repository.store.location) has no snapshot that needs anything, but holds \(Words.size(statistics.total.bytes)) "
                + "of data: an empty list is not taken for the truth",
            hint:
                "Nothing was removed. If the snapshots should be there, look for them before anything else. If they were "
                + "removed on purpose: `hikae prune --unsafe-allow-remove-all`.")
    }

    private func json(_ statistics: PruneStatistics) {
        Console.shared.printObject { json in
            json.member("message_type", "summary")
            json.member("dry_run", isDryRun)
            json.key("blobs")
            json.beginObject()
            amounts(statistics, \.blobs, &json)
            json.endObject()
            json.key("bytes")
            json.beginObject()
            amounts(statistics, \.bytes, &json)
            json.member("unreferenced", statistics.unreferencedBytes)
            json.member("unused_after", statistics.unusedBytesAfter)
            json.endObject()
            json.key("packs")
            json.beginObject()
            json.member("used", statistics.usedPacks)
            json.member("partly_used", statistics.partlyUsedPacks)
            json.member("unused", statistics.unusedPacks)
            json.member("unreferenced", statistics.unreferencedPacks)
            json.member("keep", statistics.keptPacks)
            json.member("repack", statistics.repackedPacks)
            json.member("remove", statistics.removedPacks)
            json.endObject()
        }
    }

    private func amounts(
        _ statistics: PruneStatistics, _ part: KeyPath<PruneStatistics.Amount, UInt64>, _ json: inout JSONWriter
    ) {
        json.member("used", statistics.used[keyPath: part])
        json.member("duplicate", statistics.duplicate[keyPath: part])
        json.member("unused", statistics.unused[keyPath: part])
        json.member("total", statistics.total[keyPath: part])
        json.member("remove", statistics.removed[keyPath: part])
        json.member("repack", statistics.repacked[keyPath: part])
        json.member("repack_remove", statistics.repackRemoved[keyPath: part])
        json.member("remove_total", statistics.pruned[keyPath: part])
        json.member("remain", statistics.remaining[keyPath: part])
    }
}

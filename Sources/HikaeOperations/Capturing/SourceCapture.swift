// One source into one vault: read, compared with the last good capture, judged, and sealed with its record.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeGuard
import HikaePlan
import HikaeRepository
import HikaeSource

/// Captures one source of a plan.
struct SourceCapture {
    let name: SourceName
    let source: any CaptureSource
    let rules: VerdictRules
    let vault: VaultSession
    /// The source's history in all vaults, found in this one.
    let history: SourceHistory
    /// Whether that history is known to be all there is.
    let isComplete: Bool
    let options: CaptureRound.Options
    let context: WorkContext
    let progress: Progress
    let report: @Sendable (HikaeError) -> Void

    /// Captures. Throws what makes the capture a failed one; then there is no snapshot.
    func run() throws(HikaeError) -> CaptureResult.Capture {
        let started = options.time ?? context.clock.now()
        let before = reference()
        let baseline = CaptureBaseline(
            history, isComplete: isComplete,
            read: { entry throws(HikaeError) in try CaptureReading(vault.repository).record(entry) }, report: report)
        var archiving = ArchiveOptions(time: started, paths: [])
        archiving.hostname = name.organisation
        let identity = ProcessIdentity.current()
        (archiving.username, archiving.uid, archiving.gid) = (identity.username, identity.uid, identity.gid)
        archiving.programVersion = options.program
        archiving.readsEverything = options.readsEverything
        archiving.isDryRun = options.isDryRun
        var context = CaptureContext(cancellation: self.context.cancellation, report: report)
        if let before {
            archiving.parent = before.entry.snapshot
            let content = try? CaptureReading(vault.repository).content(before.entry)
            if let content {
                context.previous = PreviousSnapshot(
                    vault.repository, tree: content.tree, facts: before.record?.facts)
            }
        }
        let watch = ContentWatch()
        let lock = vault.lock
        var sealed: CaptureRecord?
        let run = CaptureRun(source, at: [name.system, name.source], options: archiving, context: context)
        let outcome = try run.run(
            into: vault.repository, progress: progress, beforeCommit: { () throws(HikaeError) in try lock?.confirm() },
            watch: { watch.watching($0) }
        ) { reading throws(HikaeError) in
            let record = judge(reading, watch.findings, started: started, baseline)
            sealed = record
            return ArchiveSeal(
                records: [ArchiveSeal.Record(name: CaptureRecord.fileName, bytes: record.encoded())],
                tags: CaptureTags.capture(record.capture, of: name, verdict: record.verdict, run: record.run))
        }
        guard let record = sealed, options.isDryRun || outcome.summary.snapshot != nil else {
            throw HikaeError(.inputOutput, "the capture of \(name) made no snapshot")
        }
        return CaptureResult.Capture(record: record, summary: outcome.summary, snapshot: outcome.summary.snapshot)
    }

    private func judge(
        _ reading: CaptureRun.Reading, _ content: ContentFindings, started: Timestamp, _ baseline: CaptureBaseline
    ) -> CaptureRecord {
        let summary = reading.summary
        // A file of the same content under another date is none that changed.
        var changes = CaptureRecord.Changes(
            new: summary.filesNew, changed: summary.filesChanged - summary.filesTouched,
            unchanged: summary.filesUnmodified + summary.filesTouched, unreadable: summary.errors)
        (changes.rotten, changes.rottenPaths) = (summary.filesRotten, summary.rottenPaths)
        (changes.unlisted, changes.unlistedFilled) = (summary.directoriesUnlisted, summary.directoriesUnlistedFilled)
        changes.unlistedPaths = summary.unlistedPaths
        var record = CaptureRecord(
            capture: CaptureRecord.newCapture(), name: name, run: history.nextRun, address: source.address,
            started: started, finished: options.time ?? context.clock.now(), program: options.program,
            facts: reading.facts, changes: changes)
        record.thresholds = rules.thresholds
        record.reasons = rules.reasons(
            VerdictRules.Reading(facts: reading.facts, changes: changes, content: content, time: record.finished),
            against: baseline)
        record.verdict = record.reasons.isEmpty ? .good : .suspect
        record.comparedWith = baseline.record?.capture
        record.notePeak(lastGood: baseline.record)
        return record
    }

    /// What changes are told by: the last good capture; without one the newest that nobody rejected.
    private func reference() -> (entry: CaptureEntry, record: CaptureRecord?)? {
        guard let entry = history.lastGood ?? history.captures.last(where: { $0.decision != .rejected }) else {
            return nil
        }
        return (entry, try? CaptureReading(vault.repository).record(entry))
    }
}

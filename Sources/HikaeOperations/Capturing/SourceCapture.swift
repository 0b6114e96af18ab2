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
    let options: CaptureRound.Options
    let context: WorkContext
    let progress: Progress
    let report: @Sendable (HikaeError) -> Void

    /// Captures. Throws what makes the capture a failed one; then there is no snapshot.
    func run() throws(HikaeError) -> CaptureResult.Capture {
        let started = options.time ?? context.clock.now()
        let before = reference()
        var archiving = ArchiveOptions(time: started, paths: [])
        archiving.hostname = name.organisation
        let identity = ProcessIdentity.current()
        (archiving.username, archiving.uid, archiving.gid) = (identity.username, identity.uid, identity.gid)
        archiving.programVersion = options.program
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
            let record = judge(reading, watch.findings, started: started, lastGood: lastGood())
            sealed = record
            return ArchiveSeal(
                records: [ArchiveSeal.Record(name: CaptureRecord.fileName, bytes: record.encoded())],
                tags: CaptureTags.capture(record.capture, of: name, verdict: record.verdict, run: record.run))
        }
        guard let record = sealed, let snapshot = outcome.summary.snapshot else {
            throw HikaeError(.inputOutput, "the capture of \(name) made no snapshot")
        }
        return CaptureResult.Capture(record: record, summary: outcome.summary, snapshot: snapshot)
    }

    private func judge(
        _ reading: CaptureRun.Reading, _ content: ContentFindings, started: Timestamp, lastGood: CaptureRecord?
    ) -> CaptureRecord {
        let summary = reading.summary
        // A file of the same content under another date is none that changed.
        let changes = CaptureRecord.Changes(
            new: summary.filesNew, changed: summary.filesChanged - summary.filesTouched,
            unchanged: summary.filesUnmodified + summary.filesTouched, unreadable: summary.errors)
        var record = CaptureRecord(
            capture: CaptureRecord.newCapture(), name: name, run: history.nextRun, address: source.address,
            started: started, finished: options.time ?? context.clock.now(), program: options.program,
            facts: reading.facts, changes: changes)
        record.thresholds = rules.thresholds
        record.reasons = rules.reasons(
            VerdictRules.Reading(facts: reading.facts, changes: changes, content: content), lastGood: lastGood)
        record.verdict = record.reasons.isEmpty ? .good : .suspect
        record.comparedWith = lastGood?.capture
        return record
    }

    /// The record of the last good capture. Should it be unreadable, the one before it has to do.
    private func lastGood() -> CaptureRecord? {
        let reading = CaptureReading(vault.repository)
        for entry in history.captures.reversed() where entry.isGood && !entry.isRepaired {
            do throws(HikaeError) {
                return try reading.record(entry)
            } catch {
                report(error)
            }
        }
        return nil
    }

    /// What changes are told by: the last good capture; without one the newest that nobody rejected.
    private func reference() -> (entry: CaptureEntry, record: CaptureRecord?)? {
        guard let entry = history.lastGood ?? history.captures.last(where: { $0.decision != .rejected }) else {
            return nil
        }
        return (entry, try? CaptureReading(vault.repository).record(entry))
    }
}

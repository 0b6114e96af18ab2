// `hikae backup` by a plan: captures, tells what came of each source, alarms, and writes down what failed.

import HikaeArchive
import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations
import HikaePlan
import HikaeSource
import Synchronization

/// One round of captures from the command line.
struct PlanBackup {
    /// Items of one source that are told of one by one; the others are counted.
    private static let warningLimit = 10

    let session: PlanSession
    /// "system" or "system/source"; everything when empty.
    let selection: [String]
    let time: Timestamp?
    /// Reads what is unchanged by size and time, too.
    let readsEverything: Bool
    /// Reads and compares; writes nothing into a vault or the journal and tells nobody but who asked.
    let isDryRun: Bool

    private var console: Console { .shared }
    private var words: PlanWords { session.words }

    func run() throws(HikaeError) -> ExitStatus {
        let sources = try session.plan.sources(matching: selection)
        let begun = monotonicSeconds()
        let display = PlanProgress()
        defer { display.stop() }
        let warnings = Mutex<[SourceName: Int]>([:])
        var options = CaptureRound.Options(program: Program.title)
        options.time = time
        options.readsEverything = readsEverything
        options.isDryRun = isDryRun
        options.vaults = session.vaults
        let round = CaptureRound(
            session.plan, sources: sources, options: options, context: session.context,
            event: { Self.show($0, display, warnings) })
        var report = try round.run()
        display.stop()
        report.absences = VaultAbsence.overdue(
            report.unavailable.map(\.vault), session.journal.entries(of: session.plan.organisation),
            now: time ?? session.context.clock.now())
        for (name, count) in warnings.withLock({ $0 }).sorted(by: { $0.key < $1.key }) where count > Self.warningLimit {
            console.warn("\(name): \(count - Self.warningLimit) more like these")
        }
        tell(report, seconds: monotonicSeconds() - begun)
        let undelivered = isDryRun ? [] : alarm(report)
        let locksHold = isDryRun || renewLocks()
        if !isDryRun { note(report, undelivered) }
        if !report.suspects.isEmpty { return .suspect }
        if !report.failures.isEmpty || !report.brokenVaults.isEmpty || !locksHold
            || !report.withoutParity.isEmpty || !report.absences.isEmpty
        {
            return .failed
        }
        return report.incomplete.isEmpty ? .done : .incomplete
    }

    private static func show(
        _ event: CaptureEvent, _ display: PlanProgress, _ warnings: borrowing Mutex<[SourceName: Int]>
    ) {
        switch event {
        case .started(let name, let progress):
            // Again, when the vault that it was read into failed.
            display.end(name.description)
            display.begin(name.description, unit: "items", progress)
        case .warning(let name, let error):
            let count = warnings.withLock { counts in
                counts[name, default: 0] += 1
                return counts[name, default: 0]
            }
            guard count <= warningLimit else { return }
            var named = error
            named.message = "\(name): \(error.message)"
            ErrorDisplay.passing(named, during: "capture", item: name.description)
        case .finished(let result):
            display.end(result.name.description)
            Console.shared.detail("\(result.name): \(result.word) (\(Words.duration(result.seconds)))")
        case .copying(let source, let target, let progress):
            display.begin("\(source) -> \(target)", unit: "packs", progress)
        case .copied(let source, let target, let count):
            display.end("\(source) -> \(target)")
            if count > 0 {
                Console.shared.detail("\(source) -> \(target): \(Words.count(count, "snapshot")) copied")
            }
        case .vaultUnavailable(_, let error):
            ErrorDisplay.passing(error, during: "vault")
        case .parityFailed(let vault, let error):
            ErrorDisplay.passing(error, during: "parity", item: vault)
        }
    }

    // MARK: Telling

    private func tell(_ report: CaptureRoundReport, seconds: Double) {
        guard !console.isJSON else { return tellJSON(report, seconds: seconds) }
        guard console.verbosity > 0 || !report.suspects.isEmpty || !report.failures.isEmpty else { return }
        var table = Table([
            "", words.say("対象", "source"), words.say("判定", "verdict"), words.say("件数", "items"),
            words.say("容量", "bytes"), words.say("追加", "added"), words.say("時間", "time"),
            words.say("保管先", "vaults"),
        ])
        for result in report.results {
            var cells = [TrafficLight.dot, Words.safe(result.name.description), words.verdict(result.word)]
            if let capture = result.capture {
                let facts = capture.record.facts
                cells += [
                    words.items(facts.items, facts.unit), Words.size(facts.bytes),
                    Words.size(capture.summary.bytesStored),
                ]
            } else {
                cells += ["-", "-", "-"]
            }
            cells += [Words.duration(result.seconds), result.vaults.joined(separator: ", ")]
            table.rows.append(cells.map { [$0] })
        }
        console.print("")
        let lights = report.results.map { TrafficLight.light(of: $0.word) }
        for line in TrafficLight.coloured(table.lines, lights) { console.print(line) }
        for result in report.results { explain(result) }
        if isDryRun {
            console.print(
                words.say("試し実行です。どの保管先にも何も書き込んでいません。", "A dry run: nothing was written into any vault."))
        }
        for (vault, _) in report.unavailable {
            console.print(
                words.say(
                    "保管先 \(vault) は使えませんでした。次回以降に追いつきます。",
                    "Vault \(vault) could not be used; it is caught up at a later round."))
        }
        for absence in report.absences { console.warn(Alarm.sentence(absence, japanese: words.isJapanese)) }
        console.note(
            words.say(
                isDryRun || !report.failures.isEmpty
                    ? "対象 \(report.results.count) 件を調べました（\(Words.duration(seconds))）。"
                    : "\(report.results.count) 件の控えを取りました（\(Words.duration(seconds))）。",
                "\(Words.count(report.results.count, "source")) in \(Words.duration(seconds))."))
    }

    private func explain(_ result: CaptureResult) {
        var lines: [String] = (result.capture?.record.reasons ?? []).map(\.sentence)
        if let error = result.failure {
            lines.append(error.message)
            if let hint = error.hint { lines.append(hint) }
        }
        if let lost = result.capture?.record.changes.unreadable, lost > 0 {
            lines.append(
                words.say(
                    "\(lost) 件を読み取れませんでした。", "\(Words.count(lost, "item")) could not be read and were left out."))
        }
        guard !lines.isEmpty else { return }
        console.print("")
        console.print("\(Words.safe(result.name.description)): \(words.verdict(result.word))")
        for line in lines.flatMap({ $0.split(separator: "\n") }) { console.print("  - \(line)") }
        if result.isSuspect || result.failure != nil {
            if let time = result.lastGoodBefore {
                console.print(
                    "    " + words.say("最後の正常な控え: ", "last good capture: ") + TimeWords.minute(time))
            }
        }
        if result.isSuspect, !isDryRun {
            console.print(
                "    " + words.say("判断: ", "decide: ") + "hikae accept \(result.name) --why …  |  "
                    + "hikae reject \(result.name) --why …")
        }
    }

    private func tellJSON(_ report: CaptureRoundReport, seconds: Double) {
        for result in report.results { console.printObject { json in Self.describe(result, &json) } }
        for (vault, error) in report.unavailable {
            console.printObject { json in
                json.member("message_type", "vault")
                json.member("vault", vault)
                json.member("state", "unavailable")
                json.member("error_code", error.code.rawValue)
                json.member("error", error.message)
            }
        }
        console.printObject { json in
            json.member("message_type", "summary")
            json.member("sources", report.results.count)
            json.member("good", report.results.count - report.suspects.count - report.failures.count)
            json.member("suspect", report.suspects.count)
            json.member("failed", report.failures.count)
            json.member("incomplete", report.incomplete.count)
            if isDryRun { json.member("dry_run", true) }
            json.key("vaults")
            json.strings(report.vaults)
            json.member("total_duration", seconds)
        }
    }

    private static func describe(_ result: CaptureResult, _ json: inout JSONWriter) {
        json.member("message_type", "capture")
        json.member("system", result.name.system)
        json.member("source", result.name.source)
        json.member("address", result.address)
        json.member("verdict", result.word)
        json.member("seconds", result.seconds)
        if let capture = result.capture {
            let facts = capture.record.facts
            json.member("capture", capture.record.capture)
            if let snapshot = capture.snapshot { json.member("snapshot_id", snapshot.hex) }
            json.member("unit", facts.unit.rawValue)
            json.member("items", facts.items)
            json.member("bytes", facts.bytes)
            json.member("data_added", capture.summary.bytesAdded)
            json.member("data_added_packed", capture.summary.bytesStored)
            json.member("files_new", capture.summary.filesNew)
            json.member("files_changed", capture.summary.filesChanged)
            json.member("files_unmodified", capture.summary.filesUnmodified)
            json.member("unreadable", capture.summary.errors)
            json.key("reasons")
            json.beginArray()
            for reason in capture.record.reasons {
                json.beginObject()
                json.member("rule", reason.rule.rawValue)
                json.member("sentence", reason.sentence)
                json.endObject()
            }
            json.endArray()
        }
        if let error = result.failure {
            json.member("error_code", error.code.rawValue)
            json.member("error", error.message)
            if let hint = error.hint { json.member("hint", hint) }
        }
        if let time = result.lastGoodBefore {
            json.key("last_good_before")
            json.time(time)
        }
        json.key("vaults")
        json.strings(result.vaults)
    }

    // MARK: Alarms and the journal

    private func alarm(_ report: CaptureRoundReport) -> [Alarm.Delivery] {
        guard let alarm = Alarm(report, plan: session.plan), !session.plan.alarms.isEmpty else { return [] }
        let deliveries = alarm.send(to: session.plan.alarms.map(\.command))
        for delivery in deliveries {
            if let error = delivery.error {
                ErrorDisplay.passing(error, during: "alarm", item: delivery.channel)
            } else {
                console.detail(words.say("通知しました: ", "told by ") + delivery.channel)
            }
        }
        let failed = deliveries.filter { $0.error != nil }
        if failed.count == deliveries.count {
            console.warn(
                words.say("どの手段でも通知できませんでした。", "No alarm could be sent by any of the plan's channels."))
        }
        return failed
    }

    /// Renews the locks of vaults in buckets where that is due. Whether all hold; what does not is told and alarmed of.
    private func renewLocks() -> Bool {
        let outcomes = session.lockRound.renew(onlyDue: true) { vault, error in
            ErrorDisplay.passing(error, during: "locks", item: vault)
        }
        for outcome in outcomes { LockOutput.warn(outcome) }
        guard let alarm = Alarm(outcomes, plan: session.plan) else { return true }
        for delivery in alarm.send(to: session.plan.alarms.map(\.command)) {
            if let error = delivery.error { ErrorDisplay.passing(error, during: "alarm", item: delivery.channel) }
        }
        return false
    }

    private func note(_ report: CaptureRoundReport, _ undelivered: [Alarm.Delivery]) {
        let now = time ?? session.context.clock.now()
        let organisation = session.plan.organisation
        var entries: [JournalEntry] = report.results.map { result in
            JournalEntry(
                time: now, kind: result.failure == nil ? .captured : .failed, organisation: organisation,
                subject: result.name.description, code: result.failure?.code.rawValue ?? result.word,
                message: result.failure?.message ?? "")
        }
        entries += report.unavailable.map { vault, error in
            JournalEntry(
                time: now, kind: .vaultUnavailable, organisation: organisation, subject: vault,
                code: error.code.rawValue, message: error.message)
        }
        entries += undelivered.map { delivery in
            JournalEntry(
                time: now, kind: .alarmFailed, organisation: organisation, subject: delivery.channel,
                code: delivery.error?.code.rawValue ?? "", message: delivery.error?.message ?? "")
        }
        do throws(HikaeError) {
            try session.journal.append(entries)
        } catch {
            // What was captured is safe; only this machine's memory of failures is not.
            console.warn("\(error.message); set HIKAE_STATE to a folder that can be written to")
        }
    }
}

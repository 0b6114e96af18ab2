// Putting a plan's sources back, and telling about it.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeGuard
import HikaeOperations

/// One restore by a plan.
struct ReturnRun {
    let steps: [ReturnStep]
    let options: CompanyReturn.Options
    /// Sources that cannot be put back, and why; told already.
    let missing: Int

    private var console: Console { .shared }

    /// Restores, verifies and reports.
    func run() throws(HikaeError) -> ExitStatus {
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "items", json: { Self.status($0) }))
        defer { display.stop() }
        let begun = monotonicSeconds()
        let company = CompanyReturn(options: options, progress: progress, cancellation: Shutdown.cancellation) {
            Self.show($0)
        }
        let results = try company.run(steps)
        display.stop()
        let seconds = monotonicSeconds() - begun
        summarize(results, seconds: seconds)
        let failed = results.filter { $0.error != nil || ($0.summary?.errors ?? 0) > 0 }.count + missing
        let different = results.filter { $0.error == nil && $0.verification?.isWhole == false }.count
        if failed + different > 0 {
            throw HikaeError(
                .inputOutput,
                "\(Words.count(failed + different, "source")) of \(results.count + missing) did not come back as captured",
                hint: "Run the same command again with --only-missing to go on; what is there is not written twice.")
        }
        return .done
    }

    // MARK: While it works

    private static func show(_ event: ReturnEvent) {
        let console = Console.shared
        switch event {
        case .began(let step, let number, let count):
            let capture = step.capture
            console.note(
                "[\(number)/\(count)] \(capture.name) of \(capture.time.rfc3339) (vault \(capture.vault)) "
                    + "to \(Words.safe(step.destination.address))")
            for note in capture.notes { console.note("      \(note)") }
        case .previewed(_, let preview):
            var line = "      would write \(preview.items) items (\(Words.size(preview.bytes)))"
            line += ", \(preview.present) are there already"
            if preview.conflictCount > 0 { line += ", \(preview.conflictCount) are there and differ" }
            console.note(line)
            for conflict in preview.conflicts.prefix(5) { console.note("        \(Words.safe(conflict))") }
        case .restored(_, let summary):
            var line = "      wrote \(summary.itemsWritten) items (\(Words.size(summary.bytesWritten)))"
            if summary.itemsSkipped > 0 { line += ", \(summary.itemsSkipped) were there already" }
            if summary.errors > 0 { line += ", \(Words.count(Int(summary.errors), "error"))" }
            console.note(line)
        case .verified(_, let verification):
            let word = verification.isWhole ? "proved" : "NOT as captured"
            console.note("      \(word): \(verification.equal) of \(verification.compared) compared are equal")
            for method in verification.methods { console.detail("        \(method)") }
            for difference in verification.differences.prefix(10) { console.warn("        \(Words.safe(difference))") }
            if verification.differenceCount > 10 {
                console.warn("        and \(verification.differenceCount - 10) more differences")
            }
        case .problem(let step, let error):
            ErrorDisplay.passing(error, during: "restore", item: step.capture.name.description)
        case .ended(let result):
            if let error = result.error {
                ErrorDisplay.passing(error, during: "restore", item: result.step.capture.name.description)
                if let hint = error.hint, !console.isJSON { console.warn(hint) }
            }
            if console.isJSON { console.printObject { json in describe(result, &json) } }
        }
    }

    private static func describe(_ result: ReturnResult, _ json: inout JSONWriter) {
        let capture = result.step.capture
        json.member("message_type", "source")
        json.member("system", capture.name.system)
        json.member("source", capture.name.source)
        json.member("capture", capture.entry.capture)
        json.member("time", capture.time.rfc3339)
        json.member("vault", capture.vault)
        json.member("destination", result.step.destination.address)
        json.member("seconds", result.seconds)
        if let preview = result.preview {
            json.member("items_to_write", preview.items)
            json.member("bytes_to_write", preview.bytes)
            json.member("items_present", preview.present)
            json.member("conflicts", preview.conflictCount)
        }
        if let summary = result.summary {
            json.member("items_written", summary.itemsWritten)
            json.member("bytes_written", summary.bytesWritten)
            json.member("items_skipped", summary.itemsSkipped)
            json.member("errors", summary.errors)
        }
        if let verification = result.verification {
            json.member("compared", verification.compared)
            json.member("equal", verification.equal)
            json.member("differences", verification.differenceCount)
            json.member("extra", verification.extra)
            json.key("first_differences")
            json.strings(Array(verification.differences.prefix(100)))
            json.key("methods")
            json.strings(verification.methods)
        }
        if let error = result.error {
            json.member("error_code", error.code.rawValue)
            json.member("error", error.message)
        }
        json.member("proved", result.isProved)
    }

    private static func status(_ moment: ProgressDisplay.Moment) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("message_type", "status")
        json.member("phase", moment.phase)
        json.memberUnlessZero("seconds_elapsed", Int(moment.seconds))
        json.memberUnlessZero("seconds_remaining", Int(moment.secondsLeft ?? 0))
        json.member("percent_done", moment.share ?? 0)
        json.memberUnlessZero("items_done", moment.files)
        json.memberUnlessZero("bytes_done", moment.bytes)
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    // MARK: Afterwards

    private func summarize(_ results: [ReturnResult], seconds: Double) {
        guard !console.isJSON else {
            return console.printObject { json in
                json.member("message_type", "summary")
                json.member("sources", results.count + missing)
                json.member("proved", results.filter(\.isProved).count)
                json.member("dry_run", options.isDryRun)
                json.member("seconds_elapsed", seconds)
            }
        }
        var table = Table(["source", "as of", options.isDryRun ? "to write" : "written", "there", "time", "proof"])
        for result in results {
            let written = result.preview?.items ?? result.summary?.itemsWritten ?? 0
            let bytes = result.preview?.bytes ?? result.summary?.bytesWritten ?? 0
            table.rows.append(
                [
                    result.step.capture.name.description, result.step.capture.time.rfc3339,
                    "\(written) (\(Words.size(bytes)))",
                    "\(result.preview?.present ?? result.summary?.itemsSkipped ?? 0)",
                    Words.duration(result.seconds), Self.proof(result),
                ].map { [$0] })
        }
        console.note("")
        for line in table.lines { console.note(line) }
        let word = options.isDryRun ? "compared" : "put back"
        console.note("\(results.count) sources \(word) in \(Words.duration(seconds))")
    }

    private static func proof(_ result: ReturnResult) -> String {
        if result.error != nil { return "failed" }
        guard let verification = result.verification else { return result.preview == nil ? "not compared" : "-" }
        return verification.isWhole
            ? "equal (\(verification.compared))" : "\(verification.differenceCount) differences"
    }
}

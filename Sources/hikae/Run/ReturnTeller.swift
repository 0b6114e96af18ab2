// What a restore by a plan tells while it works, a line for each thing that happens.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeGuard
import HikaeOperations

/// Tells what happens, in the plan's language.
struct ReturnTeller: Sendable {
    let words: PlanWords

    /// Tells of one event; may be called from any thread.
    func show(_ event: ReturnEvent) {
        let console = Console.shared
        switch event {
        case .began(let step, let number, let count):
            let capture = step.capture
            let (time, place) = (TimeWords.minute(capture.time), Words.safe(step.destination.address))
            console.note(
                "[\(number)/\(count)] "
                    + words.say(
                        "\(capture.name)（\(time) 時点、保管先 \(capture.vault)）→ \(place)",
                        "\(capture.name) as of \(time) (vault \(capture.vault)) to \(place)"))
            let language = ReasonLanguage(words.language)
            for note in capture.notes { console.note("      \(note.sentence(in: language))") }
        case .previewed(_, let preview): show(preview)
        case .restored(_, let summary):
            let (items, size) = (GroupedDigits.text(summary.itemsWritten), Words.size(summary.bytesWritten))
            var line = words.say("      \(items) 件（\(size)）を書き込み", "      wrote \(items) items (\(size))")
            if summary.itemsSkipped > 0 {
                let there = GroupedDigits.text(summary.itemsSkipped)
                line += words.say("、\(there) 件はすでにあります", ", \(there) were there already")
            }
            if summary.errors > 0 {
                line += words.say("、失敗 \(summary.errors) 件", ", \(Words.count(Int(summary.errors), "error"))")
            }
            console.note(line)
        case .verified(_, let verification): show(verification)
        case .problem(let step, let error):
            ErrorDisplay.passing(error, during: "restore", item: step.capture.name.description)
        case .ended(let result):
            if let error = result.error {
                ErrorDisplay.passing(error, during: "restore", item: result.step.capture.name.description)
                if let hint = error.hint, !console.isJSON { console.warn(hint) }
            }
            if console.isJSON { console.printObject { json in Self.describe(result, &json) } }
        }
    }

    private func show(_ preview: ReturnPreview) {
        let console = Console.shared
        let (items, size) = (GroupedDigits.text(preview.items), Words.size(preview.bytes))
        let present = GroupedDigits.text(preview.present)
        var line = words.say(
            "      \(items) 件（\(size)）を書き込む予定、\(present) 件はすでにあります",
            "      would write \(items) items (\(size)), \(present) are there already")
        if preview.conflictCount > 0 {
            line += words.say(
                "、\(preview.conflictCount) 件は内容が違います", ", \(preview.conflictCount) are there and differ")
        }
        console.note(line)
        for conflict in preview.conflicts.prefix(5) { console.note("        \(Words.safe(conflict))") }
    }

    private func show(_ verification: Verification) {
        let console = Console.shared
        let (equal, compared) = (GroupedDigits.text(verification.equal), GroupedDigits.text(verification.compared))
        console.note(
            verification.isWhole
                ? words.say("      照合: \(compared) 件すべて一致", "      proved: \(equal) of \(compared) compared are equal")
                : words.say(
                    "      照合: \(compared) 件中 \(equal) 件が一致。控えのとおりではありません",
                    "      NOT as captured: \(equal) of \(compared) compared are equal"))
        for method in verification.methods { console.detail("        \(method)") }
        for difference in verification.differences.prefix(10) { console.warn("        \(Words.safe(difference))") }
        if verification.differenceCount > 10 {
            let more = verification.differenceCount - 10
            console.warn(words.say("        ほかに \(more) 件の相違", "        and \(Words.count(more, "more difference"))"))
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
}

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
    let words: PlanWords

    private var console: Console { .shared }

    /// Restores, verifies and reports.
    func run() throws(HikaeError) -> ExitStatus {
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "items", json: { Self.status($0) }))
        defer { display.stop() }
        let begun = monotonicSeconds()
        let teller = ReturnTeller(words: words)
        let company = CompanyReturn(options: options, progress: progress, cancellation: Shutdown.cancellation) {
            teller.show($0)
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
                words.say(
                    "\(results.count + missing) 件中 \(failed + different) 件が、控えのとおりには戻りませんでした",
                    "\(Words.count(failed + different, "source")) of \(results.count + missing) did not come back as "
                        + "captured"),
                hint: hint(results))
        }
        return .done
    }

    /// How to go on; nil when nothing was begun, for then each source said what it lacks.
    private func hint(_ results: [ReturnResult]) -> String? {
        if results.isEmpty || results.allSatisfy(\.isProved) { return nil }
        let differs = results.contains { result in
            result.error?.code == .refused || result.error == nil && result.verification?.isWhole == false
        }
        return differs
            ? words.say(
                "足りないものだけを書くには --only-missing を、違うものを置き換えるには --replace を付けて、もう一度実行してください。",
                "Run it again with --only-missing to write only what is missing, or with --replace to replace what is "
                    + "there and differs.")
            : words.say(
                "同じコマンドに --only-missing を付けて実行すると続きから行います。すでにあるものは書き直しません。",
                "Run the same command again with --only-missing to go on; what is there is not written twice.")
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
        guard !results.isEmpty else { return }
        var table = Table([
            words.say("対象", "source"), words.say("時点", "as of"),
            options.isDryRun ? words.say("書き込む予定", "to write") : words.say("書き込み", "written"),
            words.say("既存", "there"), words.say("時間", "time"), words.say("照合", "proof"),
        ])
        for result in results {
            let written = result.preview?.items ?? result.summary?.itemsWritten ?? 0
            let bytes = result.preview?.bytes ?? result.summary?.bytesWritten ?? 0
            table.rows.append(
                [
                    result.step.capture.name.description, TimeWords.minute(result.step.capture.time),
                    GroupedDigits.text(written)
                        + words.say("（\(Words.size(bytes))）", " (\(Words.size(bytes)))"),
                    GroupedDigits.text(result.preview?.present ?? result.summary?.itemsSkipped ?? 0),
                    Words.duration(result.seconds), proof(result),
                ].map { [$0] })
        }
        console.note("")
        for line in table.lines { console.note(line) }
        let ended = results.count { $0.error == nil }
        guard ended > 0 else { return }
        let (time, sources) = (Words.duration(seconds), Words.count(ended, "source"))
        console.note(
            options.isDryRun
                ? words.say("\(ended) 件を比べました（\(time)）。", "\(sources) compared in \(time)")
                : words.say("\(ended) 件を戻しました（\(time)）。", "\(sources) put back in \(time)"))
    }

    private func proof(_ result: ReturnResult) -> String {
        if result.error != nil { return words.say("失敗", "failed") }
        guard let verification = result.verification else {
            return result.preview == nil ? words.say("未照合", "not compared") : "-"
        }
        let number = verification.isWhole ? verification.compared : verification.differenceCount
        return verification.isWhole
            ? words.say("一致（\(number)）", "equal (\(number))")
            : words.say("相違 \(number) 件", Words.count(number, "difference"))
    }
}

// `hikae diff --source`: what happened at a source, in its own words.

import HikaeCore
import HikaeDatabase
import HikaeDestination
import HikaeFormat
import HikaeGuard
import HikaeMail
import HikaeOperations
import HikaePlan
import HikaeSource

extension Diff {
    /// Tells what happened between two captures of a source of the plan.
    func tellOfSource(_ text: String) throws(HikaeError) -> ExitStatus {
        let session = try PlanSession(plan, global)
        let (system, source) = try session.source(text)
        let name = SourceName(
            organisation: session.plan.organisation, system: system.name, source: source.name)
        return try PlanVaults.run(session, global) { vaults throws(HikaeError) in
            let (old, new) = try pair(name, vaults)
            let words = session.words
            let (from, to) = (title(old, words), title(new, words))
            console.note("\(name): " + words.say("\(from) → \(to)\n", "from \(from) to \(to)\n"))
            let troubles = ErrorTally()
            let totals = try compare(old, new, words) { troubles.warn($0) }
            summarize(totals, old, new, words)
            return troubles.count > 0 ? .failed : .done
        }
    }

    /// The two captures, both of the first vault that has them.
    private func pair(_ name: SourceName, _ vaults: [VaultView]) throws(HikaeError) -> (ChosenCapture, ChosenCapture) {
        var first: HikaeError?
        for vault in vaults {
            let chooser = CaptureChooser([vault])
            do throws(HikaeError) {
                if snapshots.count == 2 {
                    return (
                        try chooser.choose(name, capture: snapshots[0]), try chooser.choose(name, capture: snapshots[1])
                    )
                }
                let all = chooser.captures(name)
                guard let newest = all.last else { continue }
                let new = try chooser.choose(name, capture: snapshots.first ?? newest.capture)
                let before = all.prefix { $0.capture != new.entry.capture }
                guard let old = before.last(where: \.isGood) ?? before.last else {
                    throw HikaeError(.notFound, "\(name) has no capture before that of \(TimeWords.minute(new.time))")
                }
                return (try chooser.choose(name, capture: old.capture), new)
            } catch {
                first = first ?? error
            }
        }
        throw first ?? HikaeError(.notFound, "no vault has a capture of \(name)")
    }

    private func title(_ capture: ChosenCapture, _ words: PlanWords) -> String {
        let verdict = words.verdict(capture.entry.verdict.rawValue)
        return TimeWords.minute(capture.time) + words.say("（\(verdict)）", " (\(verdict))")
    }

    private func compare(
        _ old: ChosenCapture, _ new: ChosenCapture, _ words: PlanWords,
        _ report: @escaping @Sendable (HikaeError) -> Void
    ) throws(HikaeError) -> SourceDifferenceTotals {
        let difference = SourceDifference(
            from: old.content, to: new.content, cancellation: Shutdown.cancellation, report: report)
        let unit = new.record?.facts.unit ?? old.record?.facts.unit ?? .files
        let show = { (change: SourceChange) in self.show(change, words) }
        switch unit {
        case .files, .objects: return try difference.files(show)
        case .messages: return try difference.messages(show)
        case .rows:
            guard let before = old.record?.facts, let after = new.record?.facts else {
                throw HikaeError(.damaged, "the records of these captures cannot be read, so rows cannot be compared")
            }
            return SourceDifference.tables(from: before, to: after, show)
        }
    }

    private func show(_ change: SourceChange, _ words: PlanWords) {
        guard !global.json else { return console.printObject { json in describe(change, &json) } }
        switch change {
        case .file(let modifier, let path): console.print(Words.filled(modifier, 5) + Words.safe(path))
        case .message(let change):
            let sign =
                switch change.kind {
                case .added: "+"
                case .removed: "-"
                case .moved: "mv"
                case .flags: "fl"
                }
            let from = change.formerMailbox.map { $0 + words.say(" → ", " to ") } ?? ""
            console.print(Words.filled(sign, 5) + Words.safe("\(from)\(change.mailbox)"))
            let headers = change.headers
            console.print("       \(Words.safe(headers.date))  \(Words.safe(headers.from))")
            console.print("       \(Words.safe(headers.subject)) (\(Words.size(change.bytes)))")
        case .table(let table):
            let (before, after) = (table.before, table.after)
            let sign = before == nil ? "+" : after == nil ? "-" : "M"
            var text = Words.filled(sign, 5) + Words.safe(table.table)
            text += words.say(
                "  \(before.map { "\($0) 行" } ?? "なし") → \(after.map { "\($0) 行" } ?? "なし")",
                "  \(before.map { "\($0)" } ?? "not there") to \(after.map { "\($0)" } ?? "gone") rows")
            if let before, let after, before != after {
                let change = after > before ? "+\(after - before)" : "-\(before - after)"
                text += words.say("（\(change)）", " (\(change))")
            }
            if before == after { text += words.say("、中身が違います", ", but of other content") }
            console.print(text)
        }
    }

    private func describe(_ change: SourceChange, _ json: inout JSONWriter) {
        json.member("message_type", "change")
        switch change {
        case .file(let modifier, let path):
            json.member("modifier", modifier)
            json.key("path")
            json.string(path)
        case .message(let change):
            json.member("change", change.kind.rawValue)
            json.member("mailbox", change.mailbox)
            if let former = change.formerMailbox { json.member("former_mailbox", former) }
            json.member("from", change.headers.from)
            json.member("subject", change.headers.subject)
            json.member("date", change.headers.date)
            json.member("message_id", change.headers.messageID)
            json.member("bytes", change.bytes)
        case .table(let table):
            json.member("table", table.table)
            if let before = table.before { json.member("rows_before", before) }
            if let after = table.after { json.member("rows_after", after) }
            json.member("bytes_before", table.bytesBefore)
            json.member("bytes_after", table.bytesAfter)
        }
    }

    private func summarize(
        _ totals: SourceDifferenceTotals, _ old: ChosenCapture, _ new: ChosenCapture, _ words: PlanWords
    ) {
        guard !global.json else {
            return console.printObject { json in
                json.member("message_type", "statistics")
                json.member("from_capture", old.entry.capture)
                json.member("to_capture", new.entry.capture)
                json.member("added", totals.added)
                json.member("removed", totals.removed)
                json.member("changed", totals.changed)
                json.member("unchanged", totals.unchanged)
            }
        }
        let (noun, japanese) =
            switch new.record?.facts.unit ?? .files {
            case .files: ("file", "ファイル")
            case .objects: ("object", "オブジェクト")
            case .messages: ("message", "メール")
            case .rows: ("table", "テーブル")
            }
        console.print("")
        console.print(
            words.say(
                "\(japanese): 追加 \(totals.added)、削除 \(totals.removed)、変更 \(totals.changed)",
                "\(Words.count(totals.added, noun)) added, \(totals.removed) removed, \(totals.changed) changed"))
    }
}

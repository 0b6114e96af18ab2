// How `hikae status` is shown.

import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations
import HikaeRepository
import HikaeSource

/// The standing of a plan, for people and for programs.
struct StandingOutput {
    let report: StandingReport
    let words: PlanWords
    let organisation: String

    private var console: Console { .shared }

    func print() {
        console.print(
            words.say(
                "\(organisation)　\(TimeWords.minute(report.now)) 現在",
                "\(organisation), \(TimeWords.minute(report.now))"))
        console.print("")
        var table = Table([
            "", words.say("対象", "source"), words.say("最後の正常な控え", "last good"), words.say("経過", "age"),
            words.say("目標", "may lose"), words.say("件数", "items"), words.say("容量", "bytes"),
            words.say("最新の判定", "newest"), words.say("保管先", "copies"),
        ])
        for source in report.sources { table.rows.append(cells(source).map { [$0] }) }
        for line in TrafficLight.coloured(table.lines, report.sources.map(\.light)) { console.print(line) }
        for source in report.sources where !source.problems.isEmpty { explain(source) }
        console.print("")
        for vault in report.vaults {
            console.print(line(vault))
            if let line = parityLine(vault) { console.print(line) }
        }
        if !report.unplanned.isEmpty {
            let names = report.unplanned.map(\.description).joined(separator: ", ")
            console.print(
                words.say("計画にない対象の控えがあります: \(names)", "Captures of sources that the plan does not name: \(names)"))
        }
    }

    private func cells(_ source: SourceStanding) -> [String] {
        let facts = source.record?.facts
        return [
            TrafficLight.dot, Words.safe(source.name.description),
            source.lastGood.map(TimeWords.minute) ?? "-", source.ageSeconds.map(words.age) ?? "-",
            source.objectiveSeconds.map(words.age) ?? "-", facts.map { words.items($0.items, $0.unit) } ?? "-",
            facts.map { Words.size($0.bytes) } ?? "-", newest(source),
            source.vaults.isEmpty ? "-" : source.vaults.joined(separator: ", "),
        ]
    }

    /// The newest capture's verdict, and what was decided of it.
    private func newest(_ source: SourceStanding) -> String {
        let hasFailed = source.problems.contains { if case .failed = $0 { true } else { false } }
        if hasFailed { return words.verdict("failed") }
        guard let newest = source.newest else { return "-" }
        switch newest.decision {
        case .accepted: return words.say("承認済み", "accepted")
        case .rejected: return words.say("却下", "rejected")
        case nil: return words.verdict(newest.verdict.rawValue)
        }
    }

    private func explain(_ source: SourceStanding) {
        console.print("")
        let shown = Words.safe(source.title)
        let title = source.title == source.name.system ? "" : words.say("（\(shown)）", " (\(shown))")
        console.print("\(Words.safe(source.name.description))\(title)")
        for problem in source.problems { console.print("  - \(Words.safe(words.problem(problem)))") }
        guard source.isSuspect else { return }
        if let record = source.newestRecord {
            for reason in record.reasons { console.print("    · \(Words.safe(reason.sentence))") }
        }
        console.print(
            "    " + words.say("判断: ", "decide: ") + "hikae accept \(source.name) --why …  |  "
                + "hikae reject \(source.name) --why …")
    }

    private func line(_ vault: VaultStanding) -> String {
        if let error = vault.error {
            return words.say("保管先 ", "vault ") + "\(vault.name): " + words.say("使えません: ", "unavailable: ")
                + error.message(without: vault.name)
        }
        let newest = vault.newest.map(TimeWords.minute) ?? "-"
        return words.say(
            "保管先 \(vault.name): 控え \(vault.captures) 件、最新 \(newest)",
            "vault \(vault.name): \(Words.count(vault.captures, "capture")), newest \(newest)")
    }

    /// What is wrong with the parity that the plan asks for; nil when nothing is.
    private func parityLine(_ vault: VaultStanding) -> String? {
        if let error = vault.parityError {
            return words.say("  パリティを確認できません — ", "  its parity could not be looked at: ") + error.message
        }
        guard let parity = vault.parity, parity.missing > 0 else { return nil }
        return words.say(
            "  パリティがないパック \(parity.missing) / \(parity.packs) 個。次の hikae backup か hikae copy が作ります。",
            "  \(parity.missing) of \(Words.count(parity.packs, "pack")) lack the parity that the plan asks for; "
                + "the next hikae backup or hikae copy makes it")
    }

    // MARK: JSON

    func printJSON() {
        for source in report.sources { console.printObject { json in describe(source, &json) } }
        for vault in report.vaults {
            console.printObject { json in
                json.member("message_type", "vault")
                json.member("vault", vault.name)
                json.member("state", vault.error == nil ? "available" : "unavailable")
                json.member("captures", vault.captures)
                if let time = vault.newest {
                    json.key("newest")
                    json.time(time)
                }
                if let parity = vault.parity { json.member("packs_without_parity", parity.missing) }
                if let error = vault.parityError { json.member("parity_error", error.message) }
                if let error = vault.error {
                    json.member("error_code", error.code.rawValue)
                    json.member("error", error.message)
                }
            }
        }
        console.printObject { json in
            json.member("message_type", "summary")
            json.member("organisation", organisation)
            json.member("light", report.light.rawValue)
            json.member("sources", report.sources.count)
            json.member("suspect", report.sources.filter(\.isSuspect).count)
            json.member("failing", report.sources.filter(\.isFailing).count)
            json.key("unplanned")
            json.strings(report.unplanned.map(\.description))
        }
    }

    private func describe(_ source: SourceStanding, _ json: inout JSONWriter) {
        json.member("message_type", "source")
        json.member("system", source.name.system)
        json.member("source", source.name.source)
        json.member("title", source.title)
        json.member("address", source.address)
        json.member("light", source.light.rawValue)
        json.member("captures", source.captures)
        if let time = source.lastGood {
            json.key("last_good")
            json.time(time)
        }
        if let age = source.ageSeconds { json.member("age_seconds", age) }
        if let objective = source.objectiveSeconds { json.member("objective_seconds", objective) }
        if let record = source.record {
            json.member("last_good_capture", record.capture)
            json.member("unit", record.facts.unit.rawValue)
            json.member("items", record.facts.items)
            json.member("bytes", record.facts.bytes)
        }
        if let newest = source.newest {
            json.member("newest_capture", newest.capture)
            json.member("newest_snapshot", newest.snapshot.id.hex)
            json.member("newest_verdict", newest.verdict.rawValue)
            if let decision = newest.decision { json.member("newest_decision", decision.rawValue) }
            json.key("newest_time")
            json.time(newest.snapshot.snapshot.time)
        }
        json.member("suspect", source.isSuspect)
        json.key("reasons")
        json.strings((source.newestRecord?.reasons ?? []).map(\.sentence))
        json.key("copies")
        json.strings(source.vaults)
        json.key("problems")
        json.strings(source.problems.map(words.problem))
    }
}

// What a round of captures has to tell people, in the plan's language.

public import HikaeCore
import HikaeGuard
public import HikaePlan

extension Alarm {
    /// The alarm of a round; nil when all is well.
    public init?(_ report: CaptureRoundReport, plan: Plan) {
        let (suspects, failures) = (report.suspects, report.failures)
        let broken = report.brokenVaults.count
        guard !suspects.isEmpty || !failures.isEmpty || broken > 0 || !report.absences.isEmpty else { return nil }
        let isJapanese = plan.language == .japanese
        func say(_ japanese: String, _ english: String) -> String { isJapanese ? japanese : english }
        var lines: [String] = []
        for result in suspects {
            lines.append(
                say("■ 要確認: \(result.title)（\(result.name)）", "SUSPECT: \(result.title) (\(result.name))"))
            lines += (result.capture?.record.reasons ?? []).map { "  - " + $0.sentence }
            lines.append("  " + Self.lastGood(result, isJapanese))
            lines.append(
                say(
                    "  正常なら: hikae accept \(result.name) --why 理由　異常なら: hikae reject \(result.name) --why 理由",
                    "  If it is as it should be: hikae accept \(result.name) --why REASON; "
                        + "if not: hikae reject \(result.name) --why REASON"))
        }
        for result in failures {
            lines.append(
                say("■ 失敗: \(result.title)（\(result.name)）", "FAILED: \(result.title) (\(result.name))"))
            if let error = result.failure { lines.append("  - \(error.message)") }
            lines.append("  " + Self.lastGood(result, isJapanese))
        }
        for (vault, error) in report.unavailable {
            let message = error.message(without: vault)
            lines.append(say("■ 保管先 \(vault): \(message)", "VAULT \(vault): \(message)"))
        }
        for absence in report.absences {
            lines.append("  " + Self.sentence(absence, japanese: isJapanese))
        }
        var counts = say(
            "要確認 \(suspects.count) 件、失敗 \(failures.count) 件",
            "\(suspects.count) suspect, \(failures.count) failed")
        if broken > 0 { counts += say("、使えない保管先 \(broken) 件", ", \(broken) vault\(broken == 1 ? "" : "s") unusable") }
        if !report.absences.isEmpty {
            let count = report.absences.count
            counts += say("、戻らない保管先 \(count) 件", ", \(count) vaults away for long")
        }
        self.init(
            subject: say(
                "【控え】\(plan.organisation): \(counts)", "[hikae] \(plan.organisation): \(counts)"),
            text: lines.joined(separator: "\n"))
    }

    /// What is to be said of a vault that does not come back.
    public static func sentence(_ absence: VaultAbsence, japanese: Bool) -> String {
        let since = TimeWords.minute(absence.since)
        return japanese
            ? "保管先 \(absence.vault) は \(since) から使えないままです。つながっているか、ロックが残っていないか確かめてください。"
            : "The vault \(absence.vault) could not be used since \(since): see that it is there, and that no lock was left in it."
    }

    private static func lastGood(_ result: CaptureResult, _ isJapanese: Bool) -> String {
        guard let time = result.lastGoodBefore else {
            return isJapanese ? "正常な控えはまだありません。" : "There is no good capture yet."
        }
        let text = TimeWords.minute(time)
        return isJapanese ? "最後の正常な控え: \(text)" : "Last good capture: \(text)"
    }
}

extension HikaeError {
    /// The message for a line that names the vault already.
    public func message(without vault: String) -> String {
        let name = "vault \(vault): "
        return message.hasPrefix(name) ? String(message.dropFirst(name.count)) : message
    }
}

/// Times as people read them.
public enum TimeWords {
    /// "2012-06-20 16:00", in the zone that the time is in.
    public static func minute(_ time: Timestamp) -> String {
        let date = CivilDate(secondsSince1970: time.seconds + Int64(time.offset))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day)) \(two(date.hour)):\(two(date.minute))"
    }

    /// "3 min", "5 h", "12 d".
    public static func age(seconds: Int64, japanese: Bool) -> String {
        let seconds = max(0, seconds)
        if seconds < 3600 { return japanese ? "\(seconds / 60) 分" : "\(seconds / 60) min" }
        if seconds < 48 * 3600 { return japanese ? "\(seconds / 3600) 時間" : "\(seconds / 3600) h" }
        return japanese ? "\(seconds / 86400) 日" : "\(seconds / 86400) d"
    }
}

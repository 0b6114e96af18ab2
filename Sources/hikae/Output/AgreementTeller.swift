// A vault's agreement in words: its rule, its people, and where each proposal stands.

import HikaeAgreement
import HikaeCore
import HikaeGuard
import HikaeOperations
import HikaePlan
import HikaeRepository

/// Spans of a vault's own time.
enum VaultSpan {
    private static let units: [(Character, UInt64)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]

    /// "30d", "12h", "90m", "10s".
    static func seconds(_ text: String) throws(HikaeError) -> UInt64 {
        guard let unit = units.first(where: { text.last == $0.0 })?.1, let number = UInt64(text.dropLast()),
            number <= AgreementRule.maximumDelay / unit
        else { throw HikaeError(.usage, "\(text) is no span of time", hint: "Write it as 30d, 12h or 90m.") }
        return number * unit
    }

    /// "29 d 23 h", "5 min".
    static func text(_ seconds: UInt64, _ words: PlanWords = PlanWords(language: .english)) -> String {
        let (day, hour) = (words.say("日", "d"), words.say("時間", "h"))
        let (minute, second) = (words.say("分", "min"), words.say("秒", "s"))
        let (days, hours, minutes) = (seconds / 86400, seconds % 86400 / 3600, seconds % 3600 / 60)
        if days > 0 { return hours > 0 ? "\(days) \(day) \(hours) \(hour)" : "\(days) \(day)" }
        if hours > 0 { return minutes > 0 ? "\(hours) \(hour) \(minutes) \(minute)" : "\(hours) \(hour)" }
        return minutes > 0 ? "\(minutes) \(minute)" : "\(seconds) \(second)"
    }
}

/// Words about an agreement.
enum AgreementTeller {
    static func rule(_ report: AgreementReport, _ words: PlanWords) -> [String] {
        guard let rule = report.rule else {
            return [
                words.say(
                    "削除について決める人がまだ登録されていません。何も削除できません。",
                    "Nobody has said yet who decides on removals. Nothing can be removed.")
            ]
        }
        let delay = VaultSpan.text(rule.delay, words)
        var lines = [
            words.say(
                "削除には \(rule.threshold) 人の承認と、\(delay)の待機が必要です。",
                "A removal needs \(Words.count(rule.threshold, "approval")) and waits \(delay).")
        ]
        if let coming = report.coming, report.comingFrom > report.vaultTime {
            let wait = VaultSpan.text(report.comingFrom - report.vaultTime, words)
            let delay = VaultSpan.text(coming.delay, words)
            lines.append(
                words.say(
                    "注意: \(wait)後に緩和されます（\(coming.threshold) 人、\(delay)）。",
                    "Note: in \(wait) this becomes laxer: \(Words.count(coming.threshold, "approval")), \(delay)."))
        }
        return lines
    }

    static func people(_ report: AgreementReport, _ words: PlanWords) -> [String] {
        rule(report, words)
            + report.members.map { member in
                var wait = ""
                if member.approvesFrom > report.vaultTime {
                    let span = VaultSpan.text(member.approvesFrom - report.vaultTime, words)
                    wait = words.say("（あと \(span)で承認できます）", " (approves in \(span))")
                }
                return "  \(Words.safe(member.person.name.text))\(wait)  \(member.person.key.fingerprint)"
            }
    }

    static func proposals(_ report: AgreementReport, _ words: PlanWords) -> [String] {
        if report.proposals.isEmpty { return [words.say("提案はありません。", "There are no proposals.")] }
        var lines: [String] = []
        for item in report.proposals {
            let names = item.standing.approvals.map { Words.safe($0.text) }.joined(separator: ", ")
            let count = "\(item.standing.approvals.count)/\(item.standing.threshold)"
            let by = words.say("提案者 ", "by ") + Words.safe(item.by)
            let approved = words.say("承認 ", "approved by ") + count + listed(names, words)
            lines.append("\(item.id.short)  \(stage(item, report, words))  \(by)  \(approved)")
            for obstacle in item.obstacles {
                lines.append("          " + words.say("実行できない理由: ", "held up: ") + Words.safe(obstacle))
            }
        }
        return lines
    }

    /// Names behind a number, in parentheses; nothing when there are none.
    private static func listed(_ names: String, _ words: PlanWords) -> String {
        names.isEmpty ? "" : words.say("（\(names)）", " (\(names))")
    }

    private static func stage(_ item: AgreementReport.Item, _ report: AgreementReport, _ words: PlanWords) -> String {
        switch item.standing.stage {
        case .waiting:
            guard item.standing.due > report.vaultTime else { return words.say("承認待ち", "waits for approvals") }
            let rest = VaultSpan.text(item.standing.due - report.vaultTime, words)
            return words.say("待機中（あと \(rest)）", "waits \(rest) more")
        case .due: return words.say("実行待ち", "due")
        case .underway: return words.say("削除中", "being carried out")
        case .done:
            return words.say(
                "削除済み（ファイル \(item.removed ?? 0) 個）", "done, \(Words.count(item.removed ?? 0, "file")) gone")
        case .vetoed:
            let who = Words.safe(item.veto ?? "")
            return words.say("拒否（\(who)）", "vetoed by \(who)")
        case .lapsed: return words.say("期限切れ", "lapsed")
        }
    }

    /// Why nothing new was proposed: what waits already, since when, who has agreed, and when it would take effect.
    static func waiting(
        _ waiting: StandingProposals.Waiting, _ report: AgreementReport, _ words: PlanWords
    ) -> [String] {
        var lines: [String] = []
        for item in waiting.items {
            let standing = item.standing
            let since = VaultSpan.text(
                report.vaultTime > item.submitted ? report.vaultTime - item.submitted : 0, words)
            let rest = VaultSpan.text(standing.due > report.vaultTime ? standing.due - report.vaultTime : 0, words)
            let names = standing.approvals.map { Words.safe($0.text) }.joined(separator: ", ")
            lines.append(
                words.say(
                    "提案済み: \(item.id.short)（\(since)前、\(Words.safe(item.by))）、"
                        + "承認 \(standing.approvals.count)/\(standing.threshold)\(listed(names, words))、"
                        + "早くて \(rest)後に実行",
                    "already proposed: \(item.id.short), \(since) ago, by \(Words.safe(item.by)); agreed: "
                        + "\(standing.approvals.count) of \(standing.threshold)\(listed(names, words)); "
                        + "takes effect in \(rest) at the earliest"))
        }
        guard waiting.deferred > 0 else { return lines }
        let wait = waiting.from.map { VaultSpan.text($0 > report.vaultTime ? $0 - report.vaultTime : 0, words) }
        lines.append(
            words.say(
                "その後に増えた \(waiting.deferred) 件は"
                    + (wait.map { "、早くて \($0)後の提案に含まれます。" } ?? "、これらが片付いた後に提案されます。"),
                "\(waiting.deferred) more since then: proposed "
                    + (wait.map { "in \($0), with what comes until then" } ?? "when one of these is over")))
        return lines
    }

    /// A proposal as it was found to be on this machine.
    static func review(_ review: ProposalReview, _ words: PlanWords) -> [String] {
        let proposal = review.proposal
        var lines = [
            words.say("提案 ", "Proposal ") + proposal.id.hex,
            words.say("提案者: ", "By: ") + Words.safe(proposal.proposer),
            words.say("理由: ", "Why: ") + Words.safe(proposal.reason),
            words.say(
                "次のスナップショットが削除されることになります（\(review.going.count) 件）:",
                "These snapshots would go (\(review.going.count)):"),
        ]
        for snapshot in review.going.prefix(50) {
            lines.append("  \(snapshot.id.short)  \(Words.safe(ProposalMaking.label(snapshot)))")
        }
        if review.going.count > 50 {
            lines.append(words.say("  ほか \(review.going.count - 50) 件", "  and \(review.going.count - 50) more"))
        }
        if review.gone > 0 {
            lines.append(words.say("  すでにないもの \(review.gone) 件", "  and \(review.gone) that are gone already"))
        }
        lines.append(
            words.say(
                "データ: パック \(proposal.packs.count) 個、\(Words.size(review.bytes))",
                "Data: \(Words.count(proposal.packs.count, "pack")), \(Words.size(review.bytes))"))
        lines.append(words.say("残るスナップショット: \(review.staying) 件", "Snapshots that stay: \(review.staying)"))
        for (name, time) in review.lastGood {
            lines.append(
                words.say("  最後の正常な控え ", "  last good capture of ") + Words.safe(name.description) + ": "
                    + time.inLocalZone.display)
        }
        return lines
    }

    static func finding(_ finding: ProposalReview.Finding, _ words: PlanWords) -> String {
        switch finding {
        case .otherRepository:
            words.say("この提案は別のリポジトリのものです。", "The proposal is about another repository.")
        case .unreadableSnapshots(let count):
            words.say(
                "読み取れないスナップショットが \(count) 件あり、何が必要か確定できません。",
                "\(Words.count(count, "snapshot")) cannot be read, so nobody knows what must stay.")
        case .held(let id, let hold):
            words.say("\(id.short) は残す必要があります: ", "\(id.short) must stay: ")
                + Words.safe(hold.reason(in: words.isJapanese ? .japanese : .english))
        case .absent(let snapshots, let packs, let indexes):
            words.say(
                "存在しないものが含まれています: スナップショット \(snapshots) 件、パック \(packs) 個、索引 \(indexes) 個。",
                "It names what is not there and nobody can look at: \(Words.count(snapshots, "snapshot")), "
                    + "\(Words.count(packs, "pack")), \(Words.count(indexes, "index file")).")
        case .losses(let count):
            words.say(
                "残るスナップショットに必要なデータ \(count) 個が失われます。",
                "\(Words.count(count, "blob")) that remaining snapshots need would be lost.")
        case .nothingLeft: words.say("スナップショットが一つも残りません。", "No snapshot would be left.")
        case .damaged(let message): words.say("確認できません: ", "It cannot be examined: ") + Words.safe(message)
        }
    }
}

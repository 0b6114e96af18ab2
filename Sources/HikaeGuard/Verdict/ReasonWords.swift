// The sentences of verdicts, in Japanese and English. Each names its figure and its threshold.

import HikaeCore
import HikaeSource

/// Words for reasons.
struct ReasonWords {
    let language: ReasonLanguage

    private func say(_ japanese: String, _ english: String) -> String {
        language == .japanese ? japanese : english
    }

    /// "12.5%", "60%"
    static func percent(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
    }

    private func size(_ bytes: UInt64) -> String { ByteCount(bytes).display }

    private func unit(_ unit: CaptureUnit) -> String {
        switch unit {
        case .files: say("ファイル", "files")
        case .messages: say("メール", "messages")
        case .rows: say("行", "rows")
        case .objects: say("オブジェクト", "objects")
        }
    }

    private func group(_ unit: CaptureUnit) -> String {
        switch unit {
        case .files: say("フォルダー", "folder")
        case .messages: say("メールボックス", "mailbox")
        case .rows: say("テーブル", "table")
        case .objects: say("プレフィックス", "part of the bucket")
        }
    }

    private func counted(_ value: some BinaryInteger, _ unit: CaptureUnit) -> String {
        let number = GroupedDigits.text(value)
        switch unit {
        case .files: return say("\(number) 個", "\(number) file\(value == 1 ? "" : "s")")
        case .messages: return say("\(number) 通", "\(number) message\(value == 1 ? "" : "s")")
        case .rows: return say("\(number) 行", "\(number) row\(value == 1 ? "" : "s")")
        case .objects: return say("\(number) 個", "\(number) object\(value == 1 ? "" : "s")")
        }
    }

    func nothingYet(_ unit: CaptureUnit) -> String {
        say(
            "\(self.unit(unit))が一つもありません。初回の取得なので、ここがまだ空でよいのかを確認してください。",
            "There are no \(self.unit(unit)) yet. This is the first capture: is the place meant to be empty?")
    }

    func nothingLeft(_ unit: CaptureUnit, before: UInt64) -> String {
        say(
            "\(self.unit(unit))が一つもありません。前回の正常な控えには \(counted(before, unit))ありました（許容: 0 にならないこと）。",
            "Nothing is there: 0 \(self.unit(unit)), where the last good capture had \(counted(before, unit)) "
                + "(allowed: never 0).")
    }

    func fewer(_ unit: CaptureUnit, before: UInt64, now: UInt64, percent: Double, allowed: Double) -> String {
        say(
            "\(self.unit(unit))が \(counted(before, unit))から \(counted(now, unit))に減りました"
                + "（\(Self.percent(percent)) 減、許容 \(Self.percent(allowed))）。",
            "Far less is there: \(counted(now, unit)), where the last good capture had \(counted(before, unit)) "
                + "(\(Self.percent(percent)) less, \(Self.percent(allowed)) allowed).")
    }

    func fewerBytes(before: UInt64, now: UInt64, percent: Double, allowed: Double) -> String {
        say(
            "容量が \(size(before)) から \(size(now)) に減りました"
                + "（\(Self.percent(percent)) 減、許容 \(Self.percent(allowed))）。",
            "Far less data: \(size(now)), where the last good capture had \(size(before)) "
                + "(\(Self.percent(percent)) less, \(Self.percent(allowed)) allowed).")
    }

    func eroded(_ unit: CaptureUnit, _ peak: CapturePeak, now: UInt64, percent: Double, allowed: Double) -> String {
        let day = String(peak.time.display.prefix(10))
        return say(
            "\(self.unit(unit))が少しずつ減っています。\(day) の \(counted(peak.items, unit))から \(counted(now, unit))になりました"
                + "（\(CapturePeak.days) 日以内に \(Self.percent(percent)) 減、許容 \(Self.percent(allowed))）。",
            "Less is there each time: \(counted(now, unit)), where the good capture of \(day) had "
                + "\(counted(peak.items, unit)) (\(Self.percent(percent)) less within \(CapturePeak.days) days, "
                + "\(Self.percent(allowed)) allowed).")
    }

    func gone(_ unit: CaptureUnit, _ name: String, items: UInt64) -> String {
        say(
            "\(group(unit))「\(name)」がなくなりました（前回の正常な控えでは \(counted(items, unit))）。",
            "The \(group(unit)) \(name) is gone; the last good capture had \(counted(items, unit)) in it.")
    }

    func shrunk(
        _ unit: CaptureUnit, _ name: String, before: UInt64, now: UInt64, percent: Double, allowed: Double
    ) -> String {
        say(
            "\(group(unit))「\(name)」が \(counted(before, unit))から \(counted(now, unit))に減りました"
                + "（\(Self.percent(percent)) 減、許容 \(Self.percent(allowed))）。",
            "The \(group(unit)) \(name) has \(counted(now, unit)), where the last good capture had "
                + "\(counted(before, unit)) (\(Self.percent(percent)) less, \(Self.percent(allowed)) allowed).")
    }

    func reborn(_ name: String, was: String, identity: String, before: UInt64, now: UInt64) -> String {
        say(
            "メールボックス「\(name)」が作り直されています（UIDVALIDITY が \(was) から \(identity) に変わり、"
                + "\(counted(before, .messages))が \(counted(now, .messages))になりました。許容: 変わらないこと）。",
            "The mailbox \(name) was made anew: its identity (UIDVALIDITY) was \(was) and is \(identity), it had "
                + "\(counted(before, .messages)) and has \(counted(now, .messages)) (allowed: no change of identity).")
    }

    func andMore(_ count: Int) -> String {
        say("同様のものがほかに \(GroupedDigits.text(count)) 件あります。", "And \(GroupedDigits.text(count)) more like this.")
    }

    func massChange(
        _ unit: CaptureUnit, before: Int, changed: Int, gone: Int, percent: Double, allowed: Double
    ) -> String {
        say(
            "ほとんどが一度に変わりました。前回の正常な控えの\(self.unit(unit)) \(counted(before, unit))のうち、"
                + "\(counted(changed, unit))が変わり、\(counted(gone, unit))がなくなりました"
                + "（\(Self.percent(percent))、許容 \(Self.percent(allowed))）。",
            "Nearly everything changed at once: of the \(counted(before, unit)) of the last good capture "
                + "\(GroupedDigits.text(changed)) are different and \(GroupedDigits.text(gone)) are gone "
                + "(\(Self.percent(percent)), \(Self.percent(allowed)) allowed).")
    }

    func content(
        _ rule: VerdictReason.Rule, _ unit: CaptureUnit, count: Int, of looked: Int, examples: [String],
        percent: Double, allowed: Double
    ) -> String {
        let shown = examples.joined(separator: language == .japanese ? "、" : ", ")
        let figures = say(
            "新しく読んだ\(self.unit(unit)) \(counted(looked, unit))のうち \(counted(count, unit))、\(Self.percent(percent))、"
                + "許容 \(Self.percent(allowed))。例: \(shown)",
            "\(GroupedDigits.text(count)) of \(counted(looked, unit)) newly read, \(Self.percent(percent)), "
                + "\(Self.percent(allowed)) allowed; for example \(shown)")
        if rule == .errorPages {
            return say(
                "画像や書類の代わりに HTML のページ（エラー画面など）が入っています（\(figures)）。",
                "HTML pages, as servers send them for errors, stand in place of files (\(figures)).")
        }
        return say(
            "暗号化されたように見える\(self.unit(unit))があります（\(figures)）。",
            "\(unit == .objects ? "Objects" : "Files") look encrypted (\(figures)).")
    }

    func rotten(_ unit: CaptureUnit, count: Int, examples: [String]) -> String {
        let shown = examples.joined(separator: language == .japanese ? "、" : ", ")
        let one = count == 1
        return say(
            "\(self.unit(unit)) \(counted(count, unit))の中身が、サイズも更新日時も同じまま変わっています"
                + "（壊れた可能性があります。許容 0）。例: \(shown)",
            "\(counted(count, unit)) \(one ? "holds" : "hold") other bytes though \(one ? "its" : "their") size and time "
                + "of change are the same: \(one ? "it" : "they") may be damaged (0 allowed); for example \(shown)")
    }

    func unlisted(count: Int, paths: [String]) -> String {
        let shown = paths.joined(separator: language == .japanese ? "、" : ", ")
        let more = count > paths.count ? say("など", " and others") : ""
        return say(
            "前回の正常な控えでは中身のあった \(GroupedDigits.text(count)) 個のフォルダーの一覧を読み取れず、その中がすべて欠けています"
                + "（許容 0）: \(shown)\(more)",
            "\(count == 1 ? "A folder" : "\(GroupedDigits.text(count)) folders") that held something in the last good "
                + "capture could not be listed, so that all in \(count == 1 ? "it" : "them") is missing (0 allowed): "
                + "\(shown)\(more)")
    }

    var historyIncomplete: String {
        say(
            "保管先にある控えの一覧をすべては読み取れず、どれが最後の正常な控えかを確定できません。`hikae check` で確認してください。",
            "The list of captures could not be read as a whole, so that it is not certain which one is the last good one: "
                + "see `hikae check`.")
    }

    func baselineUnreadable(_ count: Int, comparedWith capture: String?) -> String {
        guard let capture else {
            return say(
                "最後の正常な控えの記録を読み取れず、比較できませんでした。",
                "The record of the last good capture cannot be read: this one was compared with nothing.")
        }
        return say(
            "最後の正常な控えの記録を読み取れない（\(GroupedDigits.text(count)) 件）ため、それより古いか一部を失った控え \(capture) と比較しました。",
            "The record of the last good capture cannot be read (\(GroupedDigits.text(count)) such): this one was "
                + "compared with \(capture) instead, which is older or has lost something.")
    }

    func baselineRepaired(_ capture: String) -> String {
        say(
            "正常な控えはどれも修復されたもの（一部が失われたもの）です。その一つ \(capture) と比較しました。",
            "Every good capture was repaired, having lost something: this one was compared with one of them, \(capture)."
        )
    }

    func unreadable(count: Int, of all: Int, percent: Double, allowed: Double) -> String {
        say(
            "読み取れない項目が多すぎます（\(GroupedDigits.text(all)) 件中 \(GroupedDigits.text(count)) 件、"
                + "\(Self.percent(percent))、許容 \(Self.percent(allowed))）。",
            "Too much could not be read: \(GroupedDigits.text(count)) of \(GroupedDigits.text(all)) items "
                + "(\(Self.percent(percent)), \(Self.percent(allowed)) allowed).")
    }
}

// The words of plan commands, in the plan's language.

import HikaeCore
import HikaeOperations
import HikaePlan
import HikaeSource

/// Words for people who read a plan's tables.
struct PlanWords {
    let language: PlanLanguage

    var isJapanese: Bool { language == .japanese }

    func say(_ japanese: String, _ english: String) -> String { isJapanese ? japanese : english }

    /// "good", "suspect", "failed".
    func verdict(_ word: String) -> String {
        switch word {
        case "good": say("正常", "good")
        case "suspect": say("要確認", "suspect")
        case "failed": say("失敗", "failed")
        default: word
        }
    }

    /// "1,234 files"
    func items(_ count: UInt64, _ unit: CaptureUnit) -> String {
        let number = GroupedDigits.text(count)
        switch unit {
        case .files: return say("\(number) ファイル", "\(number) file\(count == 1 ? "" : "s")")
        case .messages: return say("\(number) 通", "\(number) message\(count == 1 ? "" : "s")")
        case .rows: return say("\(number) 行", "\(number) row\(count == 1 ? "" : "s")")
        case .objects: return say("\(number) オブジェクト", "\(number) object\(count == 1 ? "" : "s")")
        }
    }

    /// What a line of `hikae plan check` is about.
    func subject(_ word: String) -> String {
        let japanese = [
            "plan": "計画", "secret": "パスワード・鍵", "vault": "保管先", "source": "対象", "restore": "復元先",
            "custody": "独立性",
        ]
        return say(japanese[word] ?? word, word)
    }

    /// " (line 8)"
    func line(_ number: Int) -> String { say("（\(number) 行目）", " (line \(number))") }

    func age(_ seconds: Int64) -> String { TimeWords.age(seconds: seconds, japanese: isJapanese) }

    /// What is wrong with a source, as a sentence.
    func problem(_ problem: SourceStanding.Problem) -> String {
        switch problem {
        case .noGood:
            return say("正常な控えがありません。", "There is no good capture.")
        case .objectiveMissed(let age, let objective):
            return say(
                "最後の正常な控えは \(self.age(age))前です（目標 \(self.age(objective))以内）。",
                "The last good capture is \(self.age(age)) old; \(self.age(objective)) is the most that may be lost.")
        case .suspect(let count, let isNewest):
            return isNewest
                ? say(
                    "最新の控えが要確認です（未判断 \(count) 件）。判断されるまで何も削除されません。",
                    "The newest capture is suspect (\(count) undecided). Nothing is forgotten until you decide.")
                : say(
                    "以前の要確認の控え \(count) 件が未判断です。判断されるまで何も削除されません。",
                    "\(count) earlier suspect capture\(count == 1 ? " is" : "s are") undecided. "
                        + "Nothing is forgotten until you decide.")
        case .failed(let time, let message):
            return say(
                "直近の取得は失敗しました（\(TimeWords.minute(time))）: \(message)",
                "The last attempt failed (\(TimeWords.minute(time))): \(message)")
        case .unreadable(let count):
            return say(
                "最後の正常な控えには、読み取れなかった項目が \(count) 件含まれていません。",
                "The last good capture lacks \(Words.count(count, "item")) that could not be read.")
        case .notIn(let vaults):
            return say(
                "保管先 \(vaults.joined(separator: "、")) に最後の正常な控えがありません。",
                "The last good capture is not in \(vaults.joined(separator: ", ")).")
        case .unknownIn(let vaults):
            return say(
                "保管先 \(vaults.joined(separator: "、")) を確認できませんでした。",
                "\(vaults.joined(separator: ", ")) could not be looked into.")
        }
    }
}

/// A coloured dot on terminals, a plain one elsewhere.
enum TrafficLight {
    /// What stands for the light in a table.
    static let dot = "●"

    static func light(of verdict: String) -> SourceStanding.Light {
        verdict == "good" ? .green : verdict == "suspect" ? .amber : .red
    }

    /// The lines of a table with a dot in each row coloured.
    static func coloured(_ lines: [String], _ lights: [SourceStanding.Light]) -> [String] {
        guard Console.shared.outputIsTerminal, Environment.value("NO_COLOR", prefixes: [""]) == nil else {
            return lines
        }
        var rest = lights[...]
        return lines.map { line in
            guard let place = line.firstIndex(of: Character(dot)), let light = rest.popFirst() else { return line }
            let code = light == .green ? "32" : light == .amber ? "33" : "31"
            return line[..<place] + "\u{1b}[\(code)m\(dot)\u{1b}[0m" + line[line.index(after: place)...]
        }
    }
}

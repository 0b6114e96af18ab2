// How custody is shown: pairs with their reasons, and one table of who could end which copies.

import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations

/// The custody of a plan's copies, for people and for programs.
struct CustodyOutput {
    let judgement: CustodyJudgement
    let words: PlanWords

    private var console: Console { .shared }

    private func word(_ light: CustodyLight) -> String {
        switch light {
        case .green: words.say("緑", "green")
        case .amber: words.say("黄", "amber")
        case .red: words.say("赤", "red")
        }
    }

    /// The one line of `hikae status`.
    var line: String {
        let count = judgement.copies.filter { $0.kind == .vault }.count
        if count < 2 {
            return words.say(
                "独立性 赤: 保管先が一つしかなく、一つの誤りですべて失われます。",
                "custody red: there is one vault, so one mistake can end every copy")
        }
        let best = judgement.pairs.filter(\.isBetweenVaults).min { $0.light < $1.light }
        let why = best?.findings.first.map { ": " + Words.safe($0.sentence(japanese: words.isJapanese)) } ?? ""
        let pair = best.map { "\($0.first) – \($0.second)" } ?? ""
        return words.say("独立性 \(word(judgement.light))（\(pair)）", "custody \(word(judgement.light)) (\(pair))") + why
    }

    func print() {
        for pair in judgement.pairs {
            console.print("\(word(pair.light))  \(Words.safe(pair.first)) – \(Words.safe(pair.second))")
            for finding in pair.findings {
                let finger = finding.finger.word(japanese: words.isJapanese)
                let sentence = Words.safe(finding.sentence(japanese: words.isJapanese))
                console.print("    \(word(finding.light))  [\(finger)] \(sentence)")
            }
        }
        console.print("")
        var table = Table([
            words.say("失わせるもの", "what could end it"), words.say("具体的には", "which one"),
            words.say("失われる控え", "copies"),
        ])
        for reach in judgement.reaches {
            let finger = reach.finger.word(japanese: words.isJapanese)
            let name = "\(kind(reach.kind)) \(reach.name == "-" ? "" : reach.name)"
            table.rows.append([[finger], [Words.safe(name)], [Words.safe(reach.copies.joined(separator: ", "))]])
        }
        for line in table.lines { console.print(line) }
        console.print("")
        console.print(line)
    }

    private func kind(_ text: String) -> String {
        if let kind = CustodyTrait.Kind(rawValue: text) { return kind.word(japanese: words.isJapanese) }
        switch text {
        case "capturing-host": return words.say("このマシンにある権限すべて", "all that this machine holds")
        case "provider": return words.say("事業者", "provider")
        case "place": return words.say("場所", "place")
        default: return words.say("管理者", "holder")
        }
    }

    func printJSON() {
        for copy in judgement.copies {
            console.printObject { json in
                json.member("message_type", "custody_copy")
                json.member("copy", copy.name)
                json.member("kind", copy.kind.rawValue)
                json.member("address", copy.address)
                json.member("erasable_here", copy.erasure.rawValue)
                if let said = copy.statement {
                    for (key, value) in [
                        ("holder", said.holder), ("provider", said.provider), ("account", said.account),
                        ("place", said.place), ("contract_end", said.contractEnd), ("confirmed_by", said.who),
                    ] {
                        guard let value else { continue }
                        json.key(Array(key.utf8))
                        json.string(value)
                    }
                    if let when = said.when {
                        json.key("confirmed")
                        json.time(when)
                    }
                }
                json.key("unseen")
                json.strings(copy.unseen)
            }
        }
        for pair in judgement.pairs { printJSON(pair) }
        for reach in judgement.reaches {
            console.printObject { json in
                json.member("message_type", "custody_reach")
                json.member("finger", reach.finger.rawValue)
                json.member("kind", reach.kind)
                json.member("name", reach.name)
                json.key("copies")
                json.strings(reach.copies)
            }
        }
        printSummary()
    }

    private func printJSON(_ pair: CustodyPair) {
        console.printObject { json in
            json.member("message_type", "custody_pair")
            json.member("first", pair.first)
            json.member("second", pair.second)
            json.member("light", pair.light.rawValue)
            json.key("fingers")
            json.beginObject()
            for finger in CustodyFinger.allCases {
                json.key(Array(finger.rawValue.utf8))
                json.string(pair.light(of: finger).rawValue)
            }
            json.endObject()
            json.key("findings")
            json.beginArray()
            for finding in pair.findings {
                json.beginObject()
                json.member("finger", finding.finger.rawValue)
                json.member("light", finding.light.rawValue)
                json.member("kind", finding.kind)
                json.member("reason", finding.sentence(japanese: words.isJapanese))
                json.endObject()
            }
            json.endArray()
        }
    }

    /// The summary alone: what `hikae status --json` has of it.
    func printSummary() {
        console.printObject { json in
            json.member("message_type", "custody")
            json.member("light", judgement.light.rawValue)
            json.member("reason", line)
        }
    }
}

extension CustodyFinding {
    /// A stable word for programs.
    fileprivate var kind: String {
        switch reason {
        case .shared(let trait): trait.kind.rawValue
        case .sameBucket: "same-bucket"
        case .sameHolder: "same-holder"
        case .sameAccount: "same-account"
        case .sameProvider: "same-provider"
        case .samePlace: "same-place"
        case .erasableHere: "erasable-here"
        case .perhapsErasable: "perhaps-erasable"
        case .unsaid: "unsaid"
        case .unconfirmed: "unconfirmed"
        case .confirmedLongAgo: "confirmed-long-ago"
        case .contractEnds: "contract-ends"
        case .unseen: "unseen"
        }
    }
}

// What a plan itself says against its copies being independent: one vault, or one hand for all of them.

extension Plan {
    /// Faults of custody that the plan's own words show, each with the place to mend it. They are no mistakes: a plan
    /// with them works, until the one finger slips.
    public func custodyWarnings(in language: PlanLanguage = .english) -> [PlanProblem] {
        func say(_ japanese: String, _ english: String) -> String { language == .japanese ? japanese : english }
        guard let first = vaults.first else { return [] }
        guard vaults.count > 1 else {
            return [
                PlanProblem(
                    first.places.of("name"),
                    say(
                        "保管先が一つしかなく、一つの誤りですべて失われます。別の人・別の場所に二つ目を置いてください",
                        "there is one vault, so one mistake can end every copy: add a second one, in other hands and "
                            + "another place"))
            ]
        }
        var warnings = vaults.filter { $0.custody == nil }.map { vault in
            PlanProblem(
                vault.places.of("name"),
                say(
                    "\(vault.name) を誰が預かっているか（custody）が書かれておらず、ほかの保管先と何を共有しているか分かりません",
                    "the plan does not say in whose custody \(vault.name) is, so nobody can tell what it shares with "
                        + "the others"))
        }
        let words: [(key: String, value: (PlanCustody) -> String?, alone: String)] = [
            ("holder", { $0.holder }, say("一人ですべてを消せます", "one person can end every copy")),
            (
                "provider", { $0.provider == "own" ? nil : $0.provider },
                say("一社の誤りですべて失われます", "one company's mistake can end every copy")
            ),
            (
                "account", { $0.account == "none" ? nil : $0.account },
                say("そこに入れた者がすべてを消せます", "whoever gets into it can end every copy")
            ),
            ("place", { $0.place }, say("一度の火事ですべて失われます", "one fire can end every copy")),
        ]
        for word in words {
            guard let custody = first.custody, let value = word.value(custody),
                vaults.allSatisfy({ $0.custody.flatMap(word.value) == value })
            else { continue }
            warnings.append(
                PlanProblem(
                    custody.places.of(word.key),
                    say(
                        "どの保管先も \(word.key) が同じ（\(value)）で、\(word.alone)",
                        "every vault has the same \(word.key), \(value): \(word.alone)")))
        }
        return warnings
    }
}

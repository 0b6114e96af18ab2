// What a plan itself says against its copies being independent: one vault, or one hand for all of them.

extension Plan {
    /// Faults of custody that the plan's own words show, each with the place to mend it. They are no mistakes: a plan
    /// with them works, until the one finger slips.
    public var custodyWarnings: [PlanProblem] {
        guard let first = vaults.first else { return [] }
        guard vaults.count > 1 else {
            return [
                PlanProblem(
                    first.places.of("name"),
                    "there is one vault, so one mistake can end every copy: add a second one, in other hands and another place"
                )
            ]
        }
        var warnings = vaults.filter { $0.custody == nil }.map { vault in
            PlanProblem(
                vault.places.of("name"),
                "the plan does not say in whose custody \(vault.name) is, so nobody can tell what it shares with the others"
            )
        }
        let words: [(key: String, value: (PlanCustody) -> String?, alone: String)] = [
            ("holder", { $0.holder }, "one person can end every copy"),
            ("provider", { $0.provider == "own" ? nil : $0.provider }, "one company's mistake can end every copy"),
            ("account", { $0.account == "none" ? nil : $0.account }, "whoever gets into it can end every copy"),
            ("place", { $0.place }, "one fire can end every copy"),
        ]
        for word in words {
            guard let custody = first.custody, let value = word.value(custody),
                vaults.allSatisfy({ $0.custody.flatMap(word.value) == value })
            else { continue }
            warnings.append(
                PlanProblem(
                    custody.places.of(word.key),
                    "every vault has the same \(word.key), \(value): \(word.alone)"))
        }
        return warnings
    }
}

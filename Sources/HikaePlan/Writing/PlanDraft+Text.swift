// The file that a new plan becomes, with comments in its language for whoever edits it next.

extension PlanDraft {
    /// The plan's text. It is valid as it stands when there is at least one source.
    public var text: String {
        let words = language == .japanese ? DraftWords.japanese : DraftWords.english
        var text = words.head
        func key(_ name: String, _ value: String) { text += "\(name): \(YAMLScalar.written(value))\n" }
        key("organisation", organisation)
        key("language", language.rawValue)
        key("timezone", timeZone)
        text += "\n" + words.vaults + "vaults:\n"
        text += "  - name: \(YAMLScalar.written(vaultName))\n"
        text += "    repository: \(YAMLScalar.written(vaultRepository))\n"
        text += "    password: \(YAMLScalar.written(vaultPassword))\n"
        text += words.custody
        text += "\n" + words.systems + "systems:\n"
        for (name, sources) in systems {
            text += "  - name: \(YAMLScalar.written(name))\n" + words.objectives + "    sources:\n"
            for source in sources {
                text += "      - name: \(YAMLScalar.written(source.name))\n"
                text += "        \(source.kind.rawValue): \(YAMLScalar.written(source.address))\n"
                for secret in source.secrets {
                    text += "        \(secret.key): \(YAMLScalar.written("file:" + secret.file))\n"
                }
                text += words.options(source.kind)
            }
        }
        if sources.isEmpty { text += words.sourceToFillIn }
        text += words.moreSources
        text += "\n" + words.retention + "retention: {last: 3, daily: 14, weekly: 8, monthly: 24, yearly: 10}\n"
        text += "\n" + words.verdicts
        text += "\n" + words.people
        text += "\n" + words.limits
        return text
    }
}

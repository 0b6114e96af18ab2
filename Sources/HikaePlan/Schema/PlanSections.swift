// Every section of a plan but the sources': its keys, what they hold, and a sentence on each.

extension PlanSection {
    static let root = PlanSection(
        name: "plan", summary: "What a company keeps a copy of, where the copies are, and who has custody of them.",
        keys: [
            PlanKey("organisation", .text, "The company's name.", required: true),
            PlanKey(
                "language", .choice(PlanLanguage.allCases.map(\.rawValue)),
                "The language of reports and messages to people: ja or en. English when left out."),
            PlanKey(
                "timezone", .text,
                "The time zone of times in reports, by its IANA name: Asia/Tokyo. This machine's when "
                    + "left out."),
            PlanKey("vaults", .sections(.vault, minimum: 1), "Where copies are kept.", required: true),
            PlanKey(
                "systems", .sections(.system, minimum: 1),
                "What the business would miss by name, the most important first.", required: true),
            PlanKey(
                "retention", .section(.retention), "What is kept of each source. Everything when left out."),
            PlanKey("verdicts", .section(.verdicts), "When a capture is suspect."),
            PlanKey("people", .sections(.person, minimum: 1), "Who is who."),
            PlanKey("alarms", .sections(.alarm, minimum: 1), "How people are told what must not wait."),
            PlanKey("limits", .section(.limits), "How much is done at once."),
        ])

    static let vault = PlanSection(
        name: "vault", summary: "A repository, and whose hands it is in.",
        keys: [
            PlanKey("name", .name, "The vault's name, unique in the plan.", required: true),
            PlanKey(
                "repository", .path,
                "The repository: a folder, or sftp:, rest:, s3: or rclone: and a place on another machine. A relative "
                    + "path begins at the plan's folder.", required: true),
            PlanKey("password", .secret, "Where the repository's password is.", required: true),
            PlanKey("custody", .section(.custody), "Whose hands it is in."),
            PlanKey(
                "parity", .percent,
                "Parity beside the packs, so that the vault mends so much damage alone: 1% to 25%. None when left out."),
        ] + vaultAccessKeys)

    static let custody = PlanSection(
        name: "custody", summary: "Whose hands a vault is in. Two vaults that share one of these share a finger.",
        keys: [
            PlanKey("holder", .text, "The person who can open or remove it."),
            PlanKey("provider", .text, "The company whose machines it is on; own for one's own."),
            PlanKey("account", .text, "The account it is under; none for none."),
            PlanKey("place", .text, "Where it stands."),
            PlanKey("note", .text, "Anything else."),
        ])

    static let system = PlanSection(
        name: "system", summary: "One thing the business would miss by name.",
        keys: [
            PlanKey("name", .name, "The system's name, unique in the plan.", required: true),
            PlanKey("title", .text, "What people call it."),
            PlanKey(
                "importance", .count(1...1000),
                "1 for what must be back first. Its place in the list when left out."),
            PlanKey("objectives", .section(.objectives), "What the business can bear."),
            PlanKey("verdicts", .section(.verdicts), "Thresholds of its own."),
            PlanKey("sources", .sources, "Where its data is read from.", required: true),
        ])

    static let objectives = PlanSection(
        name: "objectives", summary: "What the business can bear.",
        keys: [
            PlanKey("loss", .duration, "The longest stretch of work that may be lost."),
            PlanKey("back", .duration, "The longest time until it must be back."),
        ])

    static let verdicts = PlanSection(
        name: "verdicts", summary: "When a capture is suspect: how much may be otherwise than in the last good one.",
        keys: [
            PlanKey("shrink", .percent, "Fewer items or bytes by more than this are suspect. 20% when left out."),
            PlanKey("change", .percent, "More than this share changed at once is suspect. 60% when left out."),
            PlanKey(
                "minimum-items", .count(0...1_000_000_000),
                "What had fewer items than this is suspect only when more than half of it is gone. 20 when left out."),
            PlanKey(
                "suspicious-content", .percent,
                "More new content than this that looks encrypted or like an error page is suspect. 5% when left out."),
            PlanKey(
                "unreadable", .percent, "More items than this that cannot be read are suspect. 5% when left out."),
        ])

    static let retention = PlanSection(
        name: "retention", summary: "What is kept of each source. The last good capture is kept whatever this says.",
        keys: [
            PlanKey("last", .keep, "The last so many captures."),
            PlanKey("hourly", .keep, "The last of each of so many hours that have one."),
            PlanKey("daily", .keep, "The last of each of so many days."),
            PlanKey("weekly", .keep, "The last of each of so many weeks."),
            PlanKey("monthly", .keep, "The last of each of so many months."),
            PlanKey("yearly", .keep, "The last of each of so many years."),
            PlanKey("within", .duration, "Everything this long before the newest, in whole hours."),
        ])

    static let person = PlanSection(
        name: "person", summary: "A person, and what he or she is to the plan.",
        keys: [
            PlanKey("name", .text, "The person's name, unique in the plan.", required: true),
            PlanKey("mail", .text, "A mail address, better one that does not depend on what is captured here."),
            PlanKey(
                "roles", .choices(PersonRole.allCases.map(\.rawValue)),
                "owner answers for it all, administrator runs Hikae, approver may agree to removals, alerted is told "
                    + "of alarms."),
        ])

    static let alarm = PlanSection(
        name: "alarm", summary: "A way to tell people of a suspect or failed capture. Every alarm uses all of them.",
        keys: [
            PlanKey(
                "command", .text,
                "A line for the shell that gets the message on standard input, the subject in its first line.",
                required: true)
        ])

    static let limits = PlanSection(
        name: "limits", summary: "How much is done at once.",
        keys: [
            PlanKey("sources", .count(1...32), "Sources captured side by side. 2 when left out."),
            PlanKey("upload", .rate, "Bytes a second written to each vault: 10M. No limit when left out."),
            PlanKey("download", .rate, "Bytes a second read from each vault. No limit when left out."),
        ])

    static let authority = PlanSection(
        name: "authority", summary: "Which authority's certificates are believed.",
        keys: [
            PlanKey(
                "ca", .path, "A file of certificate authorities in PEM, believed instead of the system's.",
                required: true)
        ])

    static let trust = PlanSection(
        name: "trust", summary: "Which certificate is believed, when it is not one that this machine trusts anyway.",
        keys: [
            PlanKey("ca", .path, "A file of certificate authorities in PEM, believed instead of the system's."),
            PlanKey(
                "fingerprint", .text,
                "sha256: and the SHA-256 of the server's certificate: this one is believed, and no other."),
        ])
}

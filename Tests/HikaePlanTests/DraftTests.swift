// What `hikae init` writes is a plan, in both languages, with whatever names people have.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

@Suite("A new plan") struct DraftTests {
    /// One draft with every kind of source in each language.
    static func drafts() -> [PlanDraft] {
        PlanLanguage.allCases.map { language in
            var draft = PlanDraft(
                organisation: "さくら: \"shop\" # 1", language: language, timeZone: "Asia/Tokyo", vaultName: "office",
                vaultRepository: "/srv/hikae/控え #1", vaultPassword: "file:office.password")
            for text in [
                "sftp://web@www.example.jp/var/www", "ftp://web@ftp.example.jp/public_html",
                "imaps://info@example.jp@mail.example.jp", "db/orders=mariadb://b@db.example.jp/shop",
                "db/charts=postgresql://b@db.example.jp/clinic", "s3://pictures/2012", "/srv/papers: old",
                "till=/var/till.db",
                "./notes",
            ] {
                guard
                    let source = try? DraftSource(
                        text, system: "main", folder: "/home/anna", secretsFolder: "secrets", besides: draft.sources)
                else { continue }
                draft.sources.append(source)
            }
            return draft
        }
    }

    @Test("is valid as it stands", arguments: drafts()) func valid(_ draft: PlanDraft) throws {
        let plan = try plan(draft.text)
        #expect(plan.organisation == draft.organisation && plan.language == draft.language)
        #expect(plan.vaults[0].repository == "/srv/hikae/控え #1")
        let names = plan.sources.map { "\($0.system.name)/\($0.source.name)" }
        #expect(
            names == [
                "main/site", "main/site-2", "main/info", "main/2012", "main/papers-old", "main/till", "main/notes",
                "db/orders",
                "db/charts",
            ])
        #expect(plan.retention?.daily == 14)
        guard case .imap(let mail) = plan.systems[0].sources[2].kind else { Issue.record("no mail"); return }
        #expect(mail.user == "info@example.jp" && mail.password == .file("/etc/hikae/secrets/main-info.password"))
        #expect(plan.systems[0].sources[6].kind == .files(FilesPlan(paths: ["/home/anna/notes"])))
        // Nothing but comments is in the language: both say the same.
        #expect(draft.text.contains(draft.language == .japanese ? "控えの保管先" : "Where the copies are"))
    }

    @Test(
        "each commented key is one that the reader knows: taking the comment away gives a valid plan",
        arguments: drafts())
    func comments(_ draft: PlanDraft) throws {
        var draft = draft
        draft.sources = Array(draft.sources.prefix(1))
        var text = ""
        for line in draft.text.split(separator: "\n", omittingEmptySubsequences: false) {
            let content = line.drop { $0 == " " }
            let key = content.drop { $0 == "#" || $0 == " " }
            let isKey = [
                "custody:", "title:", "objectives:", "identity:", "exclude:", "verdicts:", "people:", "- {name:",
                "limits:",
            ]
            .contains { key.hasPrefix($0) }
            let space = line.prefix { $0 == " " }
            let indent = key.hasPrefix("- {name:") ? "  " : ""
            text += content.hasPrefix("#") && isKey ? "\(space)\(indent)\(key)\n" : "\(line)\n"
        }
        let plan = try plan(text)
        #expect(plan.vaults[0].custody?.provider == "own" && plan.people.count == 1 && plan.limits.upload == 10 << 20)
        #expect(plan.systems[0].objectives.loss == PlanDuration(seconds: 86_400))
    }

    @Test("the sources shown as examples are valid, too", arguments: drafts())
    func examples(_ draft: PlanDraft) throws {
        var draft = draft
        draft.sources = Array(draft.sources.prefix(1))
        let lines = draft.text.split(separator: "\n").filter { $0.hasPrefix("#     ") }.map { " " + $0.dropFirst(1) }
        let head = draft.text[..<(try #require(draft.text.firstRange(of: "retention:"))).lowerBound]
            .split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
        let plan = try plan(
            head + "\n" + lines.joined(separator: "\n").replacing("- name: site", with: "- name: shown"))
        #expect(Set(plan.systems[0].sources.map(\.kind.name)) == Set(SourceKindName.allCases))
    }

    @Test(
        "an address that is none is refused, and never quoted",
        arguments: [
            "www.example.jp", "gopher://h/", "sftp://web:hunter2@h/", "a b=sftp://h/", "a/b/c=sftp://h/",
            "sftp://:80/x y:z@",
        ])
    func refused(_ text: String) throws {
        let error = try #require(throws: HikaeError.self) {
            try DraftSource(text, system: "main", folder: "/home/anna", secretsFolder: "secrets")
        }
        #expect(error.code == .usage && !"\(error)".contains("hunter2"))
    }

    @Test("names are made of any text") func names() {
        #expect(PlanDraft.name(from: "本社 金庫", otherwise: "office") == "本社-金庫")
        #expect(PlanDraft.name(from: "../..//x", otherwise: "office") == "x")
        #expect(PlanDraft.name(from: "!!", otherwise: "office") == "office")
        #expect(PlanDraft.name(from: String(repeating: "a", count: 100), otherwise: "office").count == 64)
    }
}

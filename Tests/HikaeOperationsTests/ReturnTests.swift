// The way back by a plan, through the command: from the last good capture, as of a time, only what is missing, to
// another plan's places; and what is told when it cannot be done.

import HikaeTesting
import Testing

@Suite("A restore by a plan")
struct ReturnTests {
    private let program: HikaeProgram
    private var folder: TemporaryDirectory { program.folder }

    /// A shop with a site of 30 pages and a list, captured at noon into two vaults.
    init() throws {
        program = try HikaeProgram()
        for number in 0..<30 { try folder.write("site/page-\(number).html", "<p>page \(number)</p>\n") }
        try folder.write("site/画像/花.txt", "flower")
        try folder.write("password", "secret word\n", mode: 0o600)
        try folder.write("hikae.yaml", Self.plan(site: "site"))
        for vault in ["office", "home"] {
            try program.hikae("init", "-r", vault, "--password-file", "password").succeed()
        }
        try capture("2026-11-28 12:00:00")
    }

    private static func plan(site: String) -> String {
        """
        organisation: Sakura
        language: en
        timezone: UTC
        vaults:
          - {name: office, repository: office, password: file:password}
          - {name: home, repository: home, password: file:password}
        systems:
          - name: later
            importance: 2
            sources:
              - {name: list, command: [seq, "1", "1000"], file: list.txt}
          - name: shop
            importance: 1
            sources:
              - {name: site, files: \(site)}
        """
    }

    @discardableResult
    private func capture(_ time: String) throws -> Command.Outcome {
        try program.hikae("backup", "--time", time).run()
    }

    private func equals(_ first: String, _ second: String) throws -> Bool {
        try program.command("diff", ["-r", first, second]).run().status == 0
    }

    @Test("brings everything, the most important system first, and proves it")
    func everything() throws {
        let outcome = try program.hikae("restore", "--all", "--to", "out", "--json").succeed()
        let lines = try JSONValue.lines(outcome.text).filter { $0["message_type"]?.string == "source" }
        #expect(lines.map { $0["source"]?.string } == ["site", "list"])
        #expect(lines.allSatisfy { $0["proved"]?.bool == true && $0["differences"]?.number == 0 })
        #expect(lines.first?["compared"]?.number == 31)
        #expect(try equals("site", "out/shop/site"))
        #expect(try Files.read(folder.path("out/later/list/list.txt")).count == 3893)
    }

    @Test("takes what was true at a time, and passes over what is suspect")
    func times() throws {
        try folder.write("site/page-1.html", "changed at one\n")
        #expect(try capture("2026-11-28 13:00:00").status == 0)
        try program.command("sh", ["-c", "rm -r site/*"]).succeed()
        #expect(try capture("2026-11-28 14:00:00").status == 20)

        let last = try program.hikae("restore", "shop", "--to", "last").succeed()
        #expect(last.text.contains("2026-11-28 13:00") && last.text.contains("1 later capture is suspect"))
        #expect(try Files.read(folder.path("last/shop/site/page-1.html")) == Array("changed at one\n".utf8))

        try program.hikae("restore", "shop", "--to", "noon", "--at", "2026-11-28 12:59").succeed()
        #expect(try Files.read(folder.path("noon/shop/site/page-1.html")) == Array("<p>page 1</p>\n".utf8))

        let before = try program.hikae("restore", "shop", "--to", "never", "--at", "2026-11-28 11:59").run()
        #expect(before.status == 1)
        #expect(before.errorText.contains("no good capture of shop/site from before 2026-11-28 11:59"))
        #expect(Files.names(in: folder.path("never")).isEmpty)
    }

    @Test("goes to another plan's places, writes nothing when only asked, and nothing over what differs")
    func elsewhere() throws {
        try folder.write("other.yaml", Self.plan(site: "new/site"))
        let asked = try program.hikae("restore", "shop", "--to-plan", "other.yaml", "--dry-run").succeed()
        #expect(asked.text.contains("would write 31 items") && Files.names(in: folder.path("new")).isEmpty)

        try folder.write("new/site/page-2.html", "somebody else's, and longer than ours\n")
        let refused = try program.hikae("restore", "shop", "--to-plan", "other.yaml").run()
        #expect(refused.status == 1 && refused.errorText.contains("page-2.html is there and differs"))
        #expect(Files.names(in: folder.path("new/site")).count == 1)

        let missing = try program.hikae("restore", "shop", "--to-plan", "other.yaml", "--only-missing").run()
        #expect(missing.status == 1 && missing.text.contains("NOT as captured: 30 of 31"))
        #expect(missing.errorText.contains("page-2.html"))

        try program.hikae("restore", "shop", "--to-plan", "other.yaml", "--replace").succeed()
        #expect(try equals("site", "new/site"))
        let again = try program.hikae("restore", "shop", "--to-plan", "other.yaml", "--json").succeed()
        let line = try JSONValue.lines(again.text).first { $0["message_type"]?.string == "source" }
        #expect(line?["items_written"]?.number == 0 && line?["items_skipped"]?.number == 31)
    }

    @Test("brings back from the second vault when the first is gone")
    func secondVault() throws {
        try program.command("rm", ["-r", "office"]).succeed()
        let outcome = try program.hikae("restore", "--all", "--to", "out").succeed()
        #expect(outcome.errorText.contains("vault office"))
        #expect(outcome.text.contains("(vault home)"))
        #expect(try equals("site", "out/shop/site"))
    }

    @Test("says what it cannot do, and does the rest")
    func impossible() throws {
        let unknown = try program.hikae("restore", "shopp", "--to", "out").run()
        #expect(unknown.status == 1 && unknown.errorText.contains("there is no system shopp"))
        let source = try program.hikae("restore", "shopp/site", "--to", "out").run()
        #expect(source.status == 1 && source.errorText.contains("there is no source shopp/site"))
        let nowhere = try program.hikae("restore", "--all").run()
        #expect(nowhere.status == 1 && nowhere.errorText.contains("the plan does not say where shop/site is put back"))
        // Nothing was begun, so there is nothing to go on with.
        #expect(!nowhere.text.contains("source") && !nowhere.errorText.contains("--only-missing"))
        let noPlace = try program.hikae("restore", "shop/site").run()
        #expect(noPlace.status == 1 && noPlace.errorText.contains("--to FOLDER"))
        let nothing = try program.hikae("restore", "--to", "out").run()
        #expect(nothing.status == 1 && nothing.errorText.contains("nothing to restore was named"))
        let both = try program.hikae("restore", "shop", "--to", "out", "--target", "x").run()
        #expect(both.status == 1 && both.errorText.contains("--target"))

        try folder.write(
            "mail.yaml",
            Self.plan(site: "x").replacing(
                "{name: site, files: x}", with: "{name: site, imap: imaps://a@localhost:1, password: file:password}"))
        let wrongKind = try program.hikae("restore", "shop", "--to-plan", "mail.yaml").run()
        #expect(wrongKind.status == 1 && wrongKind.errorText.contains("read by files cannot be put back by imap"))
    }

    @Test("is told of in the source's own words: files, and what passed over")
    func differences() throws {
        try folder.write("site/page-1.html", "changed\n")
        try folder.write("site/new.html", "new\n")
        Files.removeAll(folder.path("site/page-3.html"))
        try capture("2026-11-28 13:00:00")
        let told = try program.hikae("diff", "--source", "shop/site").succeed()
        #expect(told.text.contains("+    /new.html") && told.text.contains("-    /page-3.html"))
        #expect(told.text.contains("M    /page-1.html"))
        #expect(told.text.contains("1 file added, 1 removed, 1 changed"))
        let plan = String(decoding: try Files.read(folder.path("hikae.yaml")), as: UTF8.self)
        try folder.write("hikae.yaml", plan.replacing("language: en", with: "language: ja"))
        let japanese = try program.hikae("diff", "--source", "shop/site").succeed()
        #expect(japanese.text.contains("（正常） → ") && japanese.text.contains("ファイル: 追加 1、削除 1、変更 1"))
        let json = try program.hikae("diff", "--source", "shop/site", "--json").succeed()
        #expect(try JSONValue.lines(json.text).last?["removed"]?.number == 1)
        #expect(try program.hikae("diff", "--source", "shop/nothing").run().status == 1)
    }
}

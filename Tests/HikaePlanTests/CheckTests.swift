// `hikae plan check` tells of everything that does not work, one line each; `hikae plan show` shows no secret.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

@Suite("hikae plan check and show") struct CheckTests {
    let harness: HikaeProgram
    init() throws { harness = try HikaeProgram() }

    /// A plan with a vault that opens, and these sources.
    private func makePlan(_ sources: String, vault: String = "vault") throws {
        try harness.folder.write("password", "correct horse\n", mode: 0o600)
        try harness.hikae("init", "-r", "vault", "--password-file", "password").succeed()
        try harness.folder.write(
            "hikae.yaml",
            """
            organisation: Sakura
            vaults:
              - {name: office, repository: \(vault), password: file:password}
            systems:
              - name: shop
                sources:

            """ + sources.split(separator: "\n").map { "      \($0)\n" }.joined())
    }

    @Test("every source that answers and every one that does not has its line, in the plan's order") func sources()
        throws
    {
        try harness.folder.write("data/a.txt", "a")
        try harness.command("sqlite3", ["till.sqlite", "create table t(a); insert into t values (1);"]).succeed()
        try makePlan(
            """
            - {name: one, files: data}
            - {name: two, files: gone}
            - {name: three, sqlite: till.sqlite}
            - {name: four, sqlite: none.sqlite}
            - {name: five, command: [echo, hello], file: hello.txt}
            - {name: six, ftp: "ftp://web@127.0.0.1:1/", password: file:password}
            """)
        let outcome = try harness.hikae("plan", "check").run()
        #expect(outcome.status == 1)
        let lines = outcome.text.split(separator: "\n").filter { $0.contains(" source shop/") }
        let marks = lines.map { $0.prefix(1) }
        #expect(marks == ["✓", "✗", "✓", "✗", "✓", "✗"], "\(outcome.text)")
        for (line, name) in zip(lines, ["one", "two", "three", "four", "five", "six"]) {
            #expect(line.contains(" source shop/\(name): "), "\(line)")
        }
        #expect(lines[1].contains("(line 8)") && outcome.text.contains("3 things to correct"), "\(outcome.text)")
        let objects = try JSONValue.lines(harness.hikae("plan", "check", "--json").run().text)
        #expect(objects.last?["failures"]?.number == 3 && objects.last?["ok"]?.bool == false)
        let six = objects.first { $0["name"]?.string == "shop/six" }
        #expect(six?["error_code"]?.string == "unreachable" && six?["line"]?.number == 12, "\(objects)")
    }

    @Test("a vault that does not open is told with what to do") func vault() throws {
        try harness.folder.write("data/a.txt", "a")
        try makePlan("- {name: one, files: data}", vault: "elsewhere")
        let missing = try harness.hikae("plan", "check").run()
        #expect(missing.status == 1 && missing.text.contains("✗ vault office"))
        #expect(missing.text.contains("hikae vault init office"), "\(missing.text)")
        #expect(missing.text.contains("✓ source shop/one"))
        try harness.folder.write("password", "another\n", mode: 0o600)
        let plan = try String(decoding: Files.read(harness.folder.path("hikae.yaml")), as: UTF8.self)
        try harness.folder.write("hikae.yaml", plan.replacing("elsewhere", with: "vault"))
        let wrong = try harness.hikae("plan", "check").run()
        #expect(wrong.status == 1 && wrong.text.contains("wrong password"))
    }

    @Test("a secret that cannot be had is told once, and what needs it is not asked") func secrets() throws {
        try makePlan("- {name: info, imap: \"imap://a@127.0.0.1:1\", password: file:gone}")
        let outcome = try harness.hikae("plan", "check").run()
        #expect(outcome.status == 1 && outcome.text.contains("✗ secret systems.shop.sources.info.password"))
        #expect(outcome.text.contains("umask 077; cat >"))
        #expect(!outcome.text.contains("source shop/info"), "\(outcome.text)")
        try harness.folder.write("gone", "hunter2\n", mode: 0o644)
        let readable = try harness.hikae("plan", "check").run()
        #expect(readable.text.contains("chmod o= ") && !readable.text.contains("hunter2"))
    }

    @Test("every place that a source goes back to is asked whether it would take something") func destinations() throws
    {
        try harness.folder.write("data/a.txt", "a")
        try makePlan(
            """
            - {name: one, files: data, restore: {files: back/there}}
            - name: two
              files: data
              restore: {files: password/below}
            - name: three
              files: data
              restore: {ftp: "ftp://web@127.0.0.1:1/", password: file:password}
            - name: four
              files: data
              restore: {ftp: "ftp://web@127.0.0.1:1/", password: file:gone}
            """)
        let outcome = try harness.hikae("plan", "check").run()
        #expect(outcome.status == 1)
        let lines = outcome.text.split(separator: "\n").filter { $0.contains(" shop/") }
        #expect(
            lines.map { $0.prefix { $0 != ":" } } == [
                "✓ source shop/one", "✓ restore shop/one", "✓ source shop/two", "✗ restore shop/two",
                "✓ source shop/three", "✗ restore shop/three", "✓ source shop/four",
            ], "\(outcome.text)")
        #expect(outcome.text.contains("✗ secret systems.shop.sources.four.restore.password"), "\(outcome.text)")
        // Asking changes nothing.
        #expect(!Files.names(in: harness.folder.path).contains("back"))
        let objects = try JSONValue.lines(harness.hikae("plan", "check", "--json").run().text)
        let three = objects.first { $0["name"]?.string == "shop/three" && $0["subject"]?.string == "restore" }
        #expect(three?["error_code"]?.string == "unreachable" && three?["line"]?.number == 13, "\(objects)")
    }

    @Test("vaults that one hand can end are warned of, and that is no failure") func custody() throws {
        func warnings(_ vaults: String) throws -> [String] {
            try harness.folder.write(
                "hikae.yaml",
                "organisation: A\nvaults:\n\(vaults)\nsystems: [{name: s, sources: [{name: f, files: /srv}]}]\n")
            let outcome = try harness.hikae("plan", "check", "--offline").succeed()
            return outcome.text.split(separator: "\n").filter { $0.hasPrefix("! custody: ") }.map(String.init)
        }
        func vault(_ name: String, _ custody: String?) -> String {
            "  - {name: \(name), repository: /\(name), password: env:A\(custody.map { ", custody: {\($0)}" } ?? "")}"
        }
        let one = try warnings(vault("a", "holder: 佐藤"))
        #expect(one.count == 1 && one[0].contains("one vault") && one[0].contains("(line 3)"), "\(one)")
        let same = "holder: 佐藤, provider: さくら, account: root, place: 本社"
        let all = try warnings(vault("a", same) + "\n" + vault("b", same))
        #expect(all.count == 4 && all[0].contains("the same holder, 佐藤") && all[3].contains("本社"), "\(all)")
        let other = "holder: 鈴木, provider: さくら, account: none, place: 大阪"
        let provider = try warnings(vault("a", same) + "\n" + vault("b", other))
        #expect(provider.count == 1 && provider[0].contains("the same provider, さくら"), "\(provider)")
        let independent = "holder: 鈴木, provider: own, account: none, place: 大阪"
        #expect(try warnings(vault("a", same) + "\n" + vault("b", independent)).isEmpty)
        #expect(
            try warnings(
                vault("a", "holder: 佐藤, provider: own, account: none, place: 本社") + "\n" + vault("b", independent)
            ).isEmpty)
        let unsaid = try warnings(vault("a", same) + "\n" + vault("b", nil))
        #expect(unsaid.count == 1 && unsaid[0].contains("does not say in whose custody b is"), "\(unsaid)")
        #expect(unsaid[0].contains("(line 4)"))
        let json = try JSONValue.lines(harness.hikae("plan", "check", "--offline", "--json").succeed().text)
        #expect(json.first { $0["message_type"]?.string == "warning" }?["subject"]?.string == "custody")
        #expect(json.last?["failures"]?.number == 0)
    }

    @Test("--offline looks at the file alone") func offline() throws {
        try makePlan("- {name: info, imap: \"imaps://a@192.0.2.1\", password: file:gone}", vault: "elsewhere")
        let outcome = try harness.hikae("plan", "check", "--offline").succeed()
        #expect(outcome.text.contains("✓ plan hikae.yaml: 1 vault, 1 system, 1 source"))
        #expect(!outcome.text.contains("secret"))
    }

    @Test("mistakes are all told, with their lines, and nothing is connected to") func mistakes() throws {
        try makePlan("- {name: info, imap: \"imaps://a@h\", pasword: file:gone}\n- {name: x, sftp: \"ftp://h\"}")
        let outcome = try harness.hikae("plan", "check").run()
        #expect(outcome.status == 1)
        #expect(outcome.text.contains("✗ hikae.yaml:7: systems.shop.sources.info.pasword"))
        #expect(outcome.text.contains("✗ hikae.yaml:8: systems.shop.sources.x.sftp"))
        #expect(!outcome.text.contains("secret ") && outcome.text.contains("3 things to correct"), "\(outcome.text)")
        let objects = try JSONValue.lines(harness.hikae("plan", "check", "--json").run().text)
        #expect(objects.filter { $0["message_type"]?.string == "problem" }.map { $0["line"]?.number } == [7, 7, 8])
        // Other commands say the same.
        let shown = try harness.hikae("plan", "show").run()
        #expect(shown.status == 1 && shown.errorText.contains("hikae.yaml:7: systems.shop.sources.info.pasword"))
    }

    @Test("a plan is found in its places, the nearest first") func places() throws {
        let missing = try harness.hikae("plan", "show").run()
        #expect(missing.status == 1 && missing.errorText.contains("there is no plan"))
        #expect(missing.errorText.contains("\(harness.folder.path("home"))/.config/hikae/hikae.yaml"))
        func organisation(_ arguments: [String] = [], variable: String? = nil) throws -> String? {
            var command = harness.command(HikaeProgram.binary, ["plan", "show", "--json"] + arguments)
            if let variable { command.environment["HIKAE_PLAN"] = variable }
            return try JSONValue(command.succeed().text)["organisation"]?.string
        }
        func write(_ path: String, _ name: String) throws {
            try harness.folder.write(
                path, planText(source: "files: /srv").replacing("organisation: Sakura", with: "organisation: \(name)"))
        }
        try write("home/.config/hikae/hikae.yaml", "home")
        #expect(try organisation() == "home")
        try write("hikae.yaml", "here")
        #expect(try organisation() == "here")
        try write("a.yaml", "variable")
        #expect(try organisation(variable: "a.yaml") == "variable")
        try write("b.yaml", "option")
        #expect(try organisation(["--plan", "b.yaml"], variable: "a.yaml") == "option")
    }

    @Test("what is shown names secrets by their places and fetches none") func shown() throws {
        try makePlan("- {name: info, imap: \"imaps://a@h\", password: \"command:sh -c 'touch fetched; echo hunter2'\"}")
        let text = try harness.hikae("plan", "show").succeed().text
        #expect(text.contains("command:sh -c 'touch fetched; echo hunter2'"))
        #expect(text.contains("password: file:\(harness.folder.path("password"))"))
        #expect(!text.contains("correct horse"))
        #expect(try harness.command("ls", []).succeed().text == "hikae.yaml\npassword\nvault\n")
    }
}

// `hikae init` writes a plan that passes `hikae plan check`, and never writes over anything.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("hikae init, with a plan") struct InitTests {
    let harness: HikaeProgram
    init() throws { harness = try HikaeProgram() }

    /// `hikae init` with a folder of this machine as its source, and more arguments.
    private func initialize(_ arguments: String...) throws -> Command {
        try harness.folder.write("data/a.txt", "a")
        let usual = ["init", "--organisation", "Sakura", "--vault", "vault", "--source", "shop/papers=./data"]
        return harness.command(HikaeProgram.binary, usual + arguments)
    }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return stat(harness.folder.path(path), &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("what it writes passes `plan check`, in both languages", arguments: ["en", "ja"])
    func passes(_ language: String) throws {
        let said = try initialize("--language", language, "--timezone", "Asia/Tokyo").succeed().text
        #expect(said.contains(language == "ja" ? "計画ファイル" : "wrote the plan"))
        let text = try String(decoding: Files.read(harness.folder.path("hikae.yaml")), as: UTF8.self)
        #expect(text.contains(language == "ja" ? "# 控えの保管先" : "# Where the copies are"))
        #expect(text.contains("language: \(language)"))
        let checked = try harness.hikae("plan", "check").succeed()
        let lines =
            language == "ja"
            ? [
                "✓ 計画 hikae.yaml: 保管先 1、業務 1、対象 1", "✓ パスワード・鍵 vaults.vault.password", "✓ 保管先 vault",
                "✓ 対象 shop/papers",
            ]
            : ["✓ plan hikae.yaml", "✓ secret vaults.vault.password", "✓ vault vault", "✓ source shop/papers"]
        for line in lines { #expect(checked.text.contains(line), "\(checked.text)") }
        #expect(!checked.text.contains("✗"))
        #expect(checked.text.contains(language == "ja" ? "すべて問題ありません。" : "everything is in order"))
    }

    @Test("the vault's password is new, for its owner only, opens the vault, and is printed nowhere")
    func password() throws {
        let outcome = try initialize().succeed()
        let path = harness.folder.path("secrets/vault.password")
        #expect(mode("secrets/vault.password") == 0o600 && mode("secrets") == 0o700)
        let password = try SecretReference.file(path).fetch().text
        #expect(password.count == 35 && password.split(separator: "-").count == 6)
        #expect(!(outcome.text + outcome.errorText).contains(password) && outcome.text.contains(path))
        #expect(outcome.text.contains("another place") || outcome.text.contains("another\nplace"))
        let plan = try String(decoding: Files.read(harness.folder.path("hikae.yaml")), as: UTF8.self)
        // By a path that stays right when the plan's folder is moved.
        #expect(!plan.contains(password) && plan.contains("password: file:secrets/vault.password"))
        try harness.hikae("snapshots", "-r", "vault", "--password-file", path).succeed()
        // Another one has another.
        let other = try HikaeProgram()
        try other.folder.write("data/a.txt", "a")
        try other.hikae("init", "--organisation", "B", "--vault", "vault", "--source", "./data").succeed()
        #expect(try SecretReference.file(other.folder.path("secrets/vault.password")).fetch().text != password)
    }

    @Test("a plan that is there is never written over, and then nothing else is made") func never() throws {
        try harness.folder.write("hikae.yaml", "mine\n")
        let outcome = try initialize().run()
        #expect(outcome.status == 1 && outcome.errorText.contains("there is a plan at hikae.yaml already"))
        #expect(try Files.read(harness.folder.path("hikae.yaml")) == Array("mine\n".utf8))
        #expect(access(harness.folder.path("vault"), F_OK) != 0 && access(harness.folder.path("secrets"), F_OK) != 0)
        // Not through a link that leads nowhere either.
        try harness.command("ln", ["-s", "nowhere.yaml", "linked.yaml"]).succeed()
        #expect(try initialize("--plan", "linked.yaml").run().status == 1)
        #expect(access(harness.folder.path("nowhere.yaml"), F_OK) != 0)
    }

    @Test(
        "what would be no plan is refused before anything is made",
        arguments: [
            ["--source", "gopher://h/"], ["--source", "imaps://info:hunter2@h"], ["--timezone", "Tokyo"],
            ["--source", "shop/papers=./other"], ["--system", "a/b", "--source", "./x"], ["-r", "/srv/x"],
            ["--vault-password-file", "vault/password"], ["--language", "fr"],
        ])
    func refused(_ arguments: [String]) throws {
        var command = try initialize()
        command.arguments += arguments
        let outcome = try command.run()
        // A second source of the same name gets a name of its own instead.
        if arguments == ["--source", "shop/papers=./other"] {
            #expect(outcome.status == 0)
            return
        }
        #expect(outcome.status == 1 && !outcome.errorText.contains("hunter2"), "\(outcome.errorText)")
        #expect(try harness.command("ls", ["-A"]).succeed().text == "data\n")
    }

    @Test("a vault that is there is used when its password opens it, else nothing is changed") func existing() throws {
        try harness.folder.write("office.password", "correct horse\n", mode: 0o600)
        try harness.hikae("init", "-r", "vault", "--password-file", "office.password").succeed()
        let said = try initialize("--vault-password-file", "office.password").succeed().text
        #expect(said.contains("was there already and is used"))
        try harness.hikae("plan", "check").succeed()
        try harness.folder.write("other.password", "wrong\n", mode: 0o600)
        let wrong = try initialize("--vault-password-file", "other.password", "--plan", "other.yaml").run()
        #expect(wrong.status == 12 && wrong.errorText.contains("the password does not open it"))
        // Without the file of its password no other password is made up.
        let none = try initialize("--plan", "other.yaml").run()
        #expect(none.status == 1 && none.errorText.contains("its password is not in"), "\(none.errorText)")
        #expect(access(harness.folder.path("secrets"), F_OK) != 0)
        #expect(access(harness.folder.path("other.yaml"), F_OK) != 0)
    }

    @Test("a folder that holds something else is no vault, and stays as it is") func strewn() throws {
        try harness.folder.write("vault/photo.jpg", "x")
        let outcome = try initialize().run()
        #expect(outcome.status == 1 && outcome.errorText.contains("is not empty and no repository"))
        #expect(try harness.command("ls", ["-A", "vault"]).succeed().text == "photo.jpg\n")
        #expect(try harness.command("ls", ["-A"]).succeed().text == "data\nvault\n")
    }

    @Test("secrets of sources that nobody gave are listed with the command that puts them there") func secrets() throws
    {
        let said = try initialize("--source", "imaps://info@mail.example.jp", "--source", "s3://pictures").succeed()
            .text
        for name in ["main-info.password", "main-pictures.access-key", "main-pictures.secret-key"] {
            let path = harness.folder.path("secrets/\(name)")
            #expect(said.contains("(umask 077; cat > \(path))"), "\(said)")
            try harness.command("sh", ["-c", "umask 077; echo hunter2 > \(path)"]).succeed()
        }
        #expect(said.contains("Ctrl-D"))
        try harness.hikae("plan", "check", "--offline").succeed()
        let plan = try Plan.load(harness.folder.path("hikae.yaml"))
        #expect(try plan.systems[1].sources[0].kind.secrets[0].reference.fetch().text == "hunter2")
    }

    @Test("the plan can be written elsewhere, by option or variable, and tells programs what it made") func elsewhere()
        throws
    {
        var command = try initialize("--json")
        command.environment["HIKAE_PLAN"] = harness.folder.path("etc/hikae/plan.yaml")
        let said = try JSONValue(command.succeed().text)
        #expect(said["plan"]?.string == harness.folder.path("etc/hikae/plan.yaml"))
        #expect(said["password_file"]?.string == harness.folder.path("etc/hikae/secrets/vault.password"))
        #expect(said["missing_secrets"]?.array.isEmpty == true)
        try harness.hikae("plan", "check", "--plan", "etc/hikae/plan.yaml").succeed()
    }

    @Test("without options and without a terminal it says what it needs") func nobody() throws {
        let outcome = try harness.hikae("init").run()
        #expect(outcome.status == 1 && outcome.errorText.contains("--organisation NAME --vault DIRECTORY"))
        #expect(outcome.errorText.contains("-r DIRECTORY"))
        let half = try harness.hikae("init", "--organisation", "A").run()
        #expect(half.status == 1 && half.errorText.contains("--vault DIRECTORY"))
    }

    @Test("with a repository it makes that alone, whatever the folder holds") func alone() throws {
        try harness.folder.write("p", "secret\n", mode: 0o600)
        let said = try harness.hikae("init", "-r", "repository", "--password-file", "p").succeed().text
        #expect(said.contains("created repository"))
        #expect(access(harness.folder.path("hikae.yaml"), F_OK) != 0)
    }

    @Test(
        "on a terminal it asks, explains an answer that is none, and takes what is offered", .enabled(if: hasTerminals))
    func asks() throws {
        try harness.folder.write("data/a.txt", "a")
        var command = harness.command("script", ["-qec", "\(HikaeProgram.binary) init", "/dev/null"])
        // Language, name, zone (first one that is none, then the offered), vault, sources (one is none).
        command.input = Array("en\nSakura\nTokyo\n\nvault\nnowhere\n./data\n\n".utf8)
        let outcome = try command.run()
        #expect(outcome.status == 0, "\(outcome.text)")
        #expect(outcome.text.contains("Tokyo is no time zone") && outcome.text.contains("Time zone [UTC]"))
        #expect(outcome.text.contains("a source is an address or a path"))
        let plan = try Plan.load(harness.folder.path("hikae.yaml"))
        #expect(plan.organisation == "Sakura" && plan.timeZone == "UTC" && plan.sources.map(\.source.name) == ["data"])
        try harness.hikae("plan", "check").succeed()
    }
}

/// Whether there is a program that runs another on a terminal.
private let hasTerminals = (try? Command("script", ["-qec", "true", "/dev/null"]).run().status == 0) ?? false

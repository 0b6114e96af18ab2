// `hikae vault init` makes the vaults that a plan names, and `hikae init` takes one on another machine for what it is.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

@Suite("hikae vault init") struct VaultInitTests {
    let harness: HikaeProgram
    init() throws { harness = try HikaeProgram() }

    /// A plan with a vault that is there and further ones.
    private func makePlan(_ more: String...) throws {
        try harness.folder.write("password", "correct horse\n", mode: 0o600)
        try harness.folder.write("data/a.txt", "a")
        try harness.hikae("init", "-r", "office", "--password-file", "password").succeed()
        try harness.folder.write(
            "hikae.yaml",
            """
            organisation: Sakura
            vaults:
              - {name: office, repository: office, password: file:password}
            \(more.map { "  - \($0)" }.joined(separator: "\n"))
            systems:
              - name: shop
                sources: [{name: papers, files: data}]
            """)
    }

    private func isThere(_ name: String) -> Bool { Files.exists(harness.folder.path(name)) }

    private func config(_ repository: String, _ password: String) throws -> JSONValue {
        try JSONValue(harness.hikae("cat", "config", "-r", repository, "--password-file", password).succeed().text)
    }

    @Test("a vault that is not there is made with a new password and cut as the first; one that is there stays")
    func makes() throws {
        try makePlan("{name: far, repository: disk/far, password: file:secrets/far.password}")
        #expect(try harness.hikae("plan", "check").run().status == 1)
        let said = try harness.hikae("vault", "init").succeed().text
        #expect(said.contains("vault office: was there already") && said.contains("vault far: made at"), "\(said)")
        let file = harness.folder.path("secrets/far.password")
        let password = try SecretReference.file(file).fetch().text
        #expect(said.contains(file) && !said.contains(password))
        let (first, second) = (try config("office", "password"), try config("disk/far", file))
        #expect(first["id"]?.string != second["id"]?.string)
        #expect(first["chunker_polynomial"]?.string == second["chunker_polynomial"]?.string)
        #expect(first["chunker_polynomial"]?.string != nil)
        try harness.hikae("plan", "check").succeed()
        try harness.hikae("backup").succeed()
        let real = try harness.command(
            "restic", ["-r", "disk/far", "--password-file", file, "--no-cache", "check", "--read-data"]
        ).run()
        #expect(real.status == 0, "\(real.errorText)")
        // Again: nothing is made anew.
        let again = try harness.hikae("vault", "init", "--json").succeed()
        #expect(try JSONValue.lines(again.text).allSatisfy { $0["vault_is_new"]?.bool == false })
        #expect(try config("disk/far", file)["id"]?.string == second["id"]?.string)
    }

    @Test("only the vaults that are named are made; one that the plan has not is a mistake") func named() throws {
        try makePlan(
            "{name: far, repository: far, password: file:password}",
            "{name: third, repository: third, password: file:password}")
        try harness.hikae("vault", "init", "far").succeed()
        #expect(isThere("far/config") && !isThere("third"))
        let wrong = try harness.hikae("vault", "init", "fourth").run()
        #expect(wrong.status == 1 && wrong.errorText.contains("no vault fourth"), "\(wrong.errorText)")
        #expect(wrong.errorText.contains("office, far, third"))
    }

    @Test("what is there with another password, or is somebody's own, stays as it is, and the others are made")
    func others() throws {
        try makePlan(
            "{name: strange, repository: strange, password: file:other}",
            "{name: full, repository: full, password: file:password}",
            "{name: far, repository: far, password: file:password}")
        try harness.folder.write("other", "another\n", mode: 0o600)
        try harness.hikae("init", "-r", "strange", "--password-file", "password").succeed()
        try harness.folder.write("full/letter.txt", "mine")
        let outcome = try harness.hikae("vault", "init").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("vault strange: there is a repository"), "\(outcome.errorText)")
        #expect(outcome.errorText.contains("vault full:") && outcome.errorText.contains("letter.txt"))
        #expect(outcome.text.contains("vault far: made"))
        #expect(try String(decoding: Files.read(harness.folder.path("full/letter.txt")), as: UTF8.self) == "mine")
        try harness.hikae("snapshots", "-r", "strange", "--password-file", "password").succeed()
    }

    @Test("a first vault on another machine is made there or not at all, never as a folder of that name here")
    func elsewhere() throws {
        try harness.folder.write("data/a.txt", "a")
        let address = "sftp://nobody@127.0.0.1:1//srv/vault"
        let outcome = try harness.hikae(
            "init", "--organisation", "Sakura", "--vault", address, "--source", "./data"
        ).run()
        #expect(outcome.status == 1 && outcome.errorText.contains("127.0.0.1"), "\(outcome.errorText)")
        #expect(!isThere("hikae.yaml") && !isThere("sftp:"))
        let open = try harness.hikae(
            "init", "--organisation", "Sakura", "--vault", "rest:http://web:hunter2@127.0.0.1:1/", "--source", "./data"
        ).run()
        #expect(open.status == 1 && open.errorText.contains("password"), "\(open.errorText)")
        #expect(!open.errorText.contains("hunter2") && !isThere("hikae.yaml"))
    }
}

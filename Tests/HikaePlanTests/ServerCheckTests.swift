// `hikae plan check` against real servers: who they are when they let us in, and what to do when they do not.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

@Suite("hikae plan check against servers", .serialized) struct ServerCheckTests {
    static let mail = Result { try PracticeServer("dovecot") }
    static let shell = Result { try PracticeServer("openssh") }
    static let database = Result { try PracticeServer("postgresql", ["--tls"]) }

    let harness: HikaeProgram
    init() throws { harness = try HikaeProgram() }

    /// Writes a plan with one system of these sources, makes its vault, and checks it.
    private func check(_ sources: String) throws -> Command.Outcome {
        try harness.folder.write("password", "correct horse\n", mode: 0o600)
        try harness.hikae("init", "-r", "vault", "--password-file", "password").succeed()
        try harness.folder.write(
            "hikae.yaml",
            """
            organisation: Sakura
            vaults: [{name: office, repository: vault, password: file:password}]
            systems:
              - name: shop
                sources:

            """ + sources.split(separator: "\n").map { "      \($0)\n" }.joined())
        return try harness.hikae("plan", "check").run()
    }

    @Test("a mailbox and a site that let us in say who they are") func good() throws {
        let (mail, shell) = (try Self.mail.get(), try Self.shell.get())
        let (user, password) = try firstUser(mail)
        try harness.folder.write("mail.password", password, mode: 0o600)
        let outcome = try check(
            """
            - name: info
              imap: imaps://\(user)@localhost:\(mail.port())
              password: file:mail.password
              trust: {ca: \(mail.text("authority"))}
            - name: pinned
              imap: imap://\(user)@127.0.0.1:\(mail.port("starttls_port"))
              password: file:mail.password
              trust: {fingerprint: "\(mail.text("fingerprint"))"}
            - name: site
              sftp: sftp://\(shell.text("user"))@127.0.0.1:\(shell.port())\(shell.text("docroot"))
              identity: \(shell.text("identity"))
              ssh-options: [UserKnownHostsFile=\(shell.text("known_hosts")), GlobalKnownHostsFile=/dev/null]
            """)
        #expect(outcome.status == 0, "\(outcome.text)")
        for name in ["info", "pinned", "site"] {
            #expect(outcome.text.contains("✓ source shop/\(name): "), "\(outcome.text)")
        }
        #expect(outcome.text.contains("Dovecot"), "\(outcome.text)")
    }

    @Test("a wrong password, a certificate nobody vouches for and an unknown host are told apart") func bad() throws {
        let (mail, shell) = (try Self.mail.get(), try Self.shell.get())
        let (user, password) = try firstUser(mail)
        try harness.folder.write("mail.password", password, mode: 0o600)
        try harness.folder.write("wrong.password", "hunter2", mode: 0o600)
        let outcome = try check(
            """
            - name: wrong
              imap: imaps://\(user)@localhost:\(mail.port())
              password: file:wrong.password
              trust: {ca: \(mail.text("authority"))}
            - name: untrusted
              imap: imaps://\(user)@localhost:\(mail.port())
              password: file:mail.password
            - name: unknown
              sftp: sftp://\(shell.text("user"))@127.0.0.1:\(shell.port())/
              identity: \(shell.text("identity"))
              ssh-options: [UserKnownHostsFile=/dev/null, GlobalKnownHostsFile=/dev/null]
            """)
        #expect(outcome.status == 1)
        let objects = try JSONValue.lines(harness.hikae("plan", "check", "--json").run().text)
        func code(_ name: String) -> String? {
            objects.first { $0["name"]?.string == "shop/\(name)" }?["error_code"]?.string
        }
        #expect(code("wrong") == "access-denied", "\(outcome.text)")
        #expect(code("untrusted") == "untrusted", "\(outcome.text)")
        #expect(code("unknown") == "untrusted", "\(outcome.text)")
        #expect(outcome.text.contains(mail.text("fingerprint")), "\(outcome.text)")
        #expect(!(outcome.text + outcome.errorText).contains("hunter2"))
    }

    @Test("a database and the place that it goes back to are verified by the authority that the plan names")
    func databaseTrust() throws {
        let database = try Self.database.get()
        try harness.folder.write("right.password", database.text("password"), mode: 0o600)
        let address = "postgresql://\(database.text("user"))@localhost:\(database.port())/postgres"
        let outcome = try check(
            """
            - name: trusted
              postgresql: \(address)
              password: file:right.password
              trust: {ca: \(database.text("authority"))}
              restore: {postgresql: "\(address)", password: file:right.password, trust: {ca: \(database.text("stranger"))}}
            - name: untrusted
              postgresql: \(address)
              password: file:right.password
              tls: explicit
            """)
        #expect(outcome.status == 1)
        let objects = try JSONValue.lines(harness.hikae("plan", "check", "--json").run().text)
        func answer(_ subject: String, _ name: String) -> JSONValue? {
            objects.first { $0["subject"]?.string == subject && $0["name"]?.string == name }
        }
        #expect(answer("source", "shop/trusted")?["ok"]?.bool == true, "\(outcome.text)")
        for (subject, name) in [("restore", "shop/trusted"), ("source", "shop/untrusted")] {
            let refused = answer(subject, name)
            #expect(refused?["error_code"]?.string == "untrusted", "\(outcome.text)")
            #expect(refused?["hint"]?.string?.contains("trust: {ca: FILE}") == true)
        }
    }

    private func firstUser(_ mail: PracticeServer) throws -> (name: String, password: String) {
        let users = try #require(mail.facts["users"])
        let name = try #require(users.names.sorted().first)
        return (name, try #require(users[name]?.string))
    }
}

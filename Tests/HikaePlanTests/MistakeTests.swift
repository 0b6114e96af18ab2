// Every mistake is told, with its line and key, saying what is allowed; and no message quotes a secret.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

/// Lines of a source, and what must be said of them.
struct SourceMistake: Sendable, CustomTestStringConvertible {
    var lines: String
    /// Counted within `lines`, from 1; 0 for the line of the source's name.
    var line: Int
    var words: String
    var testDescription: String { lines.split(separator: "\n").joined(separator: " / ") }

    init(_ lines: String, _ line: Int, _ words: String) { (self.lines, self.line, self.words) = (lines, line, words) }
}

private let sourceMistakes: [SourceMistake] = [
    .init("exclude: [a]", 0, "a source needs a key that says where it is: one of sftp, ftp, imap"),
    .init("sfpt: sftp://h/", 1, "did you mean `sftp`?"),
    .init("mysql: mysql://h/", 1, "did you mean `mariadb`?"),
    .init("sftp: sftp://h/\nfiles: /srv", 2, "this one has sftp and files"),
    .init("sftp: sftp://h/\nvia: ssh://h", 2, "`via` belongs to postgresql, mariadb, and this is sftp"),
    .init("sftp: sftp://h/\nidentiy: x", 2, "did you mean `identity`?"),
    .init("sftp: www.example.jp", 1, "the address must begin with sftp://"),
    .init("sftp: ftp://h/", 1, "must begin with sftp://"),
    .init("sftp: sftp:///var", 1, "has no host"),
    .init("sftp: sftp://h:99999/", 1, "no number from 1 to 65535"),
    .init("sftp: sftp://-oProxyCommand=x/", 1, "begins with a hyphen"),
    .init("sftp: sftp://-lroot@h/", 1, "begins with a hyphen"),
    .init("sftp: \"sftp://h/a%zz\"", 1, "%25"),
    .init("sftp: \"sftp://h/a%00\"", 1, "%25"),
    .init("sftp: sftp://::1/", 1, "IPv6"),
    .init("sftp: [a]", 1, "one value is wanted here"),
    .init("sftp:", 1, "there is no value"),
    .init("sftp: sftp://h/\nssh-options: ProxyJump=g", 2, "a list is wanted here"),
    .init("ftp: ftp://h/\ntls: starttls", 2, "write one of none, explicit, implicit"),
    .init("ftp: ftps://h/\ntls: explicit", 2, "write ftp:// for explicit"),
    .init("ftp: ftp://h/\nencoding: sjis", 2, "shift_jis"),
    .init("ftp: ftp://h/\nconnections: 17", 2, "write a number from 1 to 16"),
    .init("ftp: ftp://h/\nconnections: many", 2, "write a number from 1 to 16"),
    .init("ftp: ftp://h/\ntrust: {fingerprint: \"sha256:12\"}", 2, "64 hexadecimal digits"),
    .init("ftp: ftp://h/\ntrust: {ca-file: x}", 2, "did you mean `ca`?"),
    .init("imap: imaps://info@h", 0, "`password` is missing here"),
    .init("imap: imaps://h\npassword: env:P", 1, "has no user"),
    .init("imap: imaps://a@h/INBOX\npassword: env:P", 1, "mailboxes are chosen with"),
    .init("imap: imap://a@h\npassword: env:P\ntls: none", 3, "only this machine itself"),
    .init("postgresql: postgresql://h/a/b", 1, "one database"),
    .init("postgresql: postgresql://h/a\nsocket: /run/p", 2, "either a socket or a host"),
    .init("postgresql: postgresql://h/a\nvia: web@h", 2, "must begin with ssh://"),
    .init("postgresql: postgresql://h/a\nssh-options: [a=b]", 2, "together with `via`"),
    .init("postgresql: postgresql://h/a\nglobals: maybe", 2, "write true or false"),
    .init("postgresql: postgresql://h/a\ntls: required", 2, "write one of none, explicit"),
    .init("postgresql: postgresql://h/a\ntls: implicit", 2, "write one of none, explicit"),
    .init("mariadb: mariadb://h/a\ntrust: {fingerprint: \"sha256:12\", ca: a}", 2, "know authorities only"),
    .init("mariadb: mariadb://h/a\ntrust: {certificate: a, ca: a}", 2, "the keys are ca"),
    .init("mariadb: mariadb://h/a\ntrust: /etc/ca.pem", 2, "keys and values are wanted here: ca"),
    .init("mariadb: mariadb://h/a\ntls: none\ntrust: {ca: a}", 3, "there is no certificate to trust"),
    .init("mariadb: mariadb://h/a\nvia: ssh://h\ntls: explicit", 3, "goes through ssh"),
    .init("mariadb: mariadb://h/a\nvia: ssh://h\ntrust: {ca: a}", 3, "goes through ssh"),
    .init("mariadb: mariadb:///a\nsocket: /run/s\ntls: explicit", 3, "a socket of this machine has no TLS"),
    .init("sftp: sftp://h/\ntls: explicit", 2, "`tls` belongs to ftp, imap, postgresql, mariadb"),
    .init("mariadb: mariadb://h\nrestore: {mariadb: mariadb://h, tls: yes please}", 2, "write one of none, explicit"),
    .init("s3: s3://b\naccess-key: env:A", 2, "belong together"),
    .init("s3: s3://b\nendpoint: s3.example.jp", 2, "must begin with https:// or http://"),
    .init("s3: s3://b\nendpoint: https://s3.example.jp/b", 2, "ends with the host"),
    .init("files: []", 1, "the list is empty"),
    .init("files: ~bob/x", 1, "another user's ~"),
    .init("command: pg_dump shop\nfile: a", 1, "a command is a list"),
    .init("command: [a]\nfile: a/b", 2, "is no name of a file"),
    .init("command: [a]\nfile: ..", 2, "is no name of a file"),
    .init("command: []\nfile: a", 1, "the list is empty"),
    .init("command: [a]", 0, "`file` is missing here"),
    .init("sftp: sftp://h/\nrestore: {imap: imaps://a@h, password: env:P}", 2, "cannot be put back to imap"),
    .init("sftp: sftp://h/\nrestore: /srv/back", 2, "a place to restore to has keys and values"),
    .init("sftp: sftp://h/\nrestore: {command: [a], file: b}", 2, "a place to restore to needs a key"),
    .init("sftp: sftp://h/\nrestore: {sftp: sftp://h/, exclude: [a]}", 2, "`exclude` is for reading"),
    .init("files: /srv\nrestore: {files: [/a, /b]}", 2, "one folder"),
    .init("files: /srv\nverdicts: {shrink: 120%}", 2, "a number from 0 to 100"),
    .init("files: /srv\nverdicts: {shrink: -1}", 2, "a number from 0 to 100"),
    .init("files: /srv\nverdicts: 20%", 2, "keys and values are wanted here: shrink"),
]

@Suite("Mistakes in a plan") struct MistakeTests {
    @Test("of a source", arguments: sourceMistakes)
    func source(_ mistake: SourceMistake) throws {
        let reading = read(planText(source: mistake.lines))
        #expect(reading.plan == nil)
        let problem = try #require(reading.problems.first { $0.message.contains(mistake.words) }, "\(reading.problems)")
        #expect(problem.place.line == 8 + mistake.line, "\(problem)")
        #expect(problem.place.key.hasPrefix("systems.shop.sources.it"), "\(problem)")
        #expect(reading.problems.count == 1, "\(reading.problems)")
    }

    @Test(
        "of everything else",
        arguments: [
            ("organisation: A\nlangauge: ja", 2, "did you mean `language`?"),
            ("organisation: A\nfrequency: daily", 2, "the keys are organisation, language, timezone"),
            ("organisation: A\nlanguage: fr", 2, "write one of ja, en"),
            ("organisation: A\ntimezone: Tokyo", 2, "as in Asia/Tokyo"),
            ("organisation: A\ntimezone: ../../etc/passwd", 2, "no time zone"),
            ("organisation:\nlanguage: ja", 1, "there is no value"),
            ("language: ja", 1, "`organisation` is missing here"),
            ("organisation: A\nvaults: []", 2, "at least one vault"),
            ("organisation: A\nvaults: {name: a}", 2, "a list is wanted here"),
            (
                "organisation: A\nvaults: [office]", 2,
                "keys and values are wanted here: name, repository, password, custody"
            ),
            ("organisation: A\nvaults:\n  - {repository: /a, password: env:A}", 3, "`name` is missing here"),
            ("organisation: A\nvaults:\n  - {name: a/b, repository: /a, password: env:A}", 3, "cannot be a name"),
            ("organisation: A\nvaults:\n  - {name: \"a,b\", repository: /a, password: env:A}", 3, "cannot be a name"),
            ("organisation: A\nvaults:\n  - {name: .., repository: /a, password: env:A}", 3, "cannot be a name"),
            ("organisation: A\nvaults:\n  - {name: a, repository: /a, password: env:1A}", 3, "env:SHOP_PASSWORD"),
            ("organisation: A\nvaults:\n  - {name: a, repository: /a, password: \"command:'\"}", 3, "no command"),
            ("organisation: A\nvaults:\n  - {name: a, repository: /a, password: \"file:\"}", 3, "no path follows"),
            (
                "organisation: A\nvaults:\n  - {name: a, repository: /a, password: env:A}\n"
                    + "  - {name: a, repository: /b, password: env:A}", 4, "the first is in line 3"
            ),
            (
                "organisation: A\nvaults:\n  - {name: a, repository: /a, password: env:A}\n"
                    + "  - {name: b, repository: /a, password: env:A}", 4, "of the vault a (line 3) as well"
            ),
            ("organisation: A\nsystems:\n  - name: s\n    sources: []", 4, "at least one source"),
            ("organisation: A\nsystems:\n  - name: s\n    objectives: {loss: soon}", 4, "24h, 7d or 2w"),
            ("organisation: A\nsystems:\n  - name: s\n    objectives: {loss: 0h}", 4, "24h, 7d or 2w"),
            ("organisation: A\nsystems:\n  - name: s\n    importance: first", 4, "a number from 1 to 1000"),
            ("organisation: A\nretention: {daily: -1}", 2, "or unlimited"),
            ("organisation: A\nretention: {keep-daily: 7}", 2, "did you mean `daily`?"),
            ("organisation: A\nretention: {}", 2, "this would keep nothing"),
            ("organisation: A\nexclude: [*.log]", 2, "must stand in quotes"),
            ("organisation: A\nretention: {daily: 0}", 2, "this would keep nothing"),
            ("organisation: A\nretention: {within: 90m}", 2, "whole hours"),
            ("organisation: A\npeople: [{name: B, mail: nobody}]", 2, "is no mail address"),
            ("organisation: A\npeople: [{name: B, roles: [boss]}]", 2, "owner, administrator, approver, alerted"),
            ("organisation: A\nlimits: {upload: fast}", 2, "500K or 10M"),
            ("organisation: A\nlimits: {sources: 0}", 2, "from 1 to 32"),
            ("organisation: \"a\\nb\"", 1, "one line of text"),
            ("[a, b]", 1, "keys and values are wanted here"),
        ])
    func others(_ text: String, _ line: Int, _ words: String) throws {
        let problems = read(text).problems
        let problem = try #require(problems.first { $0.message.contains(words) }, "\(problems)")
        #expect(problem.place.line == line, "\(problem)")
    }

    @Test("all of them are told at once, in the order of the file, each with its line")
    func all() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(
            "hikae.yaml",
            """
            organisation: A
            langage: ja
            vaults:
              - name: a
                repository: /a
                password: hunter2
            systems:
              - name: s
                objectives: {loss: soon, back: 4}
                sources:
                  - name: x
                    imap: mail.example.jp
                    pasword: hunter2
            """)
        let error = try #require(throws: HikaeError.self) { try Plan.load(path) }
        #expect(error.code == .usage)
        let lines = error.message.split(separator: "\n").map(String.init)
        #expect(lines.first?.contains("7 mistakes") == true, "\(error.message)")
        let numbers = lines.dropFirst().map { $0.split(separator: ":")[1] }
        #expect(numbers == ["2", "6", "9", "9", "11", "12", "13"], "\(error.message)")
        #expect(error.message.contains("\(path):9: systems.s.objectives.loss: \"soon\" is no span of time"))
        #expect(!error.message.contains("hunter2"))
        #expect(error.hint?.contains("hikae plan check") == true)
    }

    @Test(
        "a secret in the plan is refused, with how to do it instead, and is never quoted",
        arguments: [
            "imap: imaps://info@h\npassword: hunter2", "sftp: sftp://web:hunter2@h/", "ftp: ftp://h/\npasword: hunter2",
            "imap: imaps://info:hunter2@h\npassword: env:P", "s3: s3://b\naccess-key: hunter2\nsecret-key: hunter2",
            "imap: imaps://info@h\npassword: {literal: hunter2}", "imap: imaps://info@h\npassword: [hunter2]",
            "imap: hunter2\npassword: env:P", "imap: imaps://info@h\npassword: \"hun\\u0000ter2 hunter2\"",
            "postgresql: postgresql://a@h/x\nvia: ssh://web:hunter2@h",
        ])
    func secrets(_ lines: String) throws {
        let reading = read(planText(source: lines))
        #expect(reading.plan == nil)
        let error = PlanProblem.error(reading.problems)
        #expect(!"\(error)".contains("hunter2"), "\(error)")
        #expect(!reading.problems.isEmpty)
    }

    @Test("a literal password's message says how to do it") func literal() throws {
        let problem = try #require(read(planText(source: "imap: imaps://i@h\npassword: hunter2")).problems.first)
        #expect(problem.message.contains("write `password: file:PATH` here"))
        #expect(problem.message.contains("chmod 600"))
        #expect(problem.place.key == "systems.shop.sources.it.password" && problem.place.line == 10)
    }
}

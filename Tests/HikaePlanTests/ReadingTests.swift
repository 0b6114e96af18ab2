// A plan without mistakes is read as it is meant.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

@Suite("Reading a plan") struct ReadingTests {
    @Test("every key of every section arrives in the model")
    func everything() throws {
        let plan = try plan(fullPlan)
        #expect(plan.file == "/etc/hikae/hikae.yaml")
        #expect(plan.organisation == "さくら商店")
        #expect(plan.language == .japanese)
        #expect(plan.timeZone == "Asia/Tokyo")
        #expect(plan.vaults.map(\.name) == ["office", "大阪"])
        #expect(plan.vaults[0].repository == "/etc/hikae/vaults/office")
        #expect(plan.vaults[0].password == .file("/etc/hikae/office.password"))
        #expect(plan.vaults[1].password == .environment("OSAKA_PASSWORD"))
        let custody = try #require(plan.vaults[0].custody)
        #expect(custody.holder == "佐藤" && custody.provider == "own" && custody.account == "none")
        #expect(custody.place == "本社" && custody.note == "金庫室")
        #expect(plan.vaults[1].custody == nil)
        let retention = try #require(plan.retention)
        #expect(retention.last == 3 && retention.hourly == 0 && retention.daily == 14 && retention.weekly == 8)
        #expect(retention.monthly == 24 && retention.yearly == -1)
        #expect(retention.within == PlanDuration(seconds: 30 * 86_400))
        #expect(plan.people.map(\.name) == ["佐藤", "鈴木"])
        #expect(plan.people[0].roles == [.owner, .alerted] && plan.people[0].mail == "sato@example.jp")
        #expect(plan.alarms.map(\.command) == ["mail -s 控え sato@example.jp"])
        #expect(plan.limits.sources == 3 && plan.limits.upload == 10 << 20 && plan.limits.download == 512 << 10)
    }

    @Test("what says its importance comes before what merely stands at that place")
    func importance() throws {
        let plan = try plan(fullPlan)
        #expect(plan.systems.map(\.name) == ["mail", "shop", "clinic"])
        #expect(plan.systems.map(\.importance) == [1, 1, 3])
        #expect(plan.sources.first?.source.name == "info")
    }

    @Test("a system's thresholds are the plan's but for what it says, and a source's those of its system")
    func thresholds() throws {
        let plan = try plan(fullPlan)
        #expect(plan.verdicts.shrinkPercent == 25 && plan.verdicts.suspiciousContentPercent == 2.5)
        #expect(plan.verdicts.unreadablePercent == 8)
        let shop = plan.systems[1]
        #expect(shop.verdicts.shrinkPercent == 10 && shop.verdicts.minimumItems == 5)
        #expect(shop.verdicts.changePercent == 60 && shop.verdicts.suspiciousContentPercent == 2.5)
        #expect(shop.sources[0].verdicts.changePercent == 90 && shop.sources[0].verdicts.shrinkPercent == 10)
        #expect(shop.sources[1].verdicts == shop.verdicts)
        #expect(plan.systems[0].verdicts == plan.verdicts)
    }

    @Test("defaults are as the manual says")
    func defaults() throws {
        let plan = try plan(planText(source: "files: /srv"))
        #expect(plan.language == .english && plan.timeZone == nil && plan.retention == nil && plan.people.isEmpty)
        #expect(plan.verdicts == VerdictThresholds())
        #expect(plan.verdicts.shrinkPercent == 20 && plan.verdicts.changePercent == 60)
        #expect(plan.verdicts.minimumItems == 20 && plan.verdicts.suspiciousContentPercent == 5)
        #expect(plan.verdicts.unreadablePercent == 5)
        #expect(plan.limits.sources == 2 && plan.limits.upload == nil && plan.limits.download == nil)
        #expect(plan.systems[0].title == "shop" && plan.systems[0].objectives.loss == nil)
    }

    @Test("a site over SFTP") func sftp() throws {
        let expected = SFTPPlan(
            host: "www.example.jp", port: 2222, user: "web", path: "/var/www/html",
            identityFile: "/home/anna/.ssh/id_ed25519", sshOptions: ["ProxyJump=gate.example.jp"],
            program: "/usr/bin/ssh", password: .command("pass show 'web site'"), excludes: ["cache/**", "*.log"])
        #expect(try plan(fullPlan).systems[1].sources[0].kind == .sftp(expected))
        #expect(try kind(source: "sftp: sftp://h/~/www") == .sftp(SFTPPlan(host: "h", path: "www")))
        #expect(try kind(source: "sftp: sftp://h") == .sftp(SFTPPlan(host: "h", path: "")))
        #expect(try kind(source: "sftp: sftp://[::1]:22/") == .sftp(SFTPPlan(host: "::1", port: 22, path: "/")))
    }

    @Test("a site over FTP asks for TLS unless told otherwise") func ftp() throws {
        let expected = FTPPlan(
            host: "ftp.example.jp", user: "web", password: .file("/home/anna/ftp.password"), path: "/public_html",
            tls: .none, encoding: .shiftJIS, connections: 2,
            trust: TrustSettings(certificateAuthority: "/etc/ssl/ours.pem"), excludes: ["tmp"])
        #expect(try plan(fullPlan).systems[1].sources[1].kind == .ftp(expected))
        #expect(try kind(source: "ftp: ftp://h/") == .ftp(FTPPlan(host: "h", path: "/", tls: .explicit)))
        #expect(try kind(source: "ftp: ftps://h/a%20b") == .ftp(FTPPlan(host: "h", path: "/a b", tls: .implicit)))
    }

    @Test("a mailbox whose user is a mail address") func imap() throws {
        let expected = IMAPPlan(
            host: "mail.example.jp", user: "info@example.jp", authentication: .plain,
            password: .command("pass show mail/info"), mailboxes: ["INBOX", "仕事/*"], excludes: ["Trash"],
            connections: 5)
        #expect(try plan(fullPlan).systems[0].sources[0].kind == .imap(expected))
        let starttls = try kind(source: "imap: imap://a@h\npassword: env:P")
        #expect(starttls == .imap(IMAPPlan(host: "h", tls: .explicit, user: "a", password: .environment("P"))))
        let plain = try kind(source: "imap: imap://127.0.0.1:1143\nuser: a\ntls: none\npassword: env:P")
        let local = IMAPPlan(host: "127.0.0.1", port: 1143, tls: .none, user: "a", password: .environment("P"))
        #expect(plain == .imap(local))
    }

    @Test("databases, one or all, here or through ssh") func databases() throws {
        let orders = DatabasePlan(
            host: "db.example.jp", port: 3307, user: "backup", password: .environment("SHOP_DB_PASSWORD"),
            database: "shop", via: "ssh://web@www.example.jp:22", sshOptions: ["BatchMode=yes"],
            programs: "/opt/mariadb/bin", includesGlobals: false)
        let plan = try plan(fullPlan)
        #expect(plan.systems[1].sources[2].kind == .mariadb(orders))
        let charts = DatabasePlan(socket: "/run/postgresql", database: "clinic")
        #expect(plan.systems[2].sources[0].kind == .postgresql(charts))
        #expect(
            try kind(source: "mariadb: mysql://u@h") == .mariadb(DatabasePlan(host: "h", user: "u", tls: .explicit)))
        #expect(
            try kind(source: "postgresql: postgres://h/") == .postgresql(DatabasePlan(host: "h", tls: .explicit)))
    }

    @Test("a database on another machine is reached by verified TLS unless the plan says otherwise")
    func databaseTLS() throws {
        func tls(_ lines: String) throws -> PlanDatabaseTLS? {
            guard case .postgresql(let plan) = try kind(source: "postgresql: " + lines) else { return nil }
            return plan.tls
        }
        #expect(try tls("postgresql://u@db.example.jp/a") == .explicit)
        #expect(try tls("postgresql://u@db.example.jp/a\ntls: explicit") == .explicit)
        #expect(try tls("postgresql://u@db.example.jp/a\ntls: none") == PlanDatabaseTLS.none)
        #expect(try tls("postgresql://u@192.168.1.2/a") == .explicit)
        // What does not leave the machine, or goes through ssh, needs none.
        for address in ["127.0.0.1", "localhost", "[::1]", ""] {
            #expect(try tls("postgresql://\(address)/a") == nil, "\(address)")
        }
        #expect(try tls("postgresql://localhost/a\ntrust: {ca: ours.pem}") == .explicit)
        #expect(try tls("postgresql://u@db.example.jp/a\nvia: ssh://h") == nil)
        let expected = DatabasePlan(
            host: "db", user: "u", tls: .explicit, trust: TrustSettings(certificateAuthority: "/etc/hikae/ours.pem"))
        #expect(try kind(source: "mariadb: mariadb://u@db\ntrust: {ca: ours.pem}") == .mariadb(expected))
        let plan = try plan(
            planText(source: "mariadb: mariadb://u@a\nrestore: {mariadb: mariadb://u@b, trust: {ca: new.pem}}"))
        guard case .mariadb(let place)? = plan.systems[0].sources[0].restore?.kind else {
            throw HikaeError(.notFound, "no place to restore to")
        }
        #expect(place.trust.certificateAuthority == "/etc/hikae/new.pem" && place.tls == .explicit)
    }

    @Test("buckets, Amazon's when no endpoint is given") func buckets() throws {
        let pictures = S3Plan(
            endpoint: "https://s3.example.jp:9000", region: "jp-east", bucket: "pictures", prefix: "2012/",
            accessKeyID: .environment("KEY_ID"), secretAccessKey: .file("/etc/hikae/s3.key"),
            sessionToken: .command("token"), pathStyle: true, versions: true, tags: true,
            trust: TrustSettings(fingerprint: "sha256:" + String(repeating: "a", count: 64)), connections: 8)
        #expect(try plan(fullPlan).systems[1].sources[3].kind == .s3(pictures))
        let amazon = S3Plan(
            endpoint: "https://s3.ap-northeast-1.amazonaws.com", region: "ap-northeast-1", bucket: "b")
        #expect(try kind(source: "s3: s3://b\nregion: ap-northeast-1") == .s3(amazon))
    }

    @Test("what is on this machine") func local() throws {
        let clinic = try plan(fullPlan).systems[2]
        #expect(clinic.sources[1].kind == .sqlite(SQLitePlan(path: "/etc/hikae/till.sqlite")))
        let papers = FilesPlan(paths: ["/srv/papers", "/etc/hikae/notes", "/home/anna/list"], excludes: ["*.tmp"])
        #expect(clinic.sources[2].kind == .files(papers))
        // A bare ~ is YAML's word for nothing.
        #expect(try kind(source: "files: ~") == .files(FilesPlan(paths: ["/home/anna"])))
        #expect(try kind(source: "files: [/srv, ~]") == .files(FilesPlan(paths: ["/srv", "/home/anna"])))
        let crontab = CommandPlan(arguments: ["ssh", "web@www.example.jp", "crontab", "-l"], file: "crontab.txt")
        #expect(clinic.sources[3].kind == .command(crontab))
    }

    @Test("a destination has options of its own and takes over nothing") func destinations() throws {
        let plan = try plan(fullPlan)
        let site = try #require(plan.systems[1].sources[0].restore)
        let expected = FTPPlan(
            host: "new.example.jp", user: "web", password: .environment("NEW_PASSWORD"), path: "/public_html")
        #expect(site.kind == .ftp(expected))
        #expect(plan.systems[2].sources[2].restore?.kind == .files(FilesPlan(paths: ["/srv/back"])))
        #expect(plan.systems[1].sources[1].restore == nil)
    }

    @Test("every value knows its line") func lines() throws {
        let plan = try plan(fullPlan)
        let text = fullPlan.split(separator: "\n", omittingEmptySubsequences: false)
        func line(_ beginning: String) -> Int {
            1 + (text.firstIndex { $0.drop { $0 == " " }.hasPrefix(beginning) } ?? -1)
        }
        let orders = plan.systems[1].sources[2]
        #expect(orders.places.of("via").line == line("via:"))
        #expect(orders.places.of("via").key == "systems.shop.sources.orders.via")
        #expect(plan.places.of("limits").line == line("limits:"))
        #expect(plan.vaults[1].places.of("name").line == line("- name: 大阪"))
        #expect(
            "\(orders.places.of("mariadb"))"
                == "/etc/hikae/hikae.yaml:\(line("mariadb:")): systems.shop.sources.orders.mariadb")
        // A key that was left out points at its section.
        #expect(plan.vaults[1].places.of("custody").line == line("- name: 大阪"))
    }

    @Test("sources are chosen by system, or by system and source") func selection() throws {
        let plan = try plan(fullPlan)
        func names(_ selection: [String]) throws -> [String] {
            try plan.sources(matching: selection).map { "\($0.system.name)/\($0.source.name)" }
        }
        #expect(try names([]).count == 9)
        #expect(try names(["clinic/till", "mail", "mail/info"]) == ["mail/info", "clinic/till"])
        let error = #expect(throws: HikaeError.self) { try names(["shop/mail"]) }
        #expect(error?.code == .notFound && error?.message.contains("no source shop/mail") == true)
        #expect(error?.hint?.contains("shop/orders") == true)
        #expect(try plan.vault(named: "大阪").repository == "/mnt/osaka")
        #expect(throws: HikaeError.self) { try plan.vault(named: "tokyo") }
    }

    @Test("a plan shown as understood is a plan again, and the same") func roundTrip() throws {
        var plan = try plan(fullPlan)
        let shown = plan.value.yaml
        var again = try self.plan(shown)
        plan.forgetPlaces()
        again.forgetPlaces()
        #expect(plan == again, "\(shown)")
        #expect(try JSONValue(String(decoding: plan.value.json, as: UTF8.self))["organisation"]?.string == "さくら商店")
    }

    private func plan(_ text: String) throws -> Plan { try HikaePlanTests.plan(text) }
}

extension Plan {
    /// Takes away the lines, which differ between two files that say the same.
    fileprivate mutating func forgetPlaces() {
        places = PlanPlaces()
        retention?.places = PlanPlaces()
        limits.places = PlanPlaces()
        for index in alarms.indices { alarms[index].places = PlanPlaces() }
        for index in people.indices { people[index].places = PlanPlaces() }
        for index in vaults.indices {
            vaults[index].places = PlanPlaces()
            vaults[index].custody?.places = PlanPlaces()
        }
        for index in systems.indices {
            systems[index].places = PlanPlaces()
            systems[index].objectives.places = PlanPlaces()
            for source in systems[index].sources.indices {
                systems[index].sources[source].places = PlanPlaces()
                systems[index].sources[source].restore?.places = PlanPlaces()
            }
        }
    }
}

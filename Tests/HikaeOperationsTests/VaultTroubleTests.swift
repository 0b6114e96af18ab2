import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("A vault in trouble") struct VaultTroubleTests {
    private func rules(_ result: JSONValue?) -> [String] {
        (result?["reasons"]?.array ?? []).compactMap { $0["rule"]?.string }
    }

    private func shell(_ company: Company, _ line: String) throws {
        try company.program.command("sh", ["-ec", line]).succeed()
    }

    /// No pack can be written any more; everything else can.
    private func breakData(_ company: Company, _ vault: String) throws {
        try shell(company, "for f in \(vault)/data/*; do if rmdir $f 2>/dev/null; then touch $f; fi; done")
    }

    @Test("fails no source when another is healthy: what it cannot take is read into the next")
    func nextVault() throws {
        let company = try Company()
        try breakData(company, "office")
        let results = try company.backup(day: 1, status: 1)
        for source in ["site", "list"] {
            #expect(results[source]?["verdict"]?.string == "good")
            #expect(results[source]?["vaults"]?.array.compactMap(\.string) == ["cloud"])
            #expect(try company.captures("cloud", source).count == 1)
        }
        try shell(company, "for f in office/data/*; do if [ -f $f ]; then rm $f; mkdir $f; fi; done")
        let again = try company.backup(day: 2)
        #expect(again["site"]?["vaults"]?.array.compactMap(\.string) == ["office", "cloud"])
        #expect(try company.captures("office").count == 2)
    }

    @Test("does not make a source's own failure look like its own")
    func sourcesFault() throws {
        let company = try Company(report: "echo half; exit 5")
        let results = try company.backup(day: 1, status: 1)
        #expect(results["list"]?["error_code"]?.string == "program-failed")
        #expect(results["site"]?["vaults"]?.array.count == 2)
    }

    @Test("whose disk is full is passed over", .enabled(if: geteuid() == 0, "mounts a filesystem"))
    func full() throws {
        let company = try Company()
        try company.backup(day: 1)
        try shell(
            company,
            "mv office office.old; mkdir office; mount -t tmpfs -o size=2m none office; cp -a office.old/. office/")
        defer { _ = try? company.program.command("umount", ["office"]).run() }
        try shell(company, "dd if=/dev/zero of=office/fill bs=1k 2>/dev/null || true")
        try shell(company, "dd if=/dev/urandom of=site/new.bin bs=1k count=300 2>/dev/null")
        // Room for a lock, for no pack.
        try shell(company, "truncate -s -8k office/fill")
        let results = try company.backup(day: 2, status: 1)
        for source in ["site", "list"] {
            #expect(results[source]?["verdict"]?.string == "good", "\(results)")
            #expect(results[source]?["vaults"]?.array.compactMap(\.string).contains("cloud") == true)
        }
        #expect(try company.captures("cloud").count == 2)
    }

    @Test("that could not be brought level is not what a capture is compared with")
    func staleHistory() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.takeAway("office")
        try shell(company, "find cloud/data -type f | sort > before")
        try company.fillSite(60)
        try company.backup(day: 2, "shop/site")
        try company.bringBack("office")
        // A page of that capture is damaged where it stands: it cannot be copied into the other vault.
        try shell(
            company,
            """
            for f in $(find cloud/data -type f | sort | comm -13 before -); do
                chmod u+w $f
                printf 'XXXXXXXX' | dd of=$f bs=1 seek=40 conv=notrunc 2>/dev/null
            done
            rm -rf cache
            """)
        try shell(company, "rm -f site/page-3?.html site/page-4?.html site/page-5?.html")
        let result = try company.backup(day: 3, "shop/site", status: 20)["site"]
        let doubts = ["fewer-items", "baseline-lost", "history-incomplete"]
        #expect(rules(result).contains(where: doubts.contains), "\(rules(result))")
    }

    @Test("whose list of snapshots is not whole makes captures suspect: the last good one might be missing")
    func incompleteList() throws {
        let company = try Company()
        try company.backup(day: 1)
        #expect(rules(try company.backup(day: 2)["site"]).isEmpty)
        try shell(company, "f=$(ls office/snapshots/* | head -n 1); chmod u+w $f; printf garbage > $f; rm -rf cache")
        #expect(rules(try company.backup(day: 3, status: 20)["site"]) == ["history-incomplete"])
    }

    @Test("that cannot give back what the last good capture recorded makes captures suspect")
    func unreadableRecord() throws {
        let company = try Company()
        try company.backup(day: 1)
        try shell(
            company,
            """
            for f in $(find office/data cloud/data -type f); do
                chmod u+w $f
                n=$(stat -c %s $f)
                head -c $n /dev/urandom > $f
            done
            rm -rf cache
            """)
        let result = try company.backup(day: 2, "shop/site", status: 20)["site"]
        #expect(rules(result).contains("baseline-lost"), "\(rules(result))")
    }

    @Test("holds back forgetting in all: a suspect capture there, and a vault that cannot be read")
    func forgetting() throws {
        let company = try Company("retention: {last: 1}")
        for day in 1...2 { try company.backup(day: day) }
        try company.takeAway("office")
        try company.emptySite()
        try company.backup(day: 3, "shop/site", status: 20)
        let away = try company.program.hikae("forget", "--json").run()
        #expect(away.status == 1, "\(away.text)\(away.errorText)")
        #expect(try JSONValue.lines(away.text).allSatisfy { $0["removed"]?.array.isEmpty == true })
        #expect(try company.captures("cloud", "list").count == 2)
        try company.bringBack("office")
        // The suspect capture has not come to this vault.
        #expect(try company.captures("office").count == 2)
        let lines = try JSONValue.lines(company.program.hikae("forget", "--json").succeed().text)
        let site = lines.filter { $0["source"]?.string == "site" }
        #expect(site.count == 2 && site.allSatisfy { $0["removed"]?.array.isEmpty == true }, "\(lines)")
        #expect(try company.captures("office", "list").count == 1)
    }

    @Test("for more than a week raises the alarm and makes rounds fail, until it is back; a few days do not")
    func awayForLong() throws {
        let company = try Company("alarms:\n  - command: 'cat > alarm.txt'")
        try company.backup(day: 1)
        try company.takeAway("cloud")
        for day in [2, 5, 9] { try company.backup(day: day) }
        #expect(!Files.exists(company.folder.path("alarm.txt")))
        try company.backup(day: 10, status: 1)
        let alarm = String(decoding: try Files.read(company.folder.path("alarm.txt")), as: UTF8.self)
        #expect(alarm.contains("cloud could not be used since 2012-06-02"), "\(alarm)")
        try company.bringBack("cloud")
        try company.backup(day: 11)
        try company.takeAway("cloud")
        try company.backup(day: 12)
    }

    @Test("or none: a capture that is named goes from all of them, unless it must stay in one")
    func forgetByName() throws {
        let company = try Company()
        for day in 1...2 { try company.backup(day: day) }
        let captures = try company.captures("cloud")
        let ids = captures.compactMap { $0["id"]?.string }
        let refused = try company.program.hikae("forget", ids[0], ids[1]).run()
        #expect(refused.status == 1 && refused.errorText.contains("last good capture of shop/site"))
        #expect(try company.captures("office").count == 2)
        try company.program.hikae("forget", ids[0], "--dry-run").succeed()
        #expect(try company.captures("office").count == 2)
        try company.program.hikae("forget", String(ids[0].prefix(8))).succeed()
        let left = captures[1...].compactMap { Company.tag("capture:", $0) }
        for vault in ["office", "cloud"] {
            #expect(try company.captures(vault).compactMap { Company.tag("capture:", $0) } == left)
        }
        let unknown = try company.program.hikae("forget", "0123456789abcdef").run()
        #expect(unknown.status == 1 && unknown.errorText.contains("no vault has"))
    }
}

@Suite("A capture by a plan") struct PlanCaptureTests {
    @Test("ends with 3 when some input cannot be read, and with 20 when more than the plan bears")
    func unreadable() throws {
        let company = try Company(pages: 30)
        let site = company.folder.path("site")
        let plan = String(decoding: try Files.read(company.folder.path("hikae.yaml")), as: UTF8.self)
        func use(_ more: String) throws {
            // A file that opens for everybody and cannot be read.
            let source = "      - {name: site, files: [\(site), /proc/self/mem]\(more)}"
            let lines = plan.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.contains("files: site") ? source : String($0) }
            try company.folder.write("hikae.yaml", lines.joined(separator: "\n"))
        }
        try use("")
        let result = try company.backup(day: 1, status: 3)["site"]
        #expect(result?["verdict"]?.string == "good" && result?["unreadable"]?.number == 1)
        #expect(result?["items"]?.number == 30)
        try use(", verdicts: {unreadable: 1%}")
        let doubted = try company.backup(day: 2, status: 20)["site"]
        #expect(doubted?["reasons"]?.array.compactMap { $0["rule"]?.string } == ["unreadable"])
    }

    @Test("that is only tried says what would come of it and writes nothing")
    func dryRun() throws {
        let company = try Company("alarms:\n  - command: 'cat > alarm.txt'")
        try company.backup(day: 1)
        try company.emptySite()
        let state = company.folder.path("home/.local/state/hikae/journal.jsonl")
        let journal = try Files.read(state)
        func vaults() throws -> String {
            try company.program.command("sh", ["-c", "find office cloud -type f | sort | xargs sha256sum"])
                .succeed().text
        }
        let before = try vaults()
        let outcome = try company.program.hikae("backup", "--dry-run", "--json").run()
        #expect(outcome.status == 20, "\(outcome.text)\(outcome.errorText)")
        let lines = try JSONValue.lines(outcome.text)
        let site = lines.first { $0["source"]?.string == "site" }
        #expect(site?["verdict"]?.string == "suspect" && site?["snapshot_id"] == nil)
        #expect(lines.last?["dry_run"]?.bool == true)
        #expect(try vaults() == before)
        #expect(try Files.read(state) == journal)
        #expect(!Files.exists(company.folder.path("alarm.txt")))
    }
}

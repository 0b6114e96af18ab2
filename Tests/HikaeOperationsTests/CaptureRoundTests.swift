import HikaeTesting
import Testing

@Suite("A round of captures") struct CaptureRoundTests {
    @Test("reads each source once and stores it in every vault, with its record")
    func everyVault() throws {
        let company = try Company()
        let results = try company.backup(day: 1)
        #expect(results.count == 2)
        #expect(results["site"]?["verdict"]?.string == "good")
        #expect(results["site"]?["items"]?.number == 30)
        #expect(results["list"]?["bytes"]?.number == 3893)
        #expect(results["site"]?["vaults"]?.array.compactMap(\.string) == ["office", "cloud"])
        for vault in ["office", "cloud"] {
            let snapshots = try company.snapshots(vault)
            #expect(snapshots.count == 2)
            let site = try #require(snapshots.first { Company.tags($0).contains("source:site") })
            #expect(site["hostname"]?.string == "さくら商店")
            #expect(site["paths"]?.array.compactMap(\.string) == ["/shop/site"])
            #expect(Company.tag("verdict:", site) == "good")
            let id = try #require(site["id"]?.string)
            let record = try JSONValue(
                company.program.hikae(
                    "dump", "-q", "-r", vault, "--password-file", "\(vault).key", id, "/.hikae/capture.json"
                ).succeed().text)
            #expect(record["organisation"]?.string == "さくら商店")
            #expect(record["facts"]?["items"]?.number == 30)
            #expect(record["capture"]?.string == Company.tag("capture:", site))
        }
    }

    @Test("stores nothing twice, and takes what was named only")
    func again() throws {
        let company = try Company()
        try company.backup(day: 1)
        let results = try company.backup(day: 2, "shop/site")
        #expect(results.count == 1)
        #expect(results["site"]?["files_unmodified"]?.number == 30)
        #expect((results["site"]?["data_added"]?.number ?? .infinity) < 4000)
        let unknown = try company.program.hikae("backup", "shop/sight").run()
        #expect(unknown.status == 1 && unknown.errorText.contains("shop/site, shop/list"))
    }

    @Test("lets no broken source harm another, and remembers what failed")
    func brokenSource() throws {
        let company = try Company(report: "echo half; exit 5")
        let results = try company.backup(day: 1, status: 1)
        #expect(results["site"]?["verdict"]?.string == "good")
        #expect(results["list"]?["verdict"]?.string == "failed")
        #expect(results["list"]?["error_code"]?.string == "program-failed")
        #expect(try company.captures("office", "list").isEmpty)
        #expect(try company.captures("cloud").count == 1)
        let standing = try company.status(day: 1, expected: 1)
        #expect(standing["list"]?["light"]?.string == "red")
        #expect(standing["site"]?["light"]?.string == "green")
        let problems = (standing["list"]?["problems"]?.array ?? []).compactMap(\.string)
        #expect(problems.contains { $0.contains("exit status 5") })
        #expect(Files.exists(company.folder.path("home/.local/state/hikae/journal.jsonl")))

        try company.writePlan()
        try company.backup(day: 1)
        #expect(try company.status(day: 1, expected: 0)["list"]?["light"]?.string == "green")
    }

    @Test("fails, and makes no snapshot, when the folder to be captured is gone")
    func missingFolder() throws {
        let company = try Company()
        try company.backup(day: 1)
        Files.removeAll(company.folder.path("site"))
        let results = try company.backup(day: 2, status: 1)
        #expect(results["site"]?["verdict"]?.string == "failed")
        #expect(try company.captures("office").count == 1)
    }

    @Test("follows a link that the plan names, as to the release of the day")
    func link() throws {
        let company = try Company()
        try Files.move(company.folder.path("site"), to: company.folder.path("release-1"))
        try Files.link(company.folder.path("site"), to: "release-1")
        #expect(try company.backup(day: 1)["site"]?["items"]?.number == 30)
        try company.program.command("sh", ["-c", "cp -r release-1 release-2; ln -sfn release-2 site"]).succeed()
        let results = try company.backup(day: 2)
        #expect(results["site"]?["verdict"]?.string == "good")
        #expect(results["site"]?["items"]?.number == 30)
    }

    @Test("goes on without a vault that is away, and brings it level later, whichever it is")
    func vaultAway() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.takeAway("cloud")
        let first = try company.backup(day: 2)
        #expect(first["site"]?["vaults"]?.array.compactMap(\.string) == ["office"])
        try company.bringBack("cloud")
        try company.takeAway("office")
        let second = try company.backup(day: 3)
        #expect(second["site"]?["vaults"]?.array.compactMap(\.string) == ["cloud"])
        try company.bringBack("office")
        let third = try company.backup(day: 4)
        #expect(third["site"]?["vaults"]?.array.compactMap(\.string) == ["office", "cloud"])
        let names = try ["office", "cloud"].map {
            try Set(company.captures($0).compactMap { Company.tag("capture:", $0) })
        }
        #expect(names[0].count == 4 && names[0] == names[1])
        #expect(try company.status(day: 4, expected: 0).values.allSatisfy { $0["light"]?.string == "green" })
    }

    @Test("does nothing when no vault can be opened, and says why")
    func noVault() throws {
        let company = try Company()
        try company.takeAway("cloud")
        try company.takeAway("office")
        let outcome = try company.program.hikae("backup").run()
        #expect(outcome.status == 10)
        #expect(outcome.errorText.contains("vault office"))
    }

    @Test("is missed by status when the last good capture is older than the business can bear")
    func objective() throws {
        let company = try Company()
        try company.backup(day: 1)
        #expect(try company.status(day: 1, expected: 0)["site"]?["age_seconds"]?.number == 3600)
        let standing = try company.status(day: 12, expected: 1)
        #expect(standing["site"]?["light"]?.string == "red")
    }

    @Test("shows no password anywhere: output, records, journal or cache")
    func secrets() throws {
        let company = try Company(report: "exit 1")
        var seen = ""
        for arguments in [["backup", "-vv"], ["backup", "--json"], ["status"], ["status", "--json"]] {
            let outcome = try company.program.command(HikaeProgram.binary, arguments).run()
            seen += outcome.text + outcome.errorText
        }
        let found = try company.program.command(
            "grep", ["-rlE", "first secret|second secret", "cloud", "office", "cache"]
        ).run()
        #expect(found.text.isEmpty)
        for password in Company.passwords.values { #expect(!seen.contains(password)) }
    }
}

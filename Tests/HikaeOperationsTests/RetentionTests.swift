import HikaeTesting
import Testing

@Suite("What must stay") struct RetentionTests {
    private func forget(_ company: Company, _ arguments: String...) throws -> Command.Outcome {
        try company.program.command(
            HikaeProgram.binary, ["forget", "-r", "office", "--password-file", "office.key"] + arguments
        ).run()
    }

    @Test("goes by the plan's retention in every vault, and the last good capture with none")
    func byThePlan() throws {
        let company = try Company("retention: {last: 1}")
        for day in 1...3 { try company.backup(day: day) }
        let outcome = try company.program.hikae("forget", "--json").succeed()
        let lines = try JSONValue.lines(outcome.text)
        #expect(lines.count == 4)
        #expect(lines.allSatisfy { $0["removed"]?.array.count == 2 })
        for vault in ["office", "cloud"] { #expect(try company.snapshots(vault).count == 2) }
        // Nothing that was forgotten comes back from the other vault.
        try company.backup(day: 4)
        for vault in ["office", "cloud"] { #expect(try company.captures(vault).count == 2) }
    }

    @Test("is everything of a source while a suspect capture waits")
    func frozen() throws {
        let company = try Company("retention: {last: 1}")
        for day in 1...2 { try company.backup(day: day) }
        try company.emptySite()
        try company.backup(day: 3, status: 20)
        let lines = try JSONValue.lines(company.program.hikae("forget", "--json").succeed().text)
        let site = lines.filter { $0["source"]?.string == "site" }
        #expect(site.allSatisfy { $0["removed"]?.array.isEmpty == true && $0["held"]?.array.count == 2 })
        #expect(try company.captures("office").count == 3)
        #expect(try company.captures("office", "list").count == 1)
        try company.program.hikae("reject", "shop/site", "--why", "lost").succeed()
        try company.program.hikae("forget").succeed()
        let left = try company.captures("office").map { Company.tag("verdict:", $0) }
        #expect(left == ["good", "suspect"])
    }

    @Test("is refused to whoever names it, by ID, by filter or by any policy, with the reason")
    func refused() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.backup(day: 2)
        let ids = try company.captures("office").compactMap { $0["id"]?.string }
        let named = try forget(company, ids[1], "--json")
        #expect(named.status == 1)
        let error = try #require(try JSONValue.lines(named.errorText).last)
        #expect(error["error_code"]?.string == "refused")
        #expect(error["message"]?.string?.contains("last good capture of shop/site") == true)
        // Refused as a whole: not even the one that may go.
        #expect(try forget(company, ids[0], ids[1]).status == 1)
        #expect(try company.captures("office").count == 2)
        #expect(try forget(company, "--unsafe-allow-remove-all", "--tag", "hikae").status == 1)
        #expect(try company.snapshots("office").count == 4)
        let policy = try forget(company, "--keep-tag", "nothing", "--unsafe-allow-remove-all")
        #expect(policy.status == 0, "\(policy.errorText)")
        #expect(try company.captures("office").compactMap { $0["id"]?.string } == [ids[1]])
        #expect(try forget(company, ids[0]).status == 1)
    }

    @Test("stays the same when a clock jumps ahead and comes back")
    func clock() throws {
        let company = try Company("retention: {last: 1}")
        try company.backup(day: 1)
        try company.program.hikae("backup", "--time", "2040-01-01").succeed()
        try company.fillSite(31)
        try company.backup(day: 2)
        try company.program.hikae("forget").succeed()
        let left = try company.captures("office").compactMap { Company.tag("run:", $0) }
        #expect(left.contains("3"))
        try company.program.hikae("restore", "shop/site", "--to", "out").succeed()
        #expect(Files.names(in: company.folder.path("out/shop/site")).count == 31)
    }

    @Test("is not removed by repairing snapshots, even when it is damaged")
    func repair() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.fillSite(40)
        try company.backup(day: 2)
        let before = try company.captures("office").compactMap { $0["id"]?.string }
        try company.program.command(
            "sh", ["-c", "rm -f $(find office/data -type f | sort | head -n 3)"]
        ).succeed()
        let office = ["-r", "office", "--password-file", "office.key"]
        _ = try company.program.command(HikaeProgram.binary, ["repair", "index"] + office).run()
        _ = try company.program.command(HikaeProgram.binary, ["repair", "snapshots", "--forget"] + office).run()
        let after = try company.captures("office").compactMap { $0["id"]?.string }
        #expect(after.contains(try #require(before.last)))
    }

    @Test("by one plan is what it names: another plan's sources in the same vaults, and retired ones, are left alone")
    func othersPlans() throws {
        let company = try Company("retention: {last: 1}")
        for day in 1...3 { try company.backup(day: day) }
        // The list is now another machine's, or nobody's any more.
        let plan = String(decoding: try Files.read(company.folder.path("hikae.yaml")), as: UTF8.self)
        try company.folder.write(
            "hikae.yaml",
            plan.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.contains("name: list") }
                .joined(separator: "\n"))
        let told = try company.program.hikae("forget", "--dry-run").succeed()
        #expect(told.text.contains("shop/list (3)"), "\(told.text)")
        let lines = try JSONValue.lines(company.program.hikae("forget", "--json").succeed().text)
        let others = lines.filter { $0["message_type"]?.string == "retention_unplanned" }
        #expect(others.count == 2 && others.allSatisfy { $0["source"]?.string == "list" && $0["kept"]?.number == 3 })
        for vault in ["office", "cloud"] {
            #expect(try company.captures(vault).count == 1)
            #expect(try company.captures(vault, "list").count == 3)
        }
        // What the other plan removes from a vault does not come back from the one that it does not know.
        let old = try #require(try company.captures("office", "list").first?["id"]?.string)
        #expect(try forget(company, old).status == 0)
        try company.backup(day: 4)
        #expect(try company.captures("office", "list").count == 2)
        try company.program.hikae("forget", "--unplanned").succeed()
        for vault in ["office", "cloud"] { #expect(try company.captures(vault, "list").count == 1) }
        let odd = try forget(company, "--unplanned", "--keep-last", "1")
        #expect(odd.status == 1 && odd.errorText.contains("--unplanned"))
    }

    @Test("is everything of a source of which nothing counts as good")
    func noneGood() throws {
        let company = try Company("retention: {last: 1}")
        for day in 1...2 { try company.backup(day: day) }
        for capture in try company.captures("office") {
            let id = try #require(capture["id"]?.string)
            try company.program.hikae("reject", "shop/site", "--why", "never looked at", "--capture", id).succeed()
        }
        try company.program.hikae("forget").succeed()
        let ids = try company.captures("office").compactMap { $0["id"]?.string }
        #expect(ids.count == 2)
        let named = try company.program.hikae("forget", ids[0]).run()
        #expect(named.status == 1 && named.errorText.contains("no capture of shop/site counts as good"))
        try company.backup(day: 3)
        try company.program.hikae("forget").succeed()
        #expect(try company.captures("office").count == 1)
    }

    @Test(
        "is told as what it is after a repair: a capture that lost something bears the mark, and a whole one comes back"
    )
    func repairedByForget() throws {
        let company = try Company("verdicts: {shrink: 100%, change: 100%}")
        func shell(_ line: String) throws { try company.program.command("sh", ["-ec", line]).succeed() }
        try company.backup(day: 1)
        // What one day alone has is lost in one vault.
        try shell("head -c 300000 /dev/urandom > site/once.bin; find office/data -type f | sort > before")
        try company.backup(day: 2)
        try shell("ls -S $(find office/data -type f | sort | comm -13 before -) | head -n 1 > once; rm site/once.bin")
        try company.backup(day: 3)
        try shell("rm -f $(cat once)")
        let office = ["-r", "office", "--password-file", "office.key"]
        try company.program.command(HikaeProgram.binary, ["repair", "index"] + office).succeed()
        try company.program.command(HikaeProgram.binary, ["repair", "snapshots", "--forget"] + office).succeed()
        let captures = try company.captures("office")
        let lossy = captures.filter { Company.tags($0).contains("repaired") }
        #expect(lossy.count == 1, "\(captures)")
        try company.backup(day: 4)
        for capture in lossy {
            let name = Company.tag("capture:", capture)
            let whole = try company.captures("office").filter {
                Company.tag("capture:", $0) == name && !Company.tags($0).contains("repaired")
            }
            #expect(whole.count == 1)
        }
    }
}

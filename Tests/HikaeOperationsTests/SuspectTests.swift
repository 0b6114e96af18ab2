import HikaeTesting
import Testing

@Suite("A suspect capture") struct SuspectTests {
    private static let alarms = """
        alarms:
          - command: "echo 550 refused >&2; exit 1"
          - command: "cat > alarm.txt"
        """

    private func reasons(_ result: JSONValue?) -> [String] {
        (result?["reasons"]?.array ?? []).compactMap { $0["rule"]?.string }
    }

    @Test("is kept, marked and told of on every channel, though one refuses")
    func empty() throws {
        let company = try Company(Self.alarms)
        try company.backup(day: 1)
        #expect(!Files.exists(company.folder.path("alarm.txt")))
        try company.emptySite()
        let results = try company.backup(day: 2, status: 20)
        #expect(reasons(results["site"]) == ["empty"])
        #expect(results["list"]?["verdict"]?.string == "good")
        #expect(try company.captures("cloud").map { Company.tag("verdict:", $0) } == ["good", "suspect"])
        let alarm = String(decoding: try Files.read(company.folder.path("alarm.txt")), as: UTF8.self)
        for part in ["さくら商店", "shop/site", "30 files", "2012-06-01 06:00"] { #expect(alarm.contains(part), "\(alarm)") }

        let standing = try company.status(day: 2, expected: 20)
        #expect(standing["site"]?["light"]?.string == "red")
        #expect(standing["site"]?["items"]?.number == 30)
        #expect(standing["site"]?["newest_verdict"]?.string == "suspect")
        #expect(standing["list"]?["suspect"]?.bool == false)
    }

    @Test("never becomes the measure: the fortieth empty capture is as suspect as the first")
    func comparedWithLastGood() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.emptySite()
        for day in 2...6 {
            #expect(reasons(try company.backup(day: day, "shop/site", status: 20)["site"]) == ["empty"])
        }
        try company.fillSite(30)
        let back = try company.backup(day: 7, "shop/site")
        #expect(back["site"]?["verdict"]?.string == "good")
        #expect(back["site"]?["files_unmodified"]?.number != nil)
        // What was suspect in between still waits for a person.
        #expect(try company.status(day: 10, expected: 20)["site"]?["newest_verdict"]?.string == "good")
    }

    @Test("of a first capture says that nothing is there yet")
    func emptyAtFirst() throws {
        let company = try Company(pages: 0)
        try company.emptySite()
        let results = try company.backup(day: 1, status: 20)
        #expect(reasons(results["site"]) == ["empty"])
        #expect(try company.status(day: 1, expected: 20)["site"]?["last_good"] == nil)
    }

    @Test("counts from when a person accepts it, in every vault, one that is away included")
    func accept() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.emptySite()
        try company.fillSite(5)
        let doubted = try company.backup(day: 2, status: 20)["site"]
        #expect(reasons(doubted).contains("fewer-items"))
        try company.takeAway("cloud")
        let told = try company.program.hikae(
            "accept", "shop/site", "--who", "佐藤", "--why", "old pages removed", "--time", "2012-06-02 09:00:00",
            "--json"
        ).succeed()
        let decision = try #require(try JSONValue.lines(told.text).last)
        #expect(decision["capture"]?.string == doubted?["capture"]?.string)
        #expect(decision["vaults"]?.array.compactMap(\.string) == ["office"])
        #expect(reasons(try company.backup(day: 3)["site"]).isEmpty)
        try company.bringBack("cloud")
        try company.backup(day: 4)
        // The decision has come to the other vault: it alone tells the same.
        try company.takeAway("office")
        let standing = try company.status(day: 4, expected: 0)
        #expect(standing["site"]?["items"]?.number == 5)
        let snapshots = try company.snapshots("cloud").filter { Company.tag("decision:", $0) == "accepted" }
        #expect(snapshots.count == 1)
        let record = try JSONValue(
            company.program.hikae(
                "dump", "-q", "-r", "cloud", "--password-file", "cloud.key",
                try #require(snapshots.first?["id"]?.string), "/.hikae/decision.json"
            ).succeed().text)
        #expect(record["who"]?.string == "佐藤" && record["why"]?.string == "old pages removed")
    }

    @Test("never counts once a person rejected it, and what was good before is compared with again")
    func reject() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.emptySite()
        try company.backup(day: 2, status: 20)
        try company.program.hikae("reject", "shop/site", "--why", "the provider lost it").succeed()
        let standing = try company.status(day: 2, expected: 1)
        #expect(standing["site"]?["newest_decision"]?.string == "rejected")
        #expect(standing["site"]?["items"]?.number == 30)
        #expect(reasons(try company.backup(day: 3, status: 20)["site"]) == ["empty"])
        let nothing = try company.program.hikae("accept", "shop/list", "--why", "x").run()
        #expect(nothing.status == 1 && nothing.errorText.contains("no capture of shop/list waits"))
        let empty = try company.program.hikae("accept", "shop/site", "--why", "  ").run()
        #expect(empty.status == 1)
    }

    @Test("comes of pages that tell of an error in place of pictures, and of everything changed at once")
    func contents() throws {
        let company = try Company(pages: 0)
        for number in 0..<40 { try company.folder.write("site/\(number).jpg", "\u{FFFD}picture \(number)") }
        try company.program.command(
            "sh", ["-c", "for f in site/*.jpg; do printf '\\377\\330\\377\\340pic' > $f; echo $f >> $f; done"]
        ).succeed()
        try company.backup(day: 1)
        for number in 0..<40 { try company.folder.write("site/\(number).jpg", "<html>503 \(number)</html>") }
        #expect(reasons(try company.backup(day: 2, status: 20)["site"]).contains("error-pages"))
        #expect(reasons(try company.backup(day: 3, status: 20)["site"]).contains("mass-change"))
    }

    @Test("does not come of new dates on the same content")
    func touched() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.program.command("sh", ["-c", "touch -d 2011-01-01 site/*"]).succeed()
        let results = try company.backup(day: 2)
        #expect(results["site"]?["files_changed"]?.number == 30)
        #expect(reasons(results["site"]).isEmpty)
    }

    @Test("is told of in the plan's language")
    func japanese() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.writePlan(language: "ja")
        try company.emptySite()
        let outcome = try company.program.hikae("backup").run()
        #expect(outcome.status == 20)
        #expect(outcome.text.contains("要確認") && outcome.text.contains("30 個"))
    }

    @Test("has one last word, the newest, whatever the clock said when the one before was written")
    func lastWord() throws {
        let company = try Company()
        try company.backup(day: 1)
        try company.emptySite()
        try company.backup(day: 2, "shop/site", status: 20)
        try company.program.hikae("accept", "shop/site", "--why", "a clock that runs ahead", "--time", "2040-01-01")
            .succeed()
        let capture = try #require(try company.captures("office").last?["id"]?.string)
        try company.program.hikae("reject", "shop/site", "--why", "a mistake", "--capture", capture).succeed()
        let site = try company.status(day: 3, expected: 1)["site"]
        #expect(site?["newest_decision"]?.string == "rejected", "\(String(describing: site))")
        try company.fillSite(30)
        try company.backup(day: 4, "shop/site")
    }
}

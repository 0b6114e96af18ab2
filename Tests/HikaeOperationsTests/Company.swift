// A small company with a plan: a site of local files, a list that a program prints, and two vaults.

import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The company and its command.
struct Company {
    static let passwords = ["office": "first secret 秘密", "cloud": "second secret 秘密"]

    let program: HikaeProgram
    var folder: TemporaryDirectory { program.folder }

    /// - Parameter more: what the plan says besides.
    init(pages: Int = 30, report: String = "seq 1 1000", _ more: String = "") throws {
        program = try HikaeProgram()
        try fillSite(pages)
        for (vault, password) in Self.passwords { try folder.write("\(vault).key", password + "\n", mode: 0o600) }
        try writePlan(report: report, more)
        for vault in ["office", "cloud"] {
            try program.hikae("init", "-q", "-r", vault, "--password-file", "\(vault).key").succeed()
        }
    }

    func fillSite(_ pages: Int) throws {
        for number in 0..<pages { try folder.write("site/page-\(number).html", "<p>page \(number)</p>\n") }
    }

    func emptySite() throws { try program.command("sh", ["-c", "rm -rf site; mkdir site"]).succeed() }

    func writePlan(report: String = "seq 1 1000", language: String = "en", _ more: String = "") throws {
        let plan = """
            organisation: さくら商店
            language: \(language)
            timezone: UTC
            vaults:
              - {name: office, repository: office, password: file:office.key}
              - {name: cloud, repository: cloud, password: file:cloud.key}
            systems:
              - name: shop
                title: 通販サイト
                objectives: {loss: 24h}
                sources:
                  - {name: site, files: site}
                  - {name: list, command: [sh, -c, "\(report)"], file: list.txt}
            \(more)
            """
        try folder.write("hikae.yaml", plan)
    }

    /// A vault's disk is taken away, or brought back.
    func takeAway(_ vault: String) throws { try Files.move(folder.path(vault), to: folder.path("\(vault).away")) }
    func bringBack(_ vault: String) throws { try Files.move(folder.path("\(vault).away"), to: folder.path(vault)) }

    private static func time(_ day: Int, hour: Int) -> String {
        "2012-06-\(day < 10 ? "0" : "")\(day) 0\(hour):00:00"
    }

    /// A round of captures on a day of June 2012, and what it says of each source.
    @discardableResult
    func backup(day: Int, _ selection: String..., status: Int32 = 0) throws -> [String: JSONValue] {
        let outcome = try program.command(
            HikaeProgram.binary, ["backup", "--json", "--time", Self.time(day, hour: 6)] + selection
        ).run()
        #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
        var results: [String: JSONValue] = [:]
        for line in try JSONValue.lines(outcome.text) where line["message_type"]?.string == "capture" {
            results[line["source"]?.string ?? ""] = line
        }
        return results
    }

    /// How the sources stand on a day.
    func status(day: Int, expected: Int32) throws -> [String: JSONValue] {
        let outcome = try program.hikae("status", "--json", "--time", Self.time(day, hour: 7)).run()
        #expect(outcome.status == expected, "\(outcome.text)\(outcome.errorText)")
        var results: [String: JSONValue] = [:]
        for line in try JSONValue.lines(outcome.text) where line["message_type"]?.string == "source" {
            results[line["source"]?.string ?? ""] = line
        }
        return results
    }

    /// The snapshots of a vault, oldest first.
    func snapshots(_ vault: String) throws -> [JSONValue] {
        try JSONValue(
            program.hikae("snapshots", "--json", "-r", vault, "--password-file", "\(vault).key").succeed().text
        ).array
    }

    /// The captures of one source in a vault, by what their tags say.
    func captures(_ vault: String, _ source: String = "site") throws -> [JSONValue] {
        try snapshots(vault).filter { Self.tags($0).contains("source:\(source)") && Self.tag("capture:", $0) != nil }
    }

    static func tags(_ snapshot: JSONValue) -> [String] { (snapshot["tags"]?.array ?? []).compactMap(\.string) }

    static func tag(_ prefix: String, _ snapshot: JSONValue) -> String? {
        tags(snapshot).first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
}

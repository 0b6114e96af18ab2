// What the manual shows is what the reader takes: every example of docs/manual/plan.md is read.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaePlan

@Suite("The manual's page on the plan") struct ManualTests {
    let page: String
    /// The examples in YAML, in the page's order.
    let examples: [String]

    init() throws {
        let page = try String(
            decoding: Files.read(PracticeServer.projectFolder + "/docs/manual/plan.md"), as: UTF8.self)
        self.page = page
        examples = page.split(separator: "```yaml\n").dropFirst().map { rest in
            String(rest[..<(rest.firstRange(of: "```")?.lowerBound ?? rest.endIndex)])
        }
    }

    @Test("every example of a source is valid, and there is one for each kind") func sources() throws {
        var kinds: Set<SourceKindName> = []
        for example in examples where example.hasPrefix("- name:") {
            let lines = example.replacing("sha256:6f3c…", with: "sha256:" + String(repeating: "6", count: 64))
                .split(separator: "\n").filter { !$0.contains("socket:") }.map { "      \($0)\n" }.joined()
            let text = planText(source: "files: /srv") + lines.split(separator: "\n").map { "\($0)\n" }.joined()
            let systems = try plan(text).systems
            kinds.insert(try #require(systems.first?.sources.last?.kind.name))
        }
        #expect(kinds == Set(SourceKindName.allCases))
    }

    @Test("the whole plan and the other sections are valid") func wholePlans() throws {
        let whole = try #require(examples.first { $0.hasPrefix("organisation:") })
        let alarms = try #require(examples.first { $0.hasPrefix("alarms:") })
        let plan = try plan(whole + alarms)
        #expect(plan.systems.map(\.name) == ["shop", "mail"] && plan.alarms.count == 2)
    }

    @Test("every key of every section is described") func keys() {
        let sections =
            [
                PlanSection.root, .vault, .custody, .system, .objectives, .verdicts, .retention, .person, .alarm,
                .limits, .trust, .authority, .objectLock,
            ]
            + SourceKindName.allCases.map { .source($0) }
        for section in sections {
            for key in section.keys {
                let isThere =
                    page.contains("`\(key.name)`") || page.contains(" \(key.name): ") || page.contains("## \(key.name)")
                    || page.contains("\n\(key.name): ") || page.contains("- \(key.name): ")
                #expect(isThere, "\(section.name): \(key.name)")
            }
        }
    }
}

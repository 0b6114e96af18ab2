// The schema for editors: the file in docs/ is what the program prints, and it agrees with the reader.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaePlan

@Suite("The plan's schema") struct SchemaTests {
    static let schemaFile = PracticeServer.projectFolder + "/docs/plan.schema.json"

    @Test("docs/plan.schema.json is what `hikae plan schema` prints") func documented() throws {
        let harness = try HikaeProgram()
        let printed = try harness.hikae("plan", "schema").succeed().output
        #expect(try Files.read(Self.schemaFile) == printed, "run: hikae plan schema > docs/plan.schema.json")
        #expect(
            try JSONValue(String(decoding: printed, as: UTF8.self))
                == JSONValue(String(decoding: PlanSchema.json(), as: UTF8.self)))
    }

    @Test("every key of every section has a description, and its name is one that can be mistyped and found")
    func keys() {
        let sections =
            [
                PlanSection.root, .vault, .custody, .system, .objectives, .verdicts, .retention, .person, .alarm,
                .limits, .trust, .authority, .objectLock,
            ]
            + SourceKindName.allCases.map { .source($0) } + SourceKindName.destinations.map { .destination($0) }
        for section in sections {
            #expect(Set(section.keys.map(\.name)).count == section.keys.count, "\(section.name)")
            for key in section.keys {
                #expect(key.summary.count > 10, "\(section.name).\(key.name)")
                #expect(PlanText.isName(key.name))
            }
        }
    }

    @Test("every key of the sections stands in the full plan of these tests") func complete() throws {
        let words = Set(fullPlan.split { !$0.isLetter && !$0.isNumber && $0 != "-" }.map(String.init))
        for kind in SourceKindName.allCases {
            for key in PlanSection.source(kind).keys { #expect(words.contains(key.name), "\(kind): \(key.name)") }
        }
    }

    @Test("another program's validator takes the same plans, and refuses the same mistakes", .enabled(if: hasValidator))
    func validator() throws {
        let folder = try TemporaryDirectory()
        try folder.write("schema.json", PlanSchema.json())
        func isValid(_ text: String) throws -> Bool {
            try folder.write("plan.yaml", text)
            return try Command(
                "python3", ["-B", "-c", validatorScript, folder.path("schema.json"), folder.path("plan.yaml")]
            )
            .run().status == 0
        }
        #expect(try isValid(fullPlan))
        #expect(try isValid(plan(fullPlan).value.yaml))
        for draft in DraftTests.drafts() { #expect(try isValid(draft.text)) }
        for lines in [
            "sftp: sftp://h/\nvia: ssh://h", "sftp: ftp://h/", "sftp: sftp://h/\nfiles: /srv", "exclude: [a]",
            "imap: imaps://info@h", "imap: imaps://info@h\npassword: hunter2", "ftp: ftp://h/\nconnections: 17",
            "ftp: ftp://h/\ntls: starttls", "mariadb: mariadb://h\ntls: implicit",
            "mariadb: mariadb://h\ntrust: {fingerprint: \"sha256:1\"}", "files: []",
            "files: /srv\nverdicts: {shrink: 120}", "command: [a]",
            "sftp: sftp://h/\nrestore: {sftp: sftp://h/, exclude: [a]}",
        ] {
            #expect(read(planText(source: lines)).plan == nil, "\(lines)")
            #expect(try !isValid(planText(source: lines)), "\(lines)")
        }
    }
}

/// Whether Python has the packages that the comparison needs.
private let hasValidator = (try? Command("python3", ["-c", "import jsonschema, yaml"]).run().status) == 0

private let validatorScript = """
    import json, sys, re, yaml, jsonschema
    schema = json.load(open(sys.argv[1]))
    # Python's re knows no classes of Unicode characters.
    schema["$defs"]["name"]["pattern"] = r"^\\w[\\w.-]{0,63}$"
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(open(sys.argv[2])))
    """

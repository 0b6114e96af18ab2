// No file, however made, hangs, exhausts or misleads the reader.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

@Suite("Bounds of a plan") struct BoundTests {
    @Test("aliases of aliases cannot grow beyond measure, as values or as keys", arguments: ["", "? *a29\n: 1\n"])
    func bomb(_ end: String) throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<30 {
            text += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1), ", count: 9) + "]\n"
        }
        let problems = read(text + end).problems
        #expect(problems.count == 1 && problems[0].message.contains("YAML aliases"), "\(problems)")
    }

    @Test("a few aliases are fine") func aliases() throws {
        let text = planText(source: "files: /srv\nexclude: &x [a, b]\nverdicts: {shrink: 1%}")
        let plan = try plan(text + "      - {name: two, files: /two, exclude: *x}\n")
        #expect(plan.systems[0].sources.map(\.name) == ["it", "two"])
        #expect(plan.systems[0].sources[1].kind == .files(FilesPlan(paths: ["/two"], excludes: ["a", "b"])))
    }

    @Test("deep nesting is refused", arguments: [20, 900, 5000]) func depth(_ depth: Int) {
        let text = "organisation: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let problems = read(text).problems
        #expect(problems.count == 1, "\(problems.prefix(3))")
    }

    @Test("so are a hundred thousand values") func width() {
        let text = "organisation: [" + String(repeating: "a,", count: 100_000) + "]"
        #expect(read(text).problems.first?.message.contains("too many values") == true)
    }

    @Test("a file of more than a mebibyte is refused, unread") func size() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("hikae.yaml", "# " + String(repeating: "x", count: 1 << 20))
        let error = try #require(throws: HikaeError.self) { try Plan.load(path) }
        #expect(error.code == .limit)
    }

    @Test("no more than a hundred mistakes are told") func many() {
        let keys = (0..<500).map { "unheard\($0): 1\n" }.joined()
        #expect(read(keys).problems.count == 100)
    }

    @Test(
        "what is no YAML, or not UTF-8, or no single document is told with its line",
        arguments: [
            ("organisation: A\n\tlanguage: ja\n", 2), ("organisation: A\nlanguage: [ja\nx: y\n", 3),
            ("a: 1\n---\nb: 2\n", 2),
            ("organisation: A\nvaults: *none\n", 2), ("a: 1\nb: 2\na: 3\n", 1),
            ("organisation: A: B\n", 1), ("a: \"\\q\"\n", 1), ("organisation: A\nb: \u{1}\n", 2),
        ])
    func syntax(_ text: String, _ line: Int) throws {
        let problem = try #require(read(text).problems.first)
        #expect(problem.place.line == line, "\(problem)")
    }

    @Test("what is not UTF-8 is told with its line, and a byte order mark does no harm") func encoding() {
        let latin = Plan.read(Array("organisation: A\n# ".utf8) + [0xE9, 0x0A], file: "p")
        #expect(latin.problems.first?.place.line == 2)
        #expect(read("\u{FEFF}" + planText(source: "files: /srv")).plan != nil)
        #expect(read(planText(source: "files: /srv").split(separator: "\n").joined(separator: "\r\n")).plan != nil)
    }

    @Test("an empty plan says how to begin", arguments: ["", "\n# nothing\n", "---\n", "~"]) func empty(_ text: String)
    {
        #expect(read(text).problems.first?.message.contains("hikae init") == true)
    }

    @Test("random damage never crashes the reader, and what is still read is shown as a plan that can be read")
    func damage() throws {
        var generator = SeededGenerator()
        let original = Array(fullPlan.utf8)
        for _ in 0..<400 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.insert("\n :-[]{}*&#'\"|>%".utf8.randomElement(using: &generator) ?? 0, at: index)
                }
            }
            let reading = Plan.read(bytes, file: "/etc/hikae/hikae.yaml", home: "/home/anna")
            #expect((reading.plan == nil) != reading.problems.isEmpty)
            if let plan = reading.plan {
                let again = Plan.read(Array(plan.value.yaml.utf8), file: "/etc/hikae/hikae.yaml", home: "/home/anna")
                #expect(again.problems.isEmpty, "seed \(generator.seed): \(again.problems) of \(plan.value.yaml)")
            }
        }
    }

    @Test("a plan that anybody can change is refused, since it names programs that are run") func permissions() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("hikae.yaml", planText(source: "files: /srv"), mode: 0o666)
        let error = try #require(throws: HikaeError.self) { try Plan.load(path) }
        #expect(error.code == .permission && error.hint?.contains("chmod o-w") == true)
    }

    @Test("a folder, a pipe and nothing at all are no plans", .timeLimit(.minutes(10))) func noFile() throws {
        let folder = try TemporaryDirectory()
        #expect(throws: HikaeError.self) { try Plan.load(folder.path) }
        try Command("mkfifo", [folder.path("pipe")]).succeed()
        #expect(throws: HikaeError.self) { try Plan.load(folder.path("pipe")) }
        let error = try #require(throws: HikaeError.self) { try Plan.load(folder.path("none.yaml")) }
        #expect(error.code == .notFound)
    }
}

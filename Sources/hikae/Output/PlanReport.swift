// What `hikae plan check` prints: a line for each thing that was looked at.

import HikaeCore
import HikaeFormat
import HikaePlan

/// The lines of a check, as they come.
struct PlanReport {
    let isJSON: Bool
    /// The plan's, once it is known.
    var words = PlanWords(language: .english)
    private(set) var failures = 0
    private var checks = 0

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// A mistake in the file.
    mutating func problem(_ problem: PlanProblem) {
        failures += 1
        checks += 1
        guard isJSON else { return Console.shared.print("✗ \(problem)") }
        Console.shared.printObject { json in
            json.member("message_type", "problem")
            json.member("file", problem.place.file)
            json.member("line", problem.place.line)
            json.member("column", problem.place.column)
            json.member("key", problem.place.key)
            json.member("message", problem.message)
        }
    }

    /// Something that is as it should be. Notes are worth knowing, and no failures.
    mutating func good(_ subject: String, _ name: String, _ what: String, notes: [String] = []) {
        checks += 1
        guard isJSON else {
            if Console.shared.verbosity > 0 {
                Console.shared.print("✓ \(words.subject(subject)) \(name): \(Words.safe(what))")
            }
            for note in notes { Console.shared.note("    \(Words.safe(note))") }
            return
        }
        Console.shared.printObject { json in
            json.member("message_type", "check")
            json.member("subject", subject)
            json.member("name", name)
            json.member("ok", true)
            json.member("message", what)
            json.key("notes")
            json.strings(notes)
        }
    }

    /// Something that works, and that somebody should think about; no failure.
    mutating func warning(_ subject: String, _ problem: PlanProblem) {
        guard isJSON else {
            return Console.shared.print(
                "! \(words.subject(subject)): \(lines(problem.message))\(words.line(problem.place.line))")
        }
        Console.shared.printObject { json in
            json.member("message_type", "warning")
            json.member("subject", subject)
            json.member("message", problem.message)
            json.member("line", problem.place.line)
            json.member("key", problem.place.key)
        }
    }

    /// Something that is not.
    mutating func bad(_ subject: String, _ name: String, _ place: PlanPlace, _ error: HikaeError) {
        failures += 1
        checks += 1
        guard isJSON else {
            Console.shared.print(
                "✗ \(words.subject(subject)) \(name): \(lines(error.message))\(words.line(place.line))")
            if let hint = error.hint { Console.shared.print("    \(lines(hint))") }
            return
        }
        Console.shared.printObject { json in
            json.member("message_type", "check")
            json.member("subject", subject)
            json.member("name", name)
            json.member("ok", false)
            json.member("error_code", error.code.rawValue)
            json.member("message", error.message)
            if let hint = error.hint { json.member("hint", hint) }
            json.member("line", place.line)
            json.member("key", place.key)
        }
    }

    /// The last line.
    func finish() {
        if isJSON {
            Console.shared.printObject { json in
                json.member("message_type", "summary")
                json.member("ok", failures == 0)
                json.member("checks", checks)
                json.member("failures", failures)
            }
        } else if failures > 0 {
            Console.shared.print(
                words.say("直すところが \(failures) 件あります。", "\(Words.count(failures, "thing")) to correct"))
        } else {
            Console.shared.note(words.say("すべて問題ありません。", "everything is in order"))
        }
    }

    /// Text of several lines, those after the first moved in.
    private func lines(_ text: String) -> String {
        text.split(separator: "\n").map { Words.safe(String($0)) }.joined(separator: "\n    ")
    }
}

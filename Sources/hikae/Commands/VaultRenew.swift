// `hikae vault renew`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeOperations
import HikaePlan
import HikaeRemote

struct VaultRenew: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Renew the locks of vaults in buckets, so that none lapses.",
        discussion: """
            A bucket with Object Lock refuses to delete a file until its lock ends. This looks at every file of every \
            vault that the plan locks (or of the one named with --repo) and sets each lock with less than half of its \
            time left anew. `hikae backup` by plan does the same at its end when it is due.

            Exit status: 1 when a vault could not be looked after, or locks end soon; 0 otherwise.

            EXAMPLES
              hikae vault renew
              hikae vault renew --check
              hikae vault renew -r s3:https://s3.example.com/vault \\
                -o s3.object-lock=compliance:60
            """)

    @Flag(help: "Only tell how the locks stand; exit status 1 when they end soon.")
    var check = false

    @Flag(help: "Do nothing where it was done a while ago only.")
    var due = false

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let round: LockRound
        var words = PlanWords(language: .english)
        if PlanSession.isMeant(plan, global) {
            let session = try PlanSession(plan, global)
            words = session.words
            round = session.lockRound
            if round.isEmpty {
                throw HikaeError(
                    .usage, "the plan locks no vault",
                    hint: "A vault in a bucket is locked with object-lock: {mode: …, days: …}.")
            }
        } else {
            round = try LockRound(try BucketPlace.store(global), name: "repository")
        }
        let outcomes = check ? round.look() : renew(round)
        for outcome in outcomes {
            if console.isJSON { LockOutput.printJSON(outcome) } else { LockOutput.print(outcome, words) }
        }
        return outcomes.allSatisfy(\.problems.isEmpty) ? .done : .failed
    }

    private func renew(_ round: LockRound) -> [LockOutcome] {
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "files", countsBytes: false))
        defer { display.stop() }
        return round.renew(onlyDue: due, progress: progress) { vault, error in
            ErrorDisplay.passing(error, during: "locks", item: vault)
        }
    }
}

/// How locks are told of.
enum LockOutput {
    static func print(_ outcome: LockOutcome, _ words: PlanWords) {
        let console = Console.shared
        var parts: [String] = []
        if let report = outcome.report {
            parts.append(
                words.say(
                    "ファイル \(report.files) 個を確認、ロック \(report.renewed) 個を延長",
                    "\(Words.count(report.files, "file")), \(Words.count(report.renewed, "lock")) renewed"))
        }
        if let until = outcome.standing?.until {
            parts.append(words.say("すべて \(TimeWords.minute(until)) まで有効", "all hold until \(TimeWords.minute(until))"))
        }
        if !parts.isEmpty { console.note("\(outcome.vault): " + parts.joined(separator: words.say("、", "; "))) }
        warn(outcome)
    }

    /// Only what somebody must be told.
    static func warn(_ outcome: LockOutcome) {
        for problem in outcome.problems { Console.shared.warn("\(outcome.vault): \(Words.safe(problem))") }
    }

    static func printJSON(_ outcome: LockOutcome) {
        Console.shared.printObject { json in
            json.member("message_type", "locks")
            json.member("vault", outcome.vault)
            if let report = outcome.report {
                json.member("files", report.files)
                json.member("renewed", report.renewed)
                json.member("removed", report.removed)
                json.member("overwritten", report.overwritten)
                json.member("failures", report.failures)
            }
            if let until = outcome.standing?.until {
                json.key("until")
                json.time(until)
            }
            json.member("overdue", outcome.standing?.isOverdue ?? true)
            json.key("problems")
            json.strings(outcome.problems)
        }
    }
}

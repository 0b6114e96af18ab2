// `hikae check`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeOperations
import HikaeRepository
import HikaeStore
import Synchronization

struct Check: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Check that the repository is whole, or every vault of a plan; mend what is not.",
        discussion: """
            Looks at every index, pack, tree and snapshot. The data itself is read, and compared with its checksums, \
            only with --read-data or --read-data-subset. What is damaged is named: the pack, the blob, and the files \
            of the snapshots that can no longer be restored.

            With a plan (hikae.yaml) and no repository named, every vault of the plan is checked. --scrub reads the \
            next part of each on every run, and begins anew when it has come to the end. --mend puts damaged, cut-off \
            and missing packs right at once: from the parity beside them, then from the plan's other vaults (or \
            --from-repo), and reads them again. A pack goes only when all that it held stands in others.

            Exit status: 0 when all that was checked is whole, mended or not; 1 otherwise.

            EXAMPLES
              hikae check
              hikae check --read-data
              hikae check --read-data-subset 2/7     # the second of seven parts
              hikae check --read-data-subset 10%
              hikae check --read-data-subset 50G
              hikae check --scrub 5% --mend          # every night: all in twenty days
            """)

    @Flag(help: "Read all data and verify it.")
    var readData = false

    @Option(help: .init("Read a part of the data: n/t, 10% or 50G.", valueName: "subset"))
    var readDataSubset: String?

    @Option(help: .init("Read the next so much: 5% or 20G, from where the last run stopped.", valueName: "share"))
    var scrub: String?

    @Flag(help: "Mend what is damaged, cut off or missing.")
    var mend = false

    // restic's: the check always goes to the repository itself, so there is nothing to choose.
    @Flag(help: .hidden) var withCache = false
    @Flag(help: .hidden) var checkUnused = false

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup(title: "A repository that may have what is lost") var from: FromOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        var options = CheckOptions()
        if readData {
            guard readDataSubset == nil else {
                throw HikaeError(.usage, "--read-data and --read-data-subset cannot be given together")
            }
            options.readData = .all
        } else if let readDataSubset {
            options.readData = try ReadSubset(readDataSubset)
        }
        if scrub != nil, readData || readDataSubset != nil {
            throw HikaeError(.usage, "--scrub chooses what is read: leave --read-data and --read-data-subset out")
        }
        if mend, global.noLock { throw HikaeError(.usage, "--mend needs a lock: leave --no-lock out") }
        var wanted = ScrubRun.Options(readData: options.readData, mends: mend)
        if let scrub { wanted.share = try ScrubShare(scrub) }
        if !RepositoryPlace(from).isGiven, PlanSession.isMeant(plan, global) {
            return try PlanScrub(session: try PlanSession(plan, global), options: wanted, takesNoLock: global.noLock)
                .run()
        }
        if mend || scrub != nil { return try scrubAlone(wanted) }
        if !global.noLock { console.note("create exclusive lock for repository") }
        return try Session.run(global, lock: .readingAlone) { session throws(HikaeError) in
            try check(session.repository, options)
        }
    }

    /// Scrubs the repository that was named, with what --from-repo names beside it.
    private func scrubAlone(_ options: ScrubRun.Options) throws(HikaeError) -> ExitStatus {
        let place = RepositoryPlace(from)
        let other = place.isGiven ? try Session.open(place, global) : nil
        guard let other else { return try scrub(options, others: []) }
        return try Session.run(other, global, lock: .reading) { open throws(HikaeError) in
            try open.loadIndex()
            return try scrub(options, others: [(other.store.location, open.repository)])
        }
    }

    private func scrub(_ options: ScrubRun.Options, others: [Scrub.Other]) throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: mend ? .exclusive : .readingAlone) { session throws(HikaeError) in
            let name = session.repository.store.location
            let run = ScrubRun(name: name, options: options, state: Journal.folder(beside: "./plan"))
            let outcome = try run.run(session.repository, others: { others })
            guard outcome.isWhole else { throw ScrubRun.error([name]) }
            return .done
        }
    }

    private func check(_ repository: Repository, _ options: CheckOptions) throws(HikaeError) -> ExitStatus {
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "items"))
        defer { display.stop() }
        let reasons = HintFlags()
        let report = try Checker(
            repository: repository, options: options, progress: progress, cancellation: Shutdown.cancellation,
            report: { finding in
                reasons.note(finding)
                show(finding)
            }, phase: { Console.shared.note($0) }
        ).run()
        display.stop()
        summarize(report, reasons)
        guard report.isSound else {
            throw HikaeError(
                .damaged, "the repository contains errors", hint: report.suggestions.joined(separator: "\n"))
        }
        return .done
    }

    private func show(_ finding: CheckFinding) {
        guard global.json else {
            if finding.severity == .error {
                console.warn("error: \(finding)")
            } else {
                console.note("\(finding)")
            }
            return
        }
        // A hint is no error: restic's JSON has none of it, the summary says what to run.
        guard finding.severity == .error else { return }
        var json = JSONWriter()
        json.beginObject()
        json.member("message_type", "error")
        json.member("message", finding.message)
        json.member("kind", finding.kind.rawValue)
        if let pack = finding.pack { json.member("pack", pack.hex) }
        if let blob = finding.blob { json.member("blob", blob.hex) }
        if let tree = finding.tree { json.member("tree", tree.hex) }
        if finding.pathCount > 0 {
            json.key("paths")
            json.strings(finding.paths)
            json.member("path_count", finding.pathCount)
        }
        json.endObject()
        console.warn(String(decoding: json.bytes, as: UTF8.self))
    }

    private func summarize(_ report: CheckReport, _ hints: HintFlags) {
        if global.json {
            console.printObject { json in
                json.member("message_type", "summary")
                json.member("num_errors", report.errors)
                json.key("broken_packs")
                if report.damagedPacks.isEmpty { json.null() } else { json.strings(report.damagedPacks.map(\.hex)) }
                json.member("suggest_repair_index", hints.wantsRepairIndex)
                json.member("suggest_prune", hints.wantsPrune)
                json.member("snapshots", report.snapshots)
                json.member("trees", report.trees)
                json.member("packs", report.packs)
                json.member("packs_read", report.packsRead)
                json.member("bytes_read", report.bytesRead)
            }
            return
        }
        console.detail(
            "checked \(Words.count(report.snapshots, "snapshot")), \(Words.count(report.trees, "tree")), "
                + "\(Words.count(report.packs, "pack"))")
        if report.packsRead > 0 {
            console.note("read \(Words.count(report.packsRead, "pack")), \(Words.size(report.bytesRead))")
        }
        if report.isSound {
            for suggestion in report.suggestions { console.note(suggestion) }
            console.note("no errors were found")
        }
    }
}

/// Which commands the findings ask for, as restic's summary tells it.
private final class HintFlags: Sendable {
    private let flags = Mutex((index: false, prune: false))

    func note(_ finding: CheckFinding) {
        flags.withLock { flags in
            switch finding.kind {
            case .duplicatePack, .index: flags.index = true
            case .mixedPack, .packOrphaned: flags.prune = true
            default: break
            }
        }
    }

    var wantsRepairIndex: Bool { flags.withLock { $0.index } }
    var wantsPrune: Bool { flags.withLock { $0.prune } }
}

// One scrub from the command line, and how it is told of: for `check` with --mend or --scrub, and for every vault of a plan.

import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeOperations
import HikaeRepository

/// One scrub of one repository.
struct ScrubRun {
    struct Options {
        var readData: ReadSubset
        var mends: Bool
        /// How much each run reads, from where the last one stopped; nil: what `readData` says.
        var share: ScrubShare?
    }

    /// The vault, as people call it.
    let name: String
    let options: Options
    /// The share of parity that it is to have.
    var parity: Double?
    /// This machine's memory.
    let state: String
    var cancellation = Shutdown.cancellation

    private var console: Console { .shared }

    /// Checks, mends, tells, and notes how far it came.
    func run(
        _ repository: Repository, others: () throws(HikaeError) -> [Scrub.Other]
    ) throws(HikaeError) -> ScrubOutcome {
        let place = ScrubPlace(repository: repository.config.id, state: state)
        var wanted = Scrub.Options()
        wanted.readData = options.share.map { .next($0, after: place.load()) } ?? options.readData
        (wanted.mends, wanted.parity) = (options.mends, parity)
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "items"))
        defer { display.stop() }
        let name = name
        let outcome = try Scrub(
            repository, options: wanted, progress: progress, cancellation: cancellation,
            report: { finding in
                guard finding.severity == .error else { return }
                var error = HikaeError(.damaged, "\(name): \(finding)")
                if Console.shared.isJSON { error.message = "\(name): \(finding.message)" }
                ErrorDisplay.passing(error, during: "check", item: name)
            }, phase: { Console.shared.detail("\(name): \($0)") }
        ).run(others: others)
        display.stop()
        if options.share != nil {
            do throws(HikaeError) {
                try place.save(outcome.report.reachedEnd ? nil : outcome.report.chosenPacks.last)
            } catch {
                console.warn("\(error.message); set HIKAE_STATE to a folder that can be written to")
            }
        }
        if console.isJSON { describe(outcome) } else { tell(outcome) }
        return outcome
    }

    /// What a check ends with when something is not whole.
    static func error(_ names: [String]) -> HikaeError {
        HikaeError(
            .damaged, "not whole: \(names.joined(separator: ", "))",
            hint: "Nothing was removed. Bring a vault that has what is lost, and run `hikae check --mend` again.")
    }

    // MARK: Telling

    private func tell(_ outcome: ScrubOutcome) {
        let report = outcome.report
        for trouble in outcome.troubles { console.warn("\(name): \(trouble)") }
        if !outcome.mendedByParity.isEmpty {
            console.note("\(name): mended by parity: \(Words.count(outcome.mendedByParity.count, "pack"))")
        }
        if !outcome.mendedInPlace.isEmpty {
            let packs = Words.count(outcome.mendedInPlace.count, "pack")
            console.note("\(name): mended byte for byte with what another vault has: \(packs)")
        }
        for pack in outcome.outlived {
            console.warn(
                "\(name): pack \(pack.hex) is damaged and stays, for nobody may remove it there; all that it held stands "
                    + "whole in other packs, and every capture can be restored")
        }
        if !outcome.mendedByContent.isEmpty {
            console.note(
                "\(name): replaced \(Words.count(outcome.mendedByContent.count, "pack")), "
                    + "\(Words.count(outcome.rescued, "blob")) from elsewhere")
        }
        if !outcome.renewedParity.isEmpty {
            console.note("\(name): made parity anew for \(Words.count(outcome.renewedParity.count, "pack"))")
        }
        for pack in Set(outcome.damagedParity).subtracting(outcome.renewedParity).sorted() {
            console.warn("\(name): the parity of pack \(pack.hex) is damaged")
        }
        for broken in outcome.broken { tell(broken) }
        if options.mends { for finding in outcome.others { console.warn("\(name): \(finding)") } }
        let read = "\(Words.count(report.packsRead, "pack")), \(Words.size(report.bytesRead)) read"
        let whole = outcome.isWhole ? "no errors were found" : "not whole"
        console.note(
            "\(name): \(options.mends && !outcome.damaged.isEmpty && outcome.isWhole ? "whole again" : whole); \(read)")
    }

    private func tell(_ broken: ScrubOutcome.Broken) {
        console.warn("\(name): pack \(broken.pack.hex) is not whole")
        if options.mends { for reason in broken.reasons.suffix(1) { console.warn("  \(reason)") } }
        for snapshot in broken.snapshots { console.warn("  needed by \(Self.title(snapshot))") }
    }

    /// "shop/site 2026-11-28 13:00 (1a2b3c4d)"
    private static func title(_ snapshot: NamedSnapshot) -> String {
        let name = Self.source(of: snapshot).map { "\($0.system)/\($0.source)" }
        let place = name ?? snapshot.snapshot.paths.joined(separator: ", ")
        return "\(Words.safe(place)) \(TimeWords.minute(snapshot.snapshot.time)) (\(snapshot.id.short))"
    }

    /// Whose capture or decision it is; nil for a snapshot that no plan made.
    private static func source(of snapshot: NamedSnapshot) -> SourceName? {
        CaptureEntry(snapshot)?.name ?? DecisionEntry(snapshot)?.name
    }

    private func describe(_ outcome: ScrubOutcome) {
        for trouble in outcome.troubles { ErrorDisplay.passing(trouble, during: "check", item: name) }
        console.printObject { json in
            json.member("message_type", "vault")
            json.member("vault", name)
            json.member("whole", outcome.isWhole)
            json.member("num_errors", outcome.report.errors)
            json.member("packs", outcome.report.packs)
            json.member("packs_read", outcome.report.packsRead)
            json.member("bytes_read", outcome.report.bytesRead)
            if options.share != nil { json.member("round_complete", outcome.report.reachedEnd) }
            json.key("packs_damaged")
            json.strings(outcome.damaged.map(\.hex))
            json.key("mended_by_parity")
            json.strings(outcome.mendedByParity.map(\.hex))
            json.key("mended_in_place")
            json.strings(outcome.mendedInPlace.map(\.hex))
            json.key("outlived")
            json.strings(outcome.outlived.map(\.hex))
            json.key("mended_from_elsewhere")
            json.strings(outcome.mendedByContent.map(\.hex))
            json.member("blobs_rescued", outcome.rescued)
            json.key("parity_damaged")
            json.strings(outcome.damagedParity.map(\.hex))
            json.key("parity_renewed")
            json.strings(outcome.renewedParity.map(\.hex))
            json.key("broken")
            json.beginArray()
            for broken in outcome.broken { Self.describe(broken, &json) }
            json.endArray()
            json.key("other_errors")
            json.strings(outcome.others.map(\.message))
        }
    }

    private static func describe(_ broken: ScrubOutcome.Broken, _ json: inout JSONWriter) {
        json.beginObject()
        json.member("pack", broken.pack.hex)
        json.key("reasons")
        json.strings(broken.reasons)
        json.key("snapshots")
        json.beginArray()
        for snapshot in broken.snapshots {
            json.beginObject()
            json.member("snapshot_id", snapshot.id.hex)
            if let name = source(of: snapshot) {
                json.member("system", name.system)
                json.member("source", name.source)
            }
            json.key("time")
            json.time(snapshot.snapshot.time)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}

// `hikae restore` by a plan: which captures, where to, how.

import HikaeCore
import HikaeDestination
import HikaeGuard
import HikaeOperations
import HikaePlan

extension Restore {
    /// Puts back the plan's sources that are named, or all.
    func restoreByPlan() throws(HikaeError) -> ExitStatus {
        try checkOptions()
        let session = try PlanSession(plan, global)
        let time: Timestamp? = if let text = byPlan.at { try TypedTime.parse(text, "--at") } else { nil }
        let goneSince: Timestamp? =
            if let text = byPlan.goneSince { try TypedTime.parse(text, "--gone-since") } else { nil }
        let place = try place()
        return try PlanVaults.run(session, global) { vaults throws(HikaeError) in
            var missing = 0
            let mixing =
                byPlan.isMixed
                ? GenerationChoice(vaults, goneSince: goneSince, at: time, cancellation: Shutdown.cancellation) : nil
            let steps = try ReturnPlanner(session.plan, CaptureChooser(vaults), mixing: mixing).steps(
                what, to: place, at: time
            ) { name, error in
                missing += 1
                ErrorDisplay.passing(error, during: "restore", item: name.description)
                if let hint = error.hint, !global.json { console.warn(hint) }
            }
            var options = CompanyReturn.Options()
            options.isDryRun = dryRun
            options.verifies = !byPlan.noVerify
            options.destination.onlyMissing = byPlan.onlyMissing
            options.destination.replaces = byPlan.replace
            return try ReturnRun(steps: steps, options: options, missing: missing, words: session.words).run()
        }
    }

    private func checkOptions() throws(HikaeError) {
        guard target == nil else {
            throw HikaeError(
                .usage, "--target is for one snapshot; by a plan it is --to FOLDER or --to-plan PLAN",
                hint: "Leave out the one or the other.")
        }
        if byPlan.all, !what.isEmpty { throw HikaeError(.usage, "--all and names of systems cannot be given together") }
        if what.isEmpty, !byPlan.all {
            throw HikaeError(
                .usage, "nothing to restore was named", hint: "Name systems, or sources as SYSTEM/SOURCE, or say --all."
            )
        }
        if byPlan.to != nil, byPlan.toPlan != nil {
            throw HikaeError(.usage, "--to and --to-plan cannot be given together")
        }
        if byPlan.onlyMissing, byPlan.replace {
            throw HikaeError(.usage, "--only-missing and --replace cannot be given together")
        }
    }

    private func place() throws(HikaeError) -> ReturnPlace {
        if let folder = byPlan.to {
            guard !folder.isEmpty else { throw HikaeError(.usage, "--to names no folder") }
            return .folder(try ArgumentBytes.requireText(folder, "the folder to restore into"))
        }
        if let other = byPlan.toPlan { return .plan(try Plan.load(other)) }
        return .ownPlaces
    }
}

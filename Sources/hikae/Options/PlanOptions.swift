// Which plan is meant.

import ArgumentParser
import HikaeCore
import HikaePlan

/// The options of commands that work on a plan.
struct PlanOptions: ParsableArguments {
    @Option(
        help: .init(
            "The plan. Else HIKAE_PLAN, ./hikae.yaml, ~/.config/hikae/hikae.yaml, /etc/hikae/hikae.yaml.",
            valueName: "file"))
    var plan: String?

    /// The plan's file. Throws `.notFound` when there is none.
    func path() throws(HikaeError) -> String {
        let path = try PlanLocation.require(option: plan)
        return try ArgumentBytes.requireText(path, "the plan's path")
    }

    /// The plan. Throws `.usage` with every mistake in it.
    func load() throws(HikaeError) -> Plan { try Plan.load(try path()) }
}

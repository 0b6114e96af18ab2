// The options of a restore by a plan.

import ArgumentParser

/// Where a plan's sources are put back to, and how.
struct ReturnOptionGroup: ParsableArguments {
    @Option(
        help: .init("Restore a plan's sources into this folder, each as SYSTEM/SOURCE in it.", valueName: "folder"))
    var to: String?

    @Option(
        help: .init(
            "Restore to another provider: to where this plan's sources of the same names are.", valueName: "plan"))
    var toPlan: String?

    @Flag(help: "Every source of the plan.")
    var all = false

    @Option(help: .init("As it was at this time: the last good capture until then.", valueName: "time"))
    var at: String?

    @Flag(
        help: """
            Each file in its last good generation: where its bytes changed though size and date did not, an older one. \
            See `hikae generations`.
            """)
    var mixed = false

    @Option(
        help: .init(
            "With --mixed (which it implies): files that went after this time come back, too.", valueName: "time"))
    var goneSince: String?

    @Flag(help: "Write only what the destination lacks; what is there stays as it is.")
    var onlyMissing = false

    @Flag(help: "Replace what is there and differs; a database that is not empty is emptied first.")
    var replace = false

    @Flag(help: "Do not compare with the capture afterwards.")
    var noVerify = false

    /// Whether generations are mixed.
    var isMixed: Bool { mixed || goneSince != nil }

    /// Whether any of these was given: a restore by a plan is meant.
    var isGiven: Bool {
        to != nil || toPlan != nil || all || at != nil || onlyMissing || replace || noVerify || isMixed
    }
}

// The --keep options of `forget`: restic's letters, restic's counting.

import ArgumentParser
import HikaeCore
import HikaeRepository

/// The policy's options.
struct KeepOptions: ParsableArguments {
    @Option(
        name: [.customShort("l", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("The last n snapshots; `unlimited` for all.", valueName: "n"))
    var keepLast: KeepCount?

    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("The last of each of the last n hours that have one.", valueName: "n"))
    var keepHourly: KeepCount?

    @Option(
        name: [.customShort("d", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("… of n days.", valueName: "n"))
    var keepDaily: KeepCount?

    @Option(
        name: [.customShort("w", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("… of n weeks.", valueName: "n"))
    var keepWeekly: KeepCount?

    @Option(
        name: [.customShort("m", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("… of n months.", valueName: "n"))
    var keepMonthly: KeepCount?

    @Option(
        name: [.customShort("y", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("… of n years.", valueName: "n"))
    var keepYearly: KeepCount?

    @Option(help: .init("All of this time before the newest: 1y5m7d2h.", valueName: "duration"))
    var keepWithin: String?

    @Option(help: .init("The last of each hour of this time before the newest.", valueName: "duration"))
    var keepWithinHourly: String?

    @Option(help: .init("… of each day.", valueName: "duration"))
    var keepWithinDaily: String?

    @Option(help: .init("… of each week.", valueName: "duration"))
    var keepWithinWeekly: String?

    @Option(help: .init("… of each month.", valueName: "duration"))
    var keepWithinMonthly: String?

    @Option(help: .init("… of each year.", valueName: "duration"))
    var keepWithinYearly: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Those with all these tags. May be repeated.", valueName: "tag,tag"))
    var keepTag: [String] = []

    /// The options as the engine takes them.
    func policy() throws(HikaeError) -> ForgetPolicy {
        var policy = ForgetPolicy()
        policy.last = keepLast?.number ?? 0
        policy.hourly = keepHourly?.number ?? 0
        policy.daily = keepDaily?.number ?? 0
        policy.weekly = keepWeekly?.number ?? 0
        policy.monthly = keepMonthly?.number ?? 0
        policy.yearly = keepYearly?.number ?? 0
        policy.within = try duration(keepWithin)
        policy.withinHourly = try duration(keepWithinHourly)
        policy.withinDaily = try duration(keepWithinDaily)
        policy.withinWeekly = try duration(keepWithinWeekly)
        policy.withinMonthly = try duration(keepWithinMonthly)
        policy.withinYearly = try duration(keepWithinYearly)
        policy.tags = keepTag.map { TagList($0) }
        try policy.validate()
        return policy
    }

    private func duration(_ text: String?) throws(HikaeError) -> CalendarDuration {
        guard let text else { return CalendarDuration() }
        return try CalendarDuration(text)
    }
}

/// A number of snapshots, `unlimited` being -1 as in restic.
struct KeepCount: ExpressibleByArgument {
    var number: Int

    init?(argument: String) {
        guard let number = argument == "unlimited" ? -1 : Int(argument) else { return nil }
        self.number = number
    }
}

// Which snapshots are meant: by host, tag and path. One group for commands on many, one for commands on a single one.

import ArgumentParser
import HikaeRepository

/// Filters for commands that work on many snapshots.
struct SnapshotFilterOptions: ParsableArguments {
    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: .init("Only snapshots of this host. May be repeated. [HIKAE_HOST]", valueName: "host"))
    var host: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Only snapshots with all these tags. May be repeated: any of the lists.", valueName: "tag,tag"))
    var tag: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Only snapshots of this path. May be repeated: all of them.", valueName: "path"))
    var path: [String] = []

    /// The filter that the options and the environment make.
    var filter: SnapshotFilter { snapshotFilter(hosts: host, tags: tag, paths: path) }
}

/// The same without `-H`, for `forget`, where restic's `-H` is `--keep-hourly`.
struct ForgetFilterOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Only snapshots of this host. May be repeated. [HIKAE_HOST]", valueName: "host"))
    var host: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Only snapshots with all these tags. May be repeated: any of the lists.", valueName: "tag,tag"))
    var tag: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Only snapshots of this path. May be repeated: all of them.", valueName: "path"))
    var path: [String] = []

    /// The filter that the options and the environment make.
    var filter: SnapshotFilter { snapshotFilter(hosts: host, tags: tag, paths: path) }
}

/// Filters for commands on one snapshot: they choose what `latest` means.
struct LatestOptions: ParsableArguments {
    @Option(
        name: [.customShort("H", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: .init("`latest` is of this host. May be repeated. [HIKAE_HOST]", valueName: "host"))
    var host: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("`latest` has all these tags. May be repeated: any of the lists.", valueName: "tag,tag"))
    var tag: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("`latest` is of this path. May be repeated: all of them.", valueName: "path"))
    var path: [String] = []

    /// The filter that the options and the environment make.
    var filter: SnapshotFilter { snapshotFilter(hosts: host, tags: tag, paths: path) }
}

private func snapshotFilter(hosts: [String], tags: [String], paths: [String]) -> SnapshotFilter {
    // As with restic, `--host ''` undoes a host set in the environment.
    let named = hosts.isEmpty ? (Environment.value("HOST").map { [$0] } ?? []) : hosts.filter { !$0.isEmpty }
    return SnapshotFilter(hosts: named, tags: tags.map { TagList($0) }, paths: paths)
}

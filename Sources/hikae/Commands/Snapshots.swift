// `hikae snapshots`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

struct Snapshots: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "List the snapshots.",
        discussion: """
            EXAMPLES
              hikae snapshots
              hikae snapshots --latest 1
              hikae snapshots --host shop --tag daily,web
              hikae snapshots --group-by host,paths --compact
            """)

    @Argument(help: .init("Only these, by ID or its beginning.", valueName: "snapshot"))
    var snapshots: [String] = []

    @Flag(name: .shortAndLong, help: "Leave out the paths.")
    var compact = false

    @Option(help: .init("Only the last n of each host and path.", valueName: "n"))
    var latest = 0

    // restic's older spelling of `--latest 1`.
    @Flag(help: .hidden) var last = false

    @Option(
        name: [.customShort("g", allowingJoined: true), .long], parsing: .unconditional,
        help: .init("Group by host, paths and tags, separated by commas.", valueName: "keys"))
    var groupBy = ""

    @OptionGroup(title: "Which snapshots") var selection: SnapshotFilterOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let grouping = try SnapshotGrouping(groupBy)
        var status = ExitStatus.done
        try Session.run(global, lock: .reading) { session throws(HikaeError) in
            let entries = try session.repository.selectSnapshots(snapshots, selection.filter) { id, error in
                console.warn("snapshot \(id.short) cannot be read: \(error.message)")
                status = .failed
            }
            show(entries, grouping)
        }
        return status
    }

    private func show(_ entries: [NamedSnapshot], _ grouping: SnapshotGrouping) {
        guard grouping.isGrouping else {
            let shown = latestOnly(entries, byKey: true)
            if global.json {
                console.printJSON { SnapshotDisplay.json(shown, emptyIsArray: true, into: &$0) }
            } else {
                for line in SnapshotDisplay.table(shown, isCompact: compact) { console.print(line) }
            }
            return
        }
        let groups = grouping.groups(entries)
        if global.json {
            console.printJSON { json in
                json.beginArray()
                for group in groups {
                    json.beginObject()
                    json.key("group_key")
                    json.beginObject()
                    SnapshotDisplay.json(group.key, grouping, into: &json)
                    json.endObject()
                    json.key("snapshots")
                    SnapshotDisplay.json(latestOnly(group.snapshots, byKey: false), emptyIsArray: true, into: &json)
                    json.endObject()
                }
                json.endArray()
            }
            return
        }
        for group in groups {
            if let heading = SnapshotDisplay.heading(group.key, grouping) { console.print(heading) }
            let shown = latestOnly(group.snapshots, byKey: false)
            for line in SnapshotDisplay.table(shown, isCompact: compact) { console.print(line) }
        }
    }

    /// The last `--latest` snapshots, oldest first: of each host and paths, or of the list as a whole.
    private func latestOnly(_ entries: [NamedSnapshot], byKey: Bool) -> [NamedSnapshot] {
        let limit = latest > 0 ? latest : last ? 1 : 0
        let sorted = entries.sorted { ($0.snapshot.time, $0.id) < ($1.snapshot.time, $1.id) }
        guard limit > 0 else { return sorted }
        guard byKey else { return sorted.suffix(limit) }
        var seen: [[String]: Int] = [:]
        var kept: [NamedSnapshot] = []
        for entry in sorted.reversed() {
            let key = [entry.snapshot.hostname] + entry.snapshot.paths.sorted()
            seen[key, default: 0] += 1
            if seen[key, default: 0] <= limit { kept.append(entry) }
        }
        return kept.reversed()
    }
}

// `hikae find`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource

struct Find: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Find files by name, or where a blob, tree or pack is used.",
        discussion: """
            Patterns are those of --exclude: `*.sql`, `/home/*/mail`, `**/invoice-2026-*`. Newest snapshots come first.

            EXAMPLES
              hikae find invoice-0417.pdf
              hikae find -l --oldest 2026-11-01 --newest '2026-11-20 18:00' '*.sql'
              hikae find --snapshot latest --ignore-case '*.JPG'
              hikae find --blob 420f620f --show-pack-id
              hikae find --pack 025c1d06
            """)

    @Argument(
        help: .init(
            "Names to look for; with --blob, --tree or --pack, IDs or beginnings of them.", valueName: "pattern"))
    var patterns: [String]

    @Option(
        name: [.customShort("O", allowingJoined: true), .long],
        help: .init("Only what was changed at this time or later.", valueName: "time"))
    var oldest: String?

    @Option(
        name: [.customShort("N", allowingJoined: true), .long],
        help: .init("Only what was changed at this time or before.", valueName: "time"))
    var newest: String?

    @Option(
        name: [.customShort("s", allowingJoined: true), .long],
        help: .init("Only this snapshot, by ID or `latest`. May be repeated.", valueName: "snapshot"))
    var snapshot: [String] = []

    @Flag(help: "The patterns are IDs of data blobs.") var blob = false
    @Flag(help: "The patterns are IDs of trees.") var tree = false
    @Flag(help: "The patterns are IDs of packs: show the files that need them.") var pack = false
    @Flag(help: "Show which pack the blobs or trees stand in.") var showPackId = false
    @Flag(name: .shortAndLong, help: "Do not heed upper and lower case.") var ignoreCase = false
    @Flag(name: [.customShort("R"), .long], help: "Show the oldest snapshot first.") var reverse = false
    @Flag(name: .shortAndLong, help: "Show mode, owner, size and time.") var long = false
    @Flag(help: "Show sizes as 1.5 KiB instead of bytes.") var humanReadable = false

    @OptionGroup(title: "Which snapshots") var selection: SnapshotFilterOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        guard [blob, tree, pack].count(where: { $0 }) <= 1 else {
            throw HikaeError(.usage, "only one of --blob, --tree and --pack can be given")
        }
        let oldest = try oldest.map { text throws(HikaeError) in try TypedTime.parse(text, "--oldest") }
        let newest = try newest.map { text throws(HikaeError) in try TypedTime.parse(text, "--newest") }
        if let oldest, let newest, oldest > newest {
            throw HikaeError(.usage, "--oldest must be a time before --newest")
        }
        var troubles = 0
        try Session.run(global, lock: .reading) { session throws(HikaeError) in
            let repository = session.repository
            let chosen = try repository.selectSnapshots(snapshot, selection.filter)
            try session.loadIndex()
            var output = FindOutput(isJSON: global.json, isLong: long, isHuman: humanReadable)
            let ordered = reverse ? chosen : chosen.reversed()
            if blob || tree || pack {
                try findIDs(repository, ordered, &output)
            } else {
                let filter = try compiledFilter()
                for entry in ordered {
                    try find(repository, entry, filter, oldest, newest, &output)
                }
            }
            output.finish()
            troubles = output.troubles
        }
        return troubles > 0 ? .failed : .done
    }

    private func compiledFilter() throws(HikaeError) -> PathFilter {
        let bytes = patterns.map { ArgumentBytes.bytes($0) }
        return try PathFilter(bytes: ignoreCase ? [] : bytes, ignoringCase: ignoreCase ? bytes : [])
    }

    private func find(
        _ repository: Repository, _ entry: NamedSnapshot, _ filter: PathFilter, _ oldest: Timestamp?,
        _ newest: Timestamp?, _ output: inout FindOutput
    ) throws(HikaeError) {
        var found = output
        let walk = TreeWalk(repository: repository) { found.unreadable($0, entry.id, $1) }
        try walk.walk(entry.snapshot.tree) { path, node, _ throws(HikaeError) in
            let verdict = filter.verdict(path: path)
            let isOutside =
                oldest.map { node.mtime < $0 } ?? false || newest.map { node.mtime > $0 } ?? false
            if verdict.matches, !isOutside { found.match(node, path, entry) }
            // What is below a match matches too, so a directory that matches is gone into.
            return verdict.matches || verdict.mayMatchBelow ? .descend : .skip
        }
        output = found
    }

    private func findIDs(
        _ repository: Repository, _ entries: [NamedSnapshot], _ output: inout FindOutput
    ) throws(HikaeError) {
        let wanted = pack ? try blobs(ofPacks: repository) : WantedBlobs(patterns, isTree: tree)
        var found = output
        for entry in entries {
            let walk = TreeWalk(repository: repository) { found.unreadable($0, entry.id, $1) }
            if wanted.has(entry.snapshot.tree, .tree) {
                found.object("tree", entry.snapshot.tree, [UInt8(ascii: "/")], nil, entry)
            }
            try walk.walk(entry.snapshot.tree) { path, node, parent throws(HikaeError) in
                if let subtree = node.subtree, node.kind == .dir, wanted.has(subtree, .tree) {
                    found.object("tree", subtree, path, nil, entry)
                }
                if node.kind == .file, wanted.wantsData {
                    for id in node.content ?? [] where wanted.has(id, .data) {
                        found.object("blob", id, path, parent, entry)
                    }
                }
                return .descend
            }
        }
        if showPackId { found.showPacks(repository.index) }
        output = found
    }

    /// The blobs that the packs named hold, as the index says.
    private func blobs(ofPacks repository: Repository) throws(HikaeError) -> WantedBlobs {
        let packs = repository.index.packs
        var chosen: Set<Int> = []
        for pattern in patterns {
            let matches = packs.indices.filter { packs[$0].hex.hasPrefix(pattern.lowercased()) }
            guard !matches.isEmpty else { throw HikaeError(.notFound, "the index has no pack \(Words.safe(pattern))") }
            chosen.formUnion(matches)
        }
        var wanted = WantedBlobs([], isTree: false)
        try repository.index.forEachEntry { _, pack, blob throws(HikaeError) in
            if chosen.contains(pack) { wanted.insert(blob.id, blob.type) }
        }
        return wanted
    }
}

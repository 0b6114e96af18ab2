// The real restic as judge of what maintenance leaves, cut short or not, and of what a policy keeps.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("By the real restic", .enabled(if: Command.path(of: "restic") != nil))
struct RealResticTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// Runs restic on a repository in the test's folder.
    @discardableResult
    private func restic(_ name: String, _ arguments: [String]) throws -> Command.Outcome {
        var command = Command("restic", ["--no-cache", "-r", folder.path(name)] + arguments)
        command.environment = ["RESTIC_PASSWORD": String(decoding: Scene.password, as: UTF8.self)]
        return try command.run()
    }

    /// Writes what a store in memory holds to a folder.
    private func materialize(_ store: MemoryStore, _ name: String) throws -> LocalStore {
        let local = LocalStore(path: folder.path(name))
        try local.create()
        for (file, content) in store.files where file != .config { try local.save(file, content) }
        if let config = store.files[.config] { try local.save(.config, config) }
        try local.flush()
        return local
    }

    private func expectSound(_ store: MemoryStore, _ name: String) throws {
        _ = try materialize(store, name)
        let outcome = try restic(name, ["check", "--read-data"])
        #expect(outcome.status == 0, "\(name): \(outcome.text) \(outcome.errorText)")
        Files.removeAll(folder.path(name))
    }

    private func prune(_ store: any ObjectStore) throws {
        let repository = try Repository.open(
            store, password: Scene.password, options: SmallRepository.options(packSize: 2500))
        let forgetter = Forgetter(repository: repository)
        var policy = ForgetPolicy()
        policy.last = 1
        try forgetter.execute(
            forgetter.plan(filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: policy))
        var options = PruneOptions()
        options.maxUnused = .percent(0)
        options.threads = 1
        let pruner = Pruner(repository: repository, options: options)
        try pruner.execute(try pruner.plan())
    }

    @Test("a repository is whole wherever forget and prune were cut")
    func cutPrune() throws {
        let small = try SmallRepository(packSize: 2500)
        let kept: FileTree = ["a": TestBytes.noise(3000, seed: 1), "d/b": TestBytes.text(2000, seed: 2)]
        try small.save(kept.merging(["gone": TestBytes.noise(4000, seed: 3)]) { $1 }, at: 1_340_000_000)
        try small.save(kept, at: 1_340_000_100)
        var cut = 0
        var wasCut = true
        while wasCut {
            let left = small.store.copy()
            let plan = FaultPlan.dying(at: cut, of: StoreCall.changing)
            _ = try? prune(FaultyStore(left, plan: plan))
            wasCut = plan.isDead
            try expectSound(left, "cut-\(cut)")
            cut += 1
        }
        #expect(cut > 8)
    }

    @Test("a repository is whole wherever a copy was cut")
    func cutCopy() throws {
        let source = try SmallRepository(packSize: 2500)
        let snapshot = try source.save(["a": TestBytes.noise(5000, seed: 1), "d/b": TestBytes.text(2000, seed: 2)])
        let target = try SmallRepository(packSize: 2500)
        try target.save(["own": TestBytes.noise(900, seed: 12)])
        var cut = 0
        var wasCut = true
        while wasCut {
            let left = target.store.copy()
            let plan = FaultPlan.dying(at: cut, of: StoreCall.changing)
            let repository = try Repository.open(
                FaultyStore(left, plan: plan), password: Scene.password,
                options: SmallRepository.options(packSize: 2500))
            try repository.loadIndex()
            _ = try? Copier(from: source.repository, to: repository).copy([snapshot])
            wasCut = plan.isDead
            try expectSound(left, "copy-\(cut)")
            cut += 1
        }
        #expect(cut > 3)
    }

    @Test("what repair leaves is whole and restores")
    func repair() throws {
        let small = try SmallRepository(packSize: 2500)
        let files: FileTree = ["a": TestBytes.noise(3000, seed: 1), "d/b": TestBytes.text(2000, seed: 2)]
        try small.save(files)
        // One damaged blob, one destroyed header, no index.
        let packs = try small.store.list(.pack).map(\.id).sorted()
        for (number, pack) in packs.prefix(2).enumerated() {
            var bytes = try small.store.load(StoredFile(.pack, pack))
            bytes[number == 0 ? 40 : bytes.count - 10] ^= 1
            small.store.damage(StoredFile(.pack, pack), with: bytes)
        }
        let repairer = Repairer(repository: small.repository)
        _ = try repairer.repairIndex(readAllPacks: true)
        let report = try Findings.check(small.store).report
        _ = try repairer.repairPacks(report.damagedPacks)
        _ = try repairer.repairSnapshots(try small.repository.snapshots(), forget: true)
        try expectSound(small.store, "repaired")
    }

    @Test("snapshots that a policy keeps are those that restic 0.14 keeps, with its reasons")
    func policies() throws {
        var generator = SeededGenerator()
        let small = try SmallRepository()
        let first = try small.save(["f": [1]], at: 1)
        try small.repository.removeFile(.snapshot, first.id)
        for _ in 0..<150 {
            var snapshot = first.snapshot
            let zone = Int32.random(in: -12...12, using: &generator) * 3600
            snapshot.time = Timestamp(
                seconds: 1_600_000_000 - Int64.random(in: 0..<90_000_000, using: &generator),
                nanoseconds: Int32.random(in: 0..<1_000_000_000, using: &generator), offset: zone)
            // Some close together, so that hours and days have several.
            if Bool.random(using: &generator) { snapshot.time.seconds = 1_599_900_000 + snapshot.time.seconds % 90_000 }
            snapshot.hostname = ["shop", "mail"].randomElement(using: &generator) ?? ""
            snapshot.paths = ["/data", "/\(Int.random(in: 0..<2, using: &generator))"]
            snapshot.tags = Array(
                ["a", "b", "c"].shuffled(using: &generator).prefix(Int.random(in: 0..<3, using: &generator)))
            _ = try small.repository.save(snapshot)
        }
        _ = try materialize(small.store, "policy")
        let cases: [([String], String, (inout ForgetPolicy) throws -> Void)] = [
            (["--keep-last", "5", "--keep-hourly", "7"], "host,paths", { ($0.last, $0.hourly) = (5, 7) }),
            (
                ["--keep-daily", "6", "--keep-weekly", "20", "--keep-monthly", "9", "--keep-yearly", "3"], "host",
                { ($0.daily, $0.weekly, $0.monthly, $0.yearly) = (6, 20, 9, 3) }
            ),
            (
                ["--keep-within", "1m3d", "--keep-within-weekly", "1y", "--keep-within-monthly", "2y5h"], "",
                {
                    $0.within = try CalendarDuration("1m3d")
                    $0.withinWeekly = try CalendarDuration("1y")
                    $0.withinMonthly = try CalendarDuration("2y5h")
                }
            ),
            (
                ["--keep-tag", "a,b", "--keep-tag", "c", "--keep-within-daily", "7d", "--keep-within-hourly", "9h"],
                "paths,tags",
                {
                    $0.tags = [TagList("a,b"), TagList("c")]
                    $0.withinDaily = try CalendarDuration("7d")
                    $0.withinHourly = try CalendarDuration("9h")
                }
            ),
        ]
        for (arguments, grouping, set) in cases {
            let outcome = try restic(
                "policy", ["forget", "--dry-run", "--json", "--no-lock", "--group-by", grouping] + arguments)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            var policy = ForgetPolicy()
            policy.keepsOldest = false
            try set(&policy)
            let plan = try Forgetter(repository: small.repository).plan(
                filter: SnapshotFilter(), grouping: SnapshotGrouping(grouping), policy: policy, allowRemoveAll: true)
            // restic lists what it removes group by group as "remove":[…,{…"id":"…"}]; "reasons" names those it keeps.
            let removed = Set(plan.removals.map(\.hex))
            #expect(!removed.isEmpty)
            #expect(removedIDs(outcome.text) == removed, "\(arguments)")
            let reasons = plan.groups.flatMap { $0.kept.flatMap(\.reasons) }.sorted()
            #expect(keptReasons(outcome.text) == reasons, "\(arguments)")
        }
    }

    /// The IDs in the "remove" lists of restic's JSON.
    private func removedIDs(_ json: String) -> Set<String> {
        var ids: Set<String> = []
        for part in json.components(after: "\"remove\":[") {
            let list = part.components(before: "],\"reasons\"")
            for item in list.components(after: "\"id\":\"") { ids.insert(String(item.prefix(64))) }
        }
        return ids
    }

    /// All strings in the "matches" lists of restic's JSON, sorted.
    private func keptReasons(_ json: String) -> [String] {
        json.components(after: "\"matches\":[").flatMap { part in
            part.components(before: "],\"counters\"").split(separator: "\"").map(String.init).filter { $0 != "," }
        }.sorted()
    }
}

extension String {
    /// What stands behind each place where `mark` stands, up to the next one.
    fileprivate func components(after mark: String) -> [String] {
        var parts: [String] = []
        let bytes = Array(utf8)
        let mark = Array(mark.utf8)
        var start: Int?
        var place = 0
        while place < bytes.count {
            guard bytes[place] == mark[0], bytes[place...].starts(with: mark) else {
                place += 1
                continue
            }
            if let start { parts.append(String(decoding: bytes[start..<place], as: UTF8.self)) }
            place += mark.count
            start = place
        }
        if let start { parts.append(String(decoding: bytes[start...], as: UTF8.self)) }
        return parts
    }

    /// What stands before the first `mark`, or all of it.
    fileprivate func components(before mark: String) -> String {
        let bytes = Array(utf8)
        let mark = Array(mark.utf8)
        for place in bytes.indices where bytes[place...].starts(with: mark) {
            return String(decoding: bytes[..<place], as: UTF8.self)
        }
        return self
    }
}

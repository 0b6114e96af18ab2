// Forgetting by policy and by name, and what it refuses.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("Forgetting snapshots")
struct ForgetterTests {
    private func scene() throws -> (small: SmallRepository, snapshots: [NamedSnapshot]) {
        let small = try SmallRepository()
        let snapshots = try (0..<6).map { number in
            try small.save(
                ["f": [UInt8(number)]], at: 1_340_000_000 + Int64(number) * 86_400, host: number < 4 ? "shop" : "mail",
                tags: number == 0 ? ["keep"] : [])
        }
        return (small, snapshots)
    }

    @Test("applies the policy to each group and removes just what the plan says")
    func policy() throws {
        let (small, snapshots) = try scene()
        var policy = ForgetPolicy()
        policy.last = 1
        policy.tags = [TagList("keep")]
        let forgetter = Forgetter(repository: small.repository)
        let plan = try forgetter.plan(filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: policy)
        #expect(plan.groups.map(\.key.hostname) == ["mail", "shop"])
        #expect(Set(plan.removals) == Set([1, 2, 4].map { snapshots[$0].id }))
        #expect(plan.groups[1].kept.map(\.entry.id) == [snapshots[3].id, snapshots[0].id])
        #expect(try small.repository.snapshots().count == 6)
        #expect(try forgetter.execute(plan) == 3)
        #expect(try small.repository.snapshots().map(\.id) == [0, 3, 5].map { snapshots[$0].id })
    }

    @Test("looks only at what the filter lets through")
    func filter() throws {
        let (small, snapshots) = try scene()
        var policy = ForgetPolicy()
        policy.last = 1
        let plan = try Forgetter(repository: small.repository).plan(
            filter: SnapshotFilter(hosts: ["mail"]), grouping: SnapshotGrouping(), policy: policy)
        #expect(plan.removals == [snapshots[4].id])
    }

    @Test("refuses an empty policy, and to take the last snapshot of a group")
    func refusals() throws {
        let (small, _) = try scene()
        let forgetter = Forgetter(repository: small.repository)
        let empty = #expect(throws: HikaeError.self) {
            try forgetter.plan(filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: ForgetPolicy())
        }
        #expect(empty?.code == .usage)
        var tagged = ForgetPolicy()
        tagged.tags = [TagList("keep")]
        let last = #expect(throws: HikaeError.self) {
            try forgetter.plan(filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: tagged)
        }
        #expect(last?.code == .refused)
        #expect(throws: HikaeError.self) {
            try forgetter.plan(
                filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: ForgetPolicy(), allowRemoveAll: true)
        }
        let all = try forgetter.plan(
            filter: SnapshotFilter(hosts: ["mail"]), grouping: SnapshotGrouping(), policy: ForgetPolicy(),
            allowRemoveAll: true)
        #expect(all.removals.count == 2)
    }

    @Test("leaves alone what it cannot read, and says so")
    func unreadable() throws {
        let (small, snapshots) = try scene()
        small.store.damage(StoredFile(.snapshot, snapshots[5].id), with: [1, 2, 3])
        let told = Monitor<[HikaeError]>([])
        let forgetter = Forgetter(repository: small.repository) { error in told.withLock { $0.append(error) } }
        var policy = ForgetPolicy()
        policy.last = 1
        let plan = try forgetter.plan(filter: SnapshotFilter(), grouping: SnapshotGrouping(), policy: policy)
        #expect(Set(plan.removals) == Set([0, 1, 2].map { snapshots[$0].id }))
        #expect(told.withLock { $0.count } == 1)
        // The repair of snapshots names it, and removes it only when asked.
        let repairer = Repairer(repository: small.repository)
        let rest = try small.repository.snapshots { _, _ in }
        #expect(try repairer.repairSnapshots(rest, unreadable: [snapshots[5].id], forget: false).unreadable.count == 1)
        #expect(try small.store.list(.snapshot).count == 6)
        _ = try repairer.repairSnapshots(rest, unreadable: [snapshots[5].id], forget: true)
        #expect(try small.store.list(.snapshot).count == 5)
    }

    @Test("goes on past one that cannot be removed, and then says so")
    func failing() throws {
        let (small, snapshots) = try scene()
        let refusal = HikaeError(.permission, "may not remove")
        let plan = FaultPlan([.on([.remove], of: [.snapshot], numbers: 0..<1, .fail(refusal))])
        let repository = try Repository.open(FaultyStore(small.store, plan: plan), password: Scene.password)
        let forgetter = Forgetter(repository: repository)
        let error = #expect(throws: HikaeError.self) {
            try forgetter.execute(forgetter.plan(removing: Array(snapshots.prefix(3))))
        }
        #expect(error?.code == .permission)
        #expect(try small.repository.snapshots().map(\.id) == [0, 3, 4, 5].map { snapshots[$0].id })
    }
}

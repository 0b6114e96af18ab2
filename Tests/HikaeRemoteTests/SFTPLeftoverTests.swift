import HikaeCore
import HikaeRemote
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

/// What killed runs have left half written goes when nobody can still be writing it, and nothing else does.
@Suite(.serialized)
struct SFTPLeftoverTests {
    private static let day: Int64 = 86_400
    private static let name = FileID.named(by: [1]).hex

    /// Names that killed runs leave, all of files of a repository.
    private static let left = [
        "data/\(name.prefix(2))/\(name)-tmp-12345", "index/\(name)-tmp-1", "snapshots/\(name)-tmp-18446744073709551615",
        "keys/\(name)-tmp-7", "locks/\(name)-tmp-7", "hikae/parity/\(name)-tmp-9", "config-tmp-3",
        "data/\(name.prefix(2))/\(name)-restic-temp-0f3a",
    ]
    /// Names that are somebody else's, or what they say.
    private static let others = [
        "data/\(name.prefix(2))/\(name)", "index/\(name)", "README-tmp-1", "notes/\(name)-tmp-1",
        "snapshots/\(name)-tmp-", "snapshots/\(name)-tmp-x1", "snapshots/\(name)-tmp-1~",
        "keys/\(name.dropLast())-tmp-1",
        "data/zz/\(name)-tmp-1", "data/\(name.prefix(2))/\(name)-tmp-1-kept", "locks/.\(name)-tmp-1",
    ]

    /// A vault with all of these in it, last written so long ago.
    private func vault(age: Int64) throws -> SFTPFaultRig {
        let rig = try SFTPFaultRig()
        let store = try rig.store()
        try store.create()
        try store.save(.config, [1])
        for path in Self.left + Self.others {
            try rig.write("vault/\(path)", [1])
            Files.setModified(rig.path("vault/\(path)"), seconds: SystemClock().now().seconds - age)
        }
        return rig
    }

    @Test func `what is older than a day goes, and every other file stays`() throws {
        let rig = try vault(age: Self.day + 600)
        try rig.write("vault/\(Self.left[0])0", [1])
        let before = Set(Files.all(below: rig.vault))
        // Through all that a command has around a store.
        let store = RemoteLocation.assembled(try rig.store())
        #expect(try store.removeLeftovers() == Self.left.count)
        #expect(before.subtracting(Files.all(below: rig.vault)) == Set(Self.left))
        #expect(Set(Files.all(below: rig.vault)).isSubset(of: before), "nothing of its own is left")
        #expect(try store.removeLeftovers() == 0)
    }

    @Test func `what may still be written stays, and the server's clock decides`() throws {
        let young = try vault(age: Self.day - 600)
        #expect(try young.store().removeLeftovers() == 0)
        // Its clock is an hour ahead of this machine's.
        try young.set(#"[{"match": "^FSTAT ", "shift": 3600}]"#)
        #expect(try young.store().removeLeftovers() == Self.left.count)
        let old = try vault(age: Self.day + 600)
        try old.set(#"[{"match": "^FSTAT ", "shift": -3600}]"#)
        #expect(try old.store().removeLeftovers() == 0)
        for path in Self.left { #expect(Files.exists(old.path("vault/\(path)")), "\(path)") }
    }

    @Test func `prune does it, and what only adds does not; trouble with it is told and stops nothing`() throws {
        let rig = try SFTPFaultRig()
        _ = try CaptureRig(try SFTPLocationStore.local(rig.vault))
        try rig.write("shop/page", Array("page".utf8))
        let leftover = rig.path("vault/index/\(Self.name)-tmp-1")
        try rig.write("vault/index/\(Self.name)-tmp-1", [1])
        Files.setModified(leftover, seconds: SystemClock().now().seconds - 3 * Self.day)
        let repository = try Repository.open(
            RemoteLocation.assembled(try rig.store()), password: Array("rig".utf8))
        try repository.loadIndex()
        try LocalWork.backup(rig.path("shop"), into: repository)
        #expect(Files.exists(leftover))
        let told = FirstError()
        let pruner = Pruner(repository: repository, report: { told.set($0) })
        try rig.set(#"[{"match": "^REMOVE .*-tmp-1$", "times": 1, "status": 3}]"#)
        try pruner.execute(try pruner.plan())
        #expect(told.value?.code == .permission)
        #expect(Files.exists(leftover))
        try pruner.execute(try pruner.plan())
        #expect(!Files.exists(leftover))
        try rig.restic("check", "--read-data").succeed()
    }

    @Test func `a run that was killed leaves what prune takes away`() throws {
        let rig = try SFTPFaultRig()
        let store = try rig.store()
        try store.create()
        try store.save(.config, [1])
        try rig.set(#"[{"match": "^CLOSE .*-tmp-", "lose": "before"}]"#)
        #expect(try refusal { try store.save(FaultCall.pack, FaultCall.content) }?.isRetryable == true)
        let left = Files.all(below: rig.vault).filter { $0.contains("-tmp-") }
        #expect(left.count == 1)
        for path in left {
            Files.setModified(rig.path("vault/\(path)"), seconds: SystemClock().now().seconds - 2 * Self.day)
        }
        try rig.set("[]")
        #expect(try rig.store().removeLeftovers() == 1)
        #expect(Files.all(below: rig.vault).allSatisfy { !$0.contains("-tmp-") })
    }
}

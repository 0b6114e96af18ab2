// A tenant that is full, a disk that is full, a second server, and users that change under a server that runs.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeServer

private let canMount: Bool = {
    guard let folder = try? TemporaryDirectory(),
        (try? Command("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path("")]).run())?.status == 0
    else { return false }
    return (try? Command("umount", [folder.path("")]).run())?.status == 0
}()

@Suite(.serialized) struct QuotaTests {
    static func pack(_ number: Int, _ count: Int = 10_000) -> (bytes: [UInt8], id: String) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
        return (bytes, ServerRig.hash(bytes))
    }

    @Test func aFullTenantHarmsNoOther() throws {
        let rig = try ServerRig { _, users in
            users.quotas["sakura"] = TenantQuota(bytes: 25_000)
            users.quotas["fuji"] = TenantQuota(files: 3)
        }
        try rig.create()
        try rig.create("/fuji/main/", as: "stranger")
        let statuses = try (0..<4).map { number in
            try rig.ask("POST", "/sakura/main/data/\(Self.pack(number).id)", Self.pack(number).bytes).status
        }
        #expect(statuses == [200, 200, 507, 507])
        let lock = [UInt8(1)]
        #expect(try rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash(lock))", lock).status == 200)
        #expect(try rig.ask("GET", "/sakura/main/data/\(Self.pack(0).id)").body == Self.pack(0).bytes)
        #expect(try rig.ask("POST", "/sakura/main/data/\(Self.pack(0).id)", Self.pack(0).bytes).status == 200)
        let others = try (0..<4).map { number in
            try rig.ask("POST", "/fuji/main/data/\(Self.pack(number).id)", Self.pack(number).bytes, as: "stranger")
                .status
        }
        #expect(others == [200, 200, 200, 507])
        #expect(try rig.isTidy())
        // What the server itself removes makes room, and stands in the log.
        let file = StoredFile(.pack, try #require(FileID(hex: Self.pack(0).id)))
        let removed = try rig.server.vault.repository(tenant: "sakura", name: "main").remove([file], reason: "agreed")
        #expect(removed.files == 1 && removed.bytes == 10_000)
        #expect(try rig.ask("POST", "/sakura/main/data/\(Self.pack(2).id)", Self.pack(2).bytes).status == 200)
        #expect(try rig.log().contains { $0.event.method == "REMOVE" && $0.event.note == "agreed" })
    }

    @Test func quotasHoldAfterARestart() throws {
        let folder = try TemporaryDirectory()
        var rig: ServerRig? = try ServerRig(
            { _, users in users.quotas["sakura"] = TenantQuota(bytes: 15_000) }, in: folder.path("vault"))
        try rig?.create()
        #expect(try rig?.ask("POST", "/sakura/main/data/\(Self.pack(1).id)", Self.pack(1).bytes).status == 200)
        rig = nil
        rig = try ServerRig(
            { _, users in users.quotas["sakura"] = TenantQuota(bytes: 15_000) }, in: folder.path("vault"))
        #expect(try rig?.ask("POST", "/sakura/main/data/\(Self.pack(2).id)", Self.pack(2).bytes).status == 507)
        rig = nil
    }

    @Test(.enabled(if: canMount, "mounting a tmpfs needs privileges")) func aFullDiskIsToldAndLeavesNothingBehind()
        throws
    {
        let folder = try TemporaryDirectory()
        try SystemFile.makeFolder(folder.path("disk"), mode: 0o700)
        try Command("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder.path("disk")]).succeed()
        defer { _ = try? Command("umount", ["-l", folder.path("disk")]).run() }
        let rig = try ServerRig(in: folder.path("disk"))
        try rig.create()
        var statuses: [Int] = []
        for number in 0..<20 {
            let pack = Self.pack(number, 1 << 20)
            statuses.append(try rig.ask("POST", "/sakura/main/data/\(pack.id)", pack.bytes).status)
        }
        #expect(statuses.contains(200) && statuses.last == 507)
        #expect(Set(statuses) == [200, 507])
        #expect(try rig.isTidy())
        // To the last pack that is taken: who wants to restore still gets a lock, and who wants to say no a line in the book.
        var small = 0
        while try rig.ask("POST", "/sakura/main/data/\(Self.pack(small, 4000).id)", Self.pack(small, 4000).bytes).status
            == 200
        { small += 1 }
        #expect(try rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash([1]))", [1]).status == 200)
        try rig.server.vault.repository(tenant: "sakura", name: "main").note("there is room for this")
        for (number, status) in statuses.enumerated() {
            let pack = Self.pack(number, 1 << 20)
            let answer = try rig.ask("GET", "/sakura/main/data/\(pack.id)")
            #expect(status == 200 ? answer.body == pack.bytes : answer.status == 404)
        }
        _ = try rig.log()
    }

    @Test(.enabled(if: canMount, "mounting a tmpfs needs privileges")) func aFullDiskCanBeEmptiedByAgreement() throws {
        let folder = try TemporaryDirectory()
        try SystemFile.makeFolder(folder.path("disk"), mode: 0o700)
        try Command("mount", ["-t", "tmpfs", "-o", "size=128m", "tmpfs", folder.path("disk")]).succeed()
        defer { _ = try? Command("umount", ["-l", folder.path("disk")]).run() }
        let rig = try ServerRig(in: folder.path("disk"))
        try rig.create()
        let repository = try rig.server.vault.repository(tenant: "sakura", name: "main")
        var files: [StoredFile] = []
        for number in UInt64(0)..<16_000 {
            let file = StoredFile(.pack, FileID(words: number << 48, number, 0, 0))
            try Files.write(repository.path(file), [1])
            files.append(file)
        }
        // Filled to the last byte, by whomever.
        #expect(try Command("dd", ["if=/dev/zero", "of=\(folder.path("disk"))/filler", "bs=64k"]).run().status != 0)
        #expect(try repository.remove(files, reason: "a proposal that says why in as many words").files == 16_000)
        #expect(try repository.list(.pack).isEmpty)
        #expect(try rig.log().filter { $0.event.method == "REMOVE" }.count == 16_000)
    }

    @Test func onlyOneServerServesAFolder() throws {
        let rig = try ServerRig()
        let settings = VaultServerSettings(folder: rig.vault, listen: try ListenAddress("127.0.0.1:0"))
        let error = #expect(throws: HikaeError.self) { _ = try VaultServer(settings) { _ in } }
        #expect(error?.code == .locked)
    }

    @Test func usersThatGoAreGoneWithinSeconds() throws {
        let rig = try ServerRig()
        try rig.create()
        #expect(try rig.ask("GET", "/sakura/main/data/", as: "reader").status == 200)
        var users = try UsersFile.load(folder: rig.vault)
        try users.remove("reader")
        try users.save(folder: rig.vault)
        let end = MonotonicTime.seconds() + 120
        var status = 200
        while status == 200, MonotonicTime.seconds() < end {
            status = try rig.ask("GET", "/sakura/main/data/", as: "reader").status
        }
        #expect(status == 401)
        #expect(try rig.ask("GET", "/sakura/main/data/", as: "writer").status == 200)
    }
}

// What `hikae vault quota` shows of every tenant.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite struct UsageTests {
    @Test("every tenant with a folder, a user or a quota is told, with what it holds, locks apart")
    func usage() throws {
        let rig = try ServerRig { _, users in users.quotas["later"] = TenantQuota(bytes: 7, files: 3) }
        try rig.create()
        #expect(try rig.ask("POST", "/sakura/main/config", [1, 2, 3]).status == 200)
        #expect(try rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash([1]))", [1]).status == 200)
        #expect(
            try TenantUsage.all(folder: rig.vault) == [
                TenantUsage(tenant: "fuji", bytes: 0, files: 0, quota: TenantQuota()),
                TenantUsage(tenant: "later", bytes: 0, files: 0, quota: TenantQuota(bytes: 7, files: 3)),
                TenantUsage(tenant: "sakura", bytes: 3, files: 1, quota: TenantQuota()),
            ])
        let shown = try Command(HikaeProgram.binary, ["vault", "quota", "--folder", rig.vault]).succeed().text
        #expect(shown.contains("later") && shown.contains("sakura"))
    }
}

// The users' file: what it keeps of a password, and what it refuses.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite struct UserTests {
    @Test func usersSurviveAndPasswordsDoNot() throws {
        let folder = try TemporaryDirectory()
        var file = UsersFile()
        try file.set("writer", tenant: "sakura", role: .append, password: Secret("himitsu-no-kagi"), at: .zero)
        file.quotas["sakura"] = TenantQuota(bytes: 10, files: 3)
        try file.save(folder: folder.path(""))
        let again = try UsersFile.load(folder: folder.path(""))
        #expect(again == file)
        let bytes = try SystemFile.load(UsersFile.path(folder.path("")), limit: 1 << 20)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("himitsu"))
        let entry = try #require(again.entries.first)
        #expect(entry.password.verify(Secret("himitsu-no-kagi")))
        #expect(!entry.password.verify(Secret("himitsu-no-kagI")))
        #expect(!entry.password.verify(Secret("")))
    }

    @Test func theSamePasswordIsKeptDifferentlyEachTime() throws {
        let one = try PasswordHash(of: Secret("himitsu-no-kagi"))
        let other = try PasswordHash(of: Secret("himitsu-no-kagi"))
        #expect(one.salt != other.salt)
        #expect(one.hash != other.hash)
    }

    @Test(arguments: [
        ("Writer", "sakura"), ("", "sakura"), ("a/b", "sakura"), ("..", "sakura"), ("writer", "config"),
        ("writer", "data"), ("writer", ".incoming"), ("wri:ter", "sakura"),
        (String(repeating: "a", count: 65), "sakura"),
    ]) func namesThatMeanSomethingElseAreRefused(_ name: String, _ tenant: String) {
        var file = UsersFile()
        #expect(throws: HikaeError.self) {
            try file.set(name, tenant: tenant, role: .read, password: Secret("long enough"), at: .zero)
        }
    }

    @Test func shortPasswordsAreRefused() {
        var file = UsersFile()
        #expect(throws: HikaeError.self) {
            try file.set("writer", tenant: "sakura", role: .read, password: Secret("short"), at: .zero)
        }
    }

    @Test func aDamagedFileLetsNobodyIn() throws {
        var file = UsersFile()
        try file.set("writer", tenant: "sakura", role: .append, password: Secret("himitsu-no-kagi"), at: .zero)
        let text = String(decoding: file.encode(), as: UTF8.self)
        for (part, replacement) in [
            ("\"append\"", "\"owner\""), ("[32768,8,1]", "[1073741824,8,1]"), ("[32768,8,1]", "[32768,8]"),
            ("\"version\":1", "\"version\":2"), ("\"sakura\"", "\"../fuji\""), ("\"salt\":\"", "\"salt\":\"!"),
        ] {
            let changed = text.split(separator: part, omittingEmptySubsequences: false).joined(separator: replacement)
            #expect(changed != text)
            #expect(throws: HikaeError.self, "\(replacement)") { try UsersFile(decoding: Array(changed.utf8)) }
        }
        let user = text.split(separator: "[", maxSplits: 1)[1].split(separator: "],\"tenants\"")[0]
        let twice = text.split(separator: String(user), omittingEmptySubsequences: false)
            .joined(separator: "\(user),\(user)")
        #expect(throws: HikaeError.self) { try UsersFile(decoding: Array(twice.utf8)) }
    }
}

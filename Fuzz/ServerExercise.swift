// What strangers may send to the vault server, and what somebody may have done to its files: the input's first byte
// says which. Whatever is taken must mean one thing only, and stay inside the folder.

import HikaeCore
import HikaeStore

@testable import HikaeServerWire

enum ServerExercise {
    /// What is wrong with how these bytes were taken; nil when all is well.
    static func breach(_ input: [UInt8]) -> String? {
        let rest = Array(input.dropFirst())
        switch (input.first ?? 0) % 4 {
        case 0: return path(rest)
        case 1: return users(rest)
        case 2: return audit(rest)
        default: return headers(rest)
        }
    }

    private static func path(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let (target, _) = try? RequestTarget.parse(text, limit: 1024) else { return nil }
        guard case .repository(let tenant, let name, let resource) = target else {
            return text.hasPrefix("/healthz") ? nil : "\(text) is taken for /healthz"
        }
        guard VaultName.isValid(tenant), VaultName.isValid(name) else { return "\(text) names no tenant" }
        var spelled = "/\(tenant)/\(name)"
        switch resource {
        case .root: return text.split(separator: "?")[0].hasPrefix(spelled) ? nil : "\(text) is taken for \(spelled)"
        case .list(let kind): spelled += "/\(kind.folder)/"
        case .file(let file): spelled += file.kind == .pack ? "/data/\(file.id?.hex ?? "")" : "/\(file.path)"
        case .route(let parts):
            if parts.contains(where: { $0.isEmpty || $0.contains("..") || $0.contains("/") }) {
                return "\(text): \(parts)"
            }
            spelled += "/hikae/" + parts.joined(separator: "/")
        }
        let asked = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
        return asked == spelled[...] ? nil : "\(asked) is taken for \(spelled)"
    }

    private static func users(_ bytes: [UInt8]) -> String? {
        guard let file = try? UsersFile(decoding: bytes) else { return nil }
        guard file.users.allSatisfy({ VaultName.isValid($0.name) && VaultName.isValid($0.tenant) }) else {
            return "a user without a name is taken"
        }
        guard let again = try? UsersFile(decoding: file.encode()) else { return "what was written cannot be read" }
        return again.users == file.users && again.quotas == file.quotas ? nil : "what was written is read as another"
    }

    private static func audit(_ bytes: [UInt8]) -> String? {
        if let head = AuditHead(record: bytes), head.record != bytes { return "a head is not what it was read from" }
        guard let line = try? AuditLine(decoding: bytes) else { return nil }
        let encoded = line.encode()
        guard encoded.count <= AuditLine.maximumBytes else { return "a line of \(encoded.count) bytes is written" }
        guard !encoded.contains(0x0A) else { return "a line has a line feed in it" }
        guard let again = try? AuditLine(decoding: encoded) else { return "what was written cannot be read" }
        return again.number == line.number && again.previous == line.previous ? nil : "the chain is not kept"
    }

    private static func headers(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        if let given = BasicCredentials(header: text), !VaultName.isValid(given.name) { return "a name is none" }
        let size = UInt64(bytes.count) * 37
        guard case .part(let part) = ByteRange(header: text, size: size) else { return nil }
        return !part.isEmpty && part.upperBound <= size ? nil : "\(text) is taken for \(part) of \(size)"
    }

    /// Examples of what is right.
    static var seeds: [[UInt8]] {
        let id = String(repeating: "0123456789abcdef", count: 4)
        return [
            "\u{0}/sakura/main/data/\(id)", "\u{0}/sakura/main/data/", "\u{0}/a/b/?create=true", "\u{0}/a/b/config",
            "\u{0}/a/b/hikae/proposals/0123/approvals", "\u{0}/healthz", "\u{0}/a/%2e%2e/config",
            """
            \u{1}{"version":1,"users":[{"name":"w","tenant":"t","role":"append","added":"2026-01-01T00:00:00Z",\
            "scrypt":[32768,8,1],"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",\
            "hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}],"tenants":[{"name":"t","bytes":1,"files":2}]}
            """,
            """
            \u{2}{"n":7,"time":"2026-01-01T00:00:00Z","vault":9,"user":"w","address":"::1","method":"POST",\
            "path":"/t/r/config","status":200,"bytes":5,"note":"x","suppressed":1,"torn":3,"previous":"\(id)"}
            """,
            "\u{2}00000000000000000007:\(id)\n", "\u{3}bytes=0-7", "\u{3}bytes=-5", "\u{3}Basic dzpwYXNzd29yZA==",
        ].map { Array($0.utf8) }
    }
}

// What the path of a request means. Strict: there is one spelling for each thing, and everything else is refused
// before anybody is asked for a password. No input or output.

internal import HikaeCore
internal import HikaeStore

/// What a request is about.
enum RequestTarget: Equatable {
    /// Whether the server is alive.
    case health
    /// Something of a repository.
    case repository(tenant: String, name: String, Resource)

    /// A part of a repository.
    enum Resource: Equatable {
        /// `/TENANT/REPO/`: the repository itself.
        case root
        /// One of restic's files, or parity beside one.
        case file(StoredFile)
        /// `/TENANT/REPO/data/`: the names of a kind of file.
        case list(FileKind)
        /// Parts of a path under `hikae/`.
        case route([String])
    }

    /// Why a path means nothing.
    enum Refusal: Error, Equatable {
        /// It is spelled as no client of good will spells it.
        case malformed(String)
        /// It is well spelled, and there is no such thing.
        case unknown
    }

    /// Reads a request's path, with the query if there is one: `/TENANT/REPO/data/0123…`.
    static func parse(_ text: String, limit: Int) throws(Refusal) -> (target: RequestTarget, query: String) {
        guard text.utf8.count <= limit else { throw .malformed("the path is too long") }
        let whole = Array(text.utf8)
        let mark = whole.firstIndex(of: UInt8(ascii: "?")) ?? whole.count
        let path = whole[..<mark]
        let query = whole[mark...].dropFirst()
        // No percent sign is needed for any name there is, so none is decoded, once or twice.
        guard path.allSatisfy(isPathByte), query.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .malformed("the path has characters that none of its names has")
        }
        guard path.first == UInt8(ascii: "/") else { throw .malformed("the path does not begin with /") }
        var parts = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let endsInSlash = parts.last == ""
        if endsInSlash { parts.removeLast() }
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("..") }) else {
            throw .malformed("the path has an empty part or dots")
        }
        let target = try target(parts, endsInSlash: endsInSlash)
        return (target, String(decoding: query, as: UTF8.self))
    }

    private static func target(_ parts: [String], endsInSlash: Bool) throws(Refusal) -> RequestTarget {
        if parts == ["healthz"], !endsInSlash { return .health }
        guard parts.count >= 2, VaultName.isValid(parts[0]), VaultName.isValid(parts[1]) else { throw .unknown }
        let resource = try resource(Array(parts[2...]), endsInSlash: endsInSlash)
        return .repository(tenant: parts[0], name: parts[1], resource)
    }

    private static func resource(_ parts: [String], endsInSlash: Bool) throws(Refusal) -> Resource {
        if parts.isEmpty { return .root }
        if parts == ["config"], !endsInSlash { return .file(.config) }
        if parts[0] == "hikae" {
            if parts.count >= 2, parts[1] == "parity" { return try named(.parity, Array(parts[2...]), endsInSlash) }
            guard (2...6).contains(parts.count), !endsInSlash,
                parts.allSatisfy({ $0.utf8.count <= 128 })
            else { throw .unknown }
            return .route(Array(parts[1...]))
        }
        guard let kind = FileKind.standard.first(where: { !$0.folder.isEmpty && $0.folder == parts[0] }) else {
            throw .unknown
        }
        return try named(kind, Array(parts[1...]), endsInSlash)
    }

    /// `data/`, `data/0123…`; restic also asks for `data` without the slash in none of its versions.
    private static func named(_ kind: FileKind, _ parts: [String], _ endsInSlash: Bool) throws(Refusal) -> Resource {
        if parts.isEmpty, endsInSlash { return .list(kind) }
        guard parts.count == 1, !endsInSlash else { throw .unknown }
        guard let id = FileID(hex: parts[0]), id.hex == parts[0] else {
            throw .malformed("the name is not 64 lower-case hexadecimal digits")
        }
        return .file(StoredFile(kind, id))
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2E, 0x2F, 0x5F: true
        default: false
        }
    }
}

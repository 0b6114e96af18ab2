// A plan that is about to be written for the first time, by `hikae init`: what was said, and the commented file that it
// becomes. Writes nothing itself.

public import HikaeCore

/// What a new plan is made of.
public struct PlanDraft: Sendable, Equatable {
    public var organisation: String
    public var language: PlanLanguage
    public var timeZone: String
    public var vaultName: String
    /// As it is to stand in the plan.
    public var vaultRepository: String
    /// As it is to stand in the plan: "file:…".
    public var vaultPassword: String
    public var sources: [DraftSource]

    public init(
        organisation: String, language: PlanLanguage, timeZone: String, vaultName: String, vaultRepository: String,
        vaultPassword: String, sources: [DraftSource] = []
    ) {
        (self.organisation, self.language, self.timeZone) = (organisation, language, timeZone)
        (self.vaultName, self.vaultRepository, self.vaultPassword) = (vaultName, vaultRepository, vaultPassword)
        self.sources = sources
    }

    /// A name for paths and tags made of any text; `otherwise` when nothing of it can be used.
    public static func name(from text: String, otherwise: String) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            let next = name + String(scalar)
            if PlanText.isName(next) {
                name = next
            } else if PlanText.isName(name + "-"), name.last != "-" {
                name += "-"
            }
        }
        while name.last == "-" { name.removeLast() }
        return name.isEmpty ? otherwise : name
    }

    /// The systems of the sources, in the order in which they first appear.
    var systems: [(name: String, sources: [DraftSource])] {
        var names: [String] = []
        for source in sources where !names.contains(source.system) { names.append(source.system) }
        return names.map { name in (name, sources.filter { $0.system == name }) }
    }
}

/// A source of a new plan.
public struct DraftSource: Sendable, Equatable {
    public var system: String
    public var name: String
    public var kind: SourceKindName
    /// What stands under the kind's key.
    public var address: String
    /// The keys that hold a secret, and the file of each, as it is to stand in the plan after "file:".
    public var secrets: [Secret]

    /// A secret that the source needs.
    public struct Secret: Sendable, Equatable {
        /// "password", "access-key", "secret-key".
        public var key: String
        public var file: String
    }

    /// Reads `[[SYSTEM/]NAME=]ADDRESS`. Throws `.usage` for what is none; never quotes an address.
    ///
    /// - Parameters:
    ///   - system: the system of a source that names none.
    ///   - folder: what a path that begins with ./ is taken from.
    ///   - secretsFolder: where files of secrets go, as it is to stand in the plan.
    ///   - taken: the sources before, whose names must not be used again.
    public init(
        _ text: String, system: String, folder: String, secretsFolder: String, besides taken: [DraftSource] = []
    ) throws(HikaeError) {
        var rest = text[...]
        var given: Substring?
        // An address may have "=" in it, too, but a name has neither ":" nor a "/" at its start.
        if let mark = text.firstIndex(of: "="), !text[..<mark].contains(":"), !text.hasPrefix("/"), !text.hasPrefix(".")
        {
            (given, rest) = (text[..<mark], text[text.index(after: mark)...])
        }
        (kind, address) = try Self.recognize(String(rest), folder)
        self.system = system
        var name: String?
        if let given {
            let parts = given.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2, parts.allSatisfy(PlanText.isName) else {
                throw HikaeError(
                    .usage, "the source \(PlanText.quoted(String(given))) cannot be called so",
                    hint: "Write NAME=ADDRESS or SYSTEM/NAME=ADDRESS; \(PlanText.nameRule).")
            }
            name = parts.last
            if parts.count == 2 { self.system = parts[0] }
        }
        let names = taken.filter { [system = self.system] in $0.system == system }.map(\.name)
        self.name = Self.unique(name ?? Self.usualName(kind, address), names)
        let stem = "\(secretsFolder)/\(self.system)-\(self.name)"
        secrets = kind.draftSecrets.map { Secret(key: $0, file: "\(stem).\($0)") }
    }

    /// Which kind an address is of. Throws `.usage` for one that is of none, or that is not whole.
    private static func recognize(_ text: String, _ folder: String) throws(HikaeError) -> (SourceKindName, String) {
        guard let mark = text.firstRange(of: "://") else {
            guard text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("~/") else {
                throw HikaeError(
                    .usage, "a source is an address or a path, and one given is neither",
                    hint: "Write sftp://, ftp://, ftps://, imap://, imaps://, postgresql://, mariadb:// or s3:// and "
                        + "the place, or a path that begins with / or ./.")
            }
            let isDatabase = [".sqlite", ".sqlite3", ".db"].contains { text.hasSuffix($0) }
            // The plan may lie elsewhere, and its relative paths begin there.
            let path = text.hasPrefix("./") ? "\(folder)/\(text.dropFirst(2))" : text
            return (isDatabase ? .sqlite : .files, path)
        }
        let scheme = text[..<mark.lowerBound].lowercased()
        for kind in SourceKindName.allCases {
            guard case .address(let schemes) = kind.key.shape, schemes.contains(scheme) else { continue }
            do throws(PlanAddress.Fault) {
                let parts = try PlanAddress(text, schemes: schemes)
                guard !parts.host.isEmpty || kind == .postgresql || kind == .mariadb else {
                    throw PlanAddress.Fault("has no host")
                }
            } catch {
                throw HikaeError(.usage, "the address of a source \(error.reason)")
            }
            return (kind, text)
        }
        throw HikaeError(
            .usage, "no source begins with \(PlanText.quoted(scheme + "://"))",
            hint: "There are sftp://, ftp://, ftps://, imap://, imaps://, postgresql://, mariadb://, s3:// and paths.")
    }

    private static func usualName(_ kind: SourceKindName, _ address: String) -> String {
        let last = address.split(separator: "/").last.map(String.init) ?? ""
        switch kind {
        case .sftp, .ftp: return "site"
        case .imap:
            guard case .address(let schemes) = kind.key.shape, let parts = try? PlanAddress(address, schemes: schemes),
                let user = parts.user?.split(separator: "@").first
            else { return "mail" }
            return PlanDraft.name(from: String(user), otherwise: "mail")
        case .postgresql, .mariadb:
            guard case .address(let schemes) = kind.key.shape, let parts = try? PlanAddress(address, schemes: schemes)
            else { return "database" }
            return PlanDraft.name(from: parts.path, otherwise: "database")
        case .s3: return PlanDraft.name(from: last, otherwise: "bucket")
        case .sqlite, .files, .command: return PlanDraft.name(from: last, otherwise: "files")
        }
    }

    private static func unique(_ name: String, _ taken: [String]) -> String {
        guard taken.contains(name) else { return name }
        var number = 2
        while taken.contains("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }
}

extension SourceKindName {
    /// The keys of secrets that such a source usually needs.
    fileprivate var draftSecrets: [String] {
        switch self {
        case .ftp, .imap, .postgresql, .mariadb: ["password"]
        case .s3: ["access-key", "secret-key"]
        case .sftp, .sqlite, .files, .command: []
        }
    }
}

// Each kind of source with its options, as a plan writes them; and addresses put together again.

import HikaeCore

extension PlanSourceKind {
    /// Where it is, for people: an address without any secret, a path, or a program's name.
    public var address: String {
        switch self {
        case .sftp(let plan): Self.address("sftp", plan.user, plan.host, plan.port, Self.urlPath(plan.path))
        case .ftp(let plan):
            Self.address(
                plan.tls == .implicit ? "ftps" : "ftp", plan.user, plan.host, plan.port, Self.urlPath(plan.path))
        case .imap(let plan):
            Self.address(plan.tls == .implicit ? "imaps" : "imap", plan.user, plan.host, plan.port, "")
        case .postgresql(let plan): Self.database("postgresql", plan)
        case .mariadb(let plan): Self.database("mariadb", plan)
        case .sqlite(let plan): plan.path
        case .s3(let plan): "s3://\(plan.bucket)\(plan.prefix.isEmpty ? "" : "/" + Self.encoded(plan.prefix, "%"))"
        case .files(let plan): plan.paths.joined(separator: ", ")
        case .command(let plan): plan.arguments.first ?? ""
        }
    }

    /// The keys of a source or destination of this kind, but for its name.
    func members(ofSource: Bool) -> [PlanValue.Member] {
        let options: PlanValue
        switch self {
        case .sftp(let plan):
            options = .keys([
                "sftp": .text(address), "identity": plan.identityFile.map { .text($0) },
                "password": Self.secret(plan.password), "ssh-options": Self.list(plan.sshOptions),
                "program": plan.program == "ssh" ? nil : .text(plan.program), "exclude": Self.list(plan.excludes),
            ])
        case .ftp(let plan):
            options = .keys([
                "ftp": .text(address), "password": Self.secret(plan.password), "tls": .text(plan.tls.rawValue),
                "encoding": .text(plan.encoding.rawValue), "connections": .number(plan.connections),
                "trust": Self.trust(plan.trust), "exclude": Self.list(plan.excludes),
            ])
        case .imap(let plan):
            options = .keys([
                "imap": .text(address), "password": Self.secret(plan.password), "tls": .text(plan.tls.rawValue),
                "authentication": .text(plan.authentication.rawValue), "mailboxes": Self.list(plan.mailboxes),
                "exclude": Self.list(plan.excludes), "connections": .number(plan.connections),
                "trust": Self.trust(plan.trust),
            ])
        case .postgresql(let plan), .mariadb(let plan):
            options = .keys([
                name.rawValue: .text(address), "password": Self.secret(plan.password),
                "socket": plan.socket.map { .text($0) }, "via": plan.via.map { .text($0) },
                "ssh-options": Self.list(plan.sshOptions), "programs": plan.programs.map { .text($0) },
                "globals": ofSource ? .flag(plan.includesGlobals) : nil,
                "tls": plan.tls.map { .text($0.rawValue) }, "trust": Self.trust(plan.trust),
            ])
        case .sqlite(let plan): options = .keys(["sqlite": .text(plan.path)])
        case .s3(let plan):
            options = .keys([
                "s3": .text(address), "endpoint": .text(plan.endpoint), "region": .text(plan.region),
                "access-key": Self.secret(plan.accessKeyID), "secret-key": Self.secret(plan.secretAccessKey),
                "session-token": Self.secret(plan.sessionToken), "path-style": plan.pathStyle.map { .flag($0) },
                "versions": ofSource ? .flag(plan.versions) : nil, "tags": ofSource ? .flag(plan.tags) : nil,
                "connections": .number(plan.connections), "trust": Self.trust(plan.trust),
            ])
        case .files(let plan):
            let paths: PlanValue = plan.paths.count == 1 ? .text(plan.paths[0]) : .list(plan.paths.map { .text($0) })
            options = .keys(["files": paths, "exclude": Self.list(plan.excludes)])
        case .command(let plan):
            options = .keys(["command": .list(plan.arguments.map { .text($0) }), "file": .text(plan.file)])
        }
        guard case .keys(let members) = options else { return [] }
        return members
    }

    private static func secret(_ reference: SecretReference?) -> PlanValue? {
        reference.map { .text($0.description) }
    }

    private static func list(_ texts: [String]) -> PlanValue? {
        texts.isEmpty ? nil : .list(texts.map { .text($0) })
    }

    private static func trust(_ trust: TrustSettings) -> PlanValue? {
        guard trust != TrustSettings() else { return nil }
        return .keys([
            "ca": trust.certificateAuthority.map { .text($0) }, "fingerprint": trust.fingerprint.map { .text($0) },
        ])
    }

    // MARK: Addresses

    private static func database(_ scheme: String, _ plan: DatabasePlan) -> String {
        address(scheme, plan.user, plan.host ?? "", plan.port, plan.database.map { "/" + encoded($0, "%/") } ?? "")
    }

    private static func address(_ scheme: String, _ user: String?, _ host: String, _ port: Int?, _ path: String)
        -> String
    {
        let host = host.contains(":") ? "[\(host)]" : host
        let name = user.map { encoded($0, "%:/") + "@" } ?? ""
        return "\(scheme)://\(name)\(host)\(port.map { ":\($0)" } ?? "")\(path)"
    }

    /// The path of an address for a folder: from the root, or from where one lands after logging in.
    private static func urlPath(_ path: String) -> String {
        path.isEmpty || path.hasPrefix("/") ? encoded(path, "%") : "/~/\(encoded(path, "%"))"
    }

    /// The text with these ASCII characters written as %41.
    private static func encoded(_ text: String, _ characters: String) -> String {
        var result = ""
        for character in text {
            if characters.contains(character), let value = character.asciiValue {
                let digits = String(value, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            } else {
                result.append(character)
            }
        }
        return result
    }
}

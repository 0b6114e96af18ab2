// The options of each kind of source, read and checked against each other.

import HikaeCore
import Yams

extension PlanReader {
    /// The options of a source or destination of this kind; nil, and a problem, when what it needs is missing.
    func options(_ kind: SourceKindName, _ section: SectionReader) -> PlanSourceKind? {
        switch kind {
        case .sftp: sftp(section).map { .sftp($0) }
        case .ftp: ftp(section).map { .ftp($0) }
        case .imap: imap(section).map { .imap($0) }
        case .postgresql: database(section, "postgresql").map { .postgresql($0) }
        case .mariadb: database(section, "mariadb").map { .mariadb($0) }
        case .sqlite: section.path("sqlite", base: base).map { .sqlite(SQLitePlan(path: $0)) }
        case .s3: s3(section).map { .s3($0) }
        case .files: files(section).map { .files($0) }
        case .command: command(section).map { .command($0) }
        }
    }

    /// Reads what the section, source or destination, has under a key that only sources may have.
    private func sourceTexts(_ key: String, _ section: SectionReader) -> [String] {
        section.section[key] == nil ? [] : section.texts(key)
    }

    /// The address under `key`, which must name a host.
    private func hostAddress(_ key: String, _ section: SectionReader) -> PlanAddress? {
        guard let address = section.address(key) else { return nil }
        guard !address.host.isEmpty else {
            section.fault(key, "the address has no host, as in \(address.scheme)://user@www.example.jp")
            return nil
        }
        return address
    }

    private func sftp(_ section: SectionReader) -> SFTPPlan? {
        let identity = section.path("identity", base: base)
        let password = section.secret("password", base: base)
        let options = section.texts("ssh-options")
        let program = section.text("program")
        let excludes = sourceTexts("exclude", section)
        guard let address = hostAddress("sftp", section) else { return nil }
        return SFTPPlan(
            host: address.host, port: address.port, user: address.user, path: address.remotePath,
            identityFile: identity, sshOptions: options, program: program ?? "ssh", password: password,
            excludes: excludes)
    }

    private func ftp(_ section: SectionReader) -> FTPPlan? {
        let password = section.secret("password", base: base)
        let said = section.choice("tls", PlanTLS.self)
        let encoding = section.choice("encoding", PlanEncoding.self)
        let connections = section.count("connections")
        let trust = section.trust(base: base)
        let excludes = sourceTexts("exclude", section)
        guard let address = hostAddress("ftp", section) else { return nil }
        let tls = said ?? (address.scheme == "ftps" ? .implicit : .explicit)
        if address.scheme == "ftps", tls != .implicit {
            section.fault("tls", "ftps:// means implicit TLS; write ftp:// for \(tls.rawValue)")
        }
        return FTPPlan(
            host: address.host, port: address.port, user: address.user, password: password, path: address.remotePath,
            tls: tls, encoding: encoding ?? .automatic, connections: connections ?? 4, trust: trust, excludes: excludes)
    }

    private func imap(_ section: SectionReader) -> IMAPPlan? {
        let password = section.secret("password", base: base)
        let said = section.choice("tls", PlanTLS.self)
        let authentication = section.choice("authentication", PlanAuthentication.self)
        let connections = section.count("connections")
        let trust = section.trust(base: base)
        let (mailboxes, excludes) = (sourceTexts("mailboxes", section), sourceTexts("exclude", section))
        let name = section.text("user")
        guard let address = hostAddress("imap", section) else { return nil }
        let tls = said ?? (address.scheme == "imaps" ? .implicit : .explicit)
        if address.scheme == "imaps", tls != .implicit {
            section.fault("tls", "imaps:// means implicit TLS; write imap:// for \(tls.rawValue)")
        }
        if tls == .none, !address.isThisMachine {
            section.fault(
                "tls",
                "without TLS everybody on the way could read the password; only this machine itself "
                    + "(127.0.0.1, localhost) can be reached so")
        }
        if !["", "/"].contains(address.path) {
            section.fault("imap", "the address ends with the host; mailboxes are chosen with `mailboxes` and `exclude`")
        }
        guard let user = name ?? address.user else {
            section.fault("imap", "the address has no user, as in imaps://info@mail.example.jp")
            return nil
        }
        guard let password else { return nil }
        return IMAPPlan(
            host: address.host, port: address.port, tls: tls, user: user,
            authentication: authentication ?? .automatic, password: password, trust: trust, mailboxes: mailboxes,
            excludes: excludes, connections: connections ?? 3)
    }

    private func database(_ section: SectionReader, _ key: String) -> DatabasePlan? {
        var plan = DatabasePlan(
            socket: section.path("socket", base: base), password: section.secret("password", base: base),
            sshOptions: section.texts("ssh-options"), programs: section.text("programs"))
        if section.section["globals"] != nil { plan.includesGlobals = section.flag("globals") ?? true }
        if section.has("via"), let via = hostAddress("via", section) {
            if !["", "/"].contains(via.path) { section.fault("via", "the address ends with the host and the port") }
            let host = via.host.contains(":") ? "[\(via.host)]" : via.host
            plan.via = "ssh://\(via.user.map { "\($0)@" } ?? "")\(host)\(via.port.map { ":\($0)" } ?? "")"
        }
        (plan.tls, plan.trust) = (section.choice("tls", PlanDatabaseTLS.self), section.authority(base: base))
        if section.has("ssh-options"), !section.has("via") {
            section.fault("ssh-options", "these are of use together with `via` only")
        }
        guard let address = section.address(key) else { return nil }
        plan.host = address.host.isEmpty ? nil : address.host
        (plan.port, plan.user) = (address.port, address.user)
        if plan.socket != nil, plan.host != nil {
            section.fault("socket", "either a socket or a host: with `socket` write \(key):///database")
        }
        protect(&plan, isThisMachine: address.isThisMachine, section)
        let database = address.path.dropFirst()
        guard !database.contains("/") else {
            section.fault(key, "what follows the host must be the name of one database, without another slash")
            return nil
        }
        plan.database = database.isEmpty ? nil : String(database)
        return plan
    }

    /// What of TLS goes with the rest, and what is meant when nothing is said: nobody on the way between two machines
    /// may read a database.
    private func protect(_ plan: inout DatabasePlan, isThisMachine: Bool, _ section: SectionReader) {
        if section.has("via") {
            for key in ["tls", "trust"] where section.has(key) {
                section.fault(key, "with `via` the connection goes through ssh, and `\(key)` has no meaning")
            }
            return
        }
        if plan.socket != nil || plan.host == nil {
            for key in ["tls", "trust"] where section.has(key) {
                section.fault(key, "a socket of this machine has no TLS; name the host in the address")
            }
            return
        }
        if plan.tls == PlanDatabaseTLS.none {
            if section.has("trust") { section.fault("trust", "without TLS there is no certificate to trust") }
        } else if !isThisMachine || section.has("trust") {
            plan.tls = .explicit
        }
    }

    private func s3(_ section: SectionReader) -> S3Plan? {
        let (accessKey, secretKey) = (
            section.secret("access-key", base: base), section.secret("secret-key", base: base)
        )
        if section.has("access-key") != section.has("secret-key") {
            section.fault(
                section.has("access-key") ? "access-key" : "secret-key",
                "`access-key` and `secret-key` belong together; without both, requests are not signed")
        }
        let token = section.secret("session-token", base: base)
        let region = section.text("region")
        var endpoint = "https://s3.\(region ?? "us-east-1").amazonaws.com"
        if section.has("endpoint"), let given = hostAddress("endpoint", section) {
            if !["", "/"].contains(given.path) || given.user != nil {
                section.fault("endpoint", "an endpoint ends with the host and the port; the bucket stands in `s3`")
            }
            let host = given.host.contains(":") ? "[\(given.host)]" : given.host
            endpoint = "\(given.scheme)://\(host)\(given.port.map { ":\($0)" } ?? "")"
        } else if let region, !region.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) {
            section.fault("region", "a region is written as in ap-northeast-1")
        }
        let trust = section.trust(base: base)
        let connections = section.count("connections")
        let pathStyle = section.flag("path-style")
        let isSource = section.section["versions"] != nil
        let (versions, tags) = (isSource && section.flag("versions") == true, isSource && section.flag("tags") == true)
        guard let address = hostAddress("s3", section) else { return nil }
        if address.user != nil || address.port != nil {
            section.fault(
                "s3", "an address s3://bucket/prefix has no user and no port; the server stands in `endpoint`")
        }
        return S3Plan(
            endpoint: endpoint, region: region ?? "us-east-1", bucket: address.host,
            prefix: String(address.path.dropFirst()), accessKeyID: accessKey, secretAccessKey: secretKey,
            sessionToken: token, pathStyle: pathStyle, versions: versions, tags: tags, trust: trust,
            connections: connections ?? 16)
    }

    private func files(_ section: SectionReader) -> FilesPlan? {
        let paths = section.paths("files", base: base)
        let excludes = sourceTexts("exclude", section)
        if section.node("files")?.sequence?.isEmpty == true {
            section.fault("files", "the list is empty: name at least one file or folder")
        }
        return paths.isEmpty ? nil : FilesPlan(paths: paths, excludes: excludes)
    }

    private func command(_ section: SectionReader) -> CommandPlan? {
        let arguments: [String]
        if section.node("command")?.scalar != nil {
            section.fault(
                "command",
                "a command is a list of the program and its arguments, as in [pg_dump, -Fc, shop]; "
                    + "for a shell's line write [sh, -c, \"…\"]")
            arguments = []
        } else {
            arguments = section.texts("command")
            if section.node("command")?.sequence?.isEmpty == true {
                section.fault("command", "the list is empty: name the program and its arguments")
            }
        }
        guard let file = section.text("file") else { return nil }
        guard !file.contains("/"), file != ".", file != "..", file.utf8.count <= 255 else {
            section.fault("file", "\(PlanText.quoted(file)) is no name of a file: it has no / in it")
            return nil
        }
        return arguments.isEmpty ? nil : CommandPlan(arguments: arguments, file: file)
    }
}

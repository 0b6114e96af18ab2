// From what a person types to a vault's agreement: which vault, in which language, and which proposal is meant.

import ArgumentParser
import HikaeAgreement
import HikaeCore
import HikaeOperations
import HikaePlan
import HikaeRepository

/// Which vault's agreement.
struct AgreementOptions: ParsableArguments {
    @Option(help: .init("A vault of the plan, by name, instead of --repo.", valueName: "name"))
    var vault: String?

    @OptionGroup var plan: PlanOptions

    /// The agreement that is meant. Throws `.unsupported` where there is none.
    func open(_ global: GlobalOptions) throws(HikaeError) -> AgreementAccess {
        guard let vault else {
            if PlanSession.isMeant(plan, global) {
                let names = try PlanSession(plan, global).plan.vaults.map(\.name).joined(separator: ", ")
                throw HikaeError(
                    .usage, "no vault named", hint: "Name one with --vault NAME: the plan has \(names). Or use -r.")
            }
            let location = try RepositoryPlace(global).resolveLocation()
            let client = try AgreementClient(location, try Session.remoteOptions(global, location))
            guard let client else {
                throw HikaeError(
                    .unsupported, "only a vault server keeps an agreement, and this is none",
                    hint: "Name the repository as rest:https://…, or a vault of the plan with --vault.")
            }
            return AgreementAccess(client: client, words: PlanWords(language: Self.language(plan)), planned: nil)
        }
        let session = try PlanSession(plan, global)
        guard let planned = session.plan.vaults.first(where: { $0.name == vault }) else {
            let names = session.plan.vaults.map(\.name).joined(separator: ", ")
            throw HikaeError(.notFound, "the plan has no vault \(vault)", hint: "There are: \(names).")
        }
        let opener = VaultOpener(session.plan, options: session.vaults, context: session.context)
        guard let client = try opener.agreement(of: planned) else {
            throw HikaeError(.unsupported, "the vault \(vault) is on no vault server, which alone keeps an agreement")
        }
        return AgreementAccess(client: client, words: session.words, planned: (opener, planned))
    }

    /// The plan's language where there is a plan, else the terminal's.
    private static func language(_ options: PlanOptions) -> PlanLanguage {
        if let plan = try? options.load() { return plan.language }
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            guard let value = Environment.value(name, prefixes: [""]) else { continue }
            return value.hasPrefix("ja") ? .japanese : .english
        }
        return .english
    }
}

/// A vault's agreement, reached.
struct AgreementAccess {
    let client: AgreementClient
    let words: PlanWords
    /// How the repository is opened when a vault of a plan was named.
    let planned: (opener: VaultOpener, vault: PlanVault)?

    /// What the vault says.
    func report() throws(HikaeError) -> AgreementReport {
        guard let report = try client.report() else {
            throw HikaeError(.unsupported, "\(client.address) is no vault server that keeps an agreement")
        }
        return report
    }

    /// The proposal whose ID begins so.
    func item(_ prefix: String, in report: AgreementReport) throws(HikaeError) -> AgreementReport.Item {
        let found = report.proposals.filter { !prefix.isEmpty && $0.id.hex.hasPrefix(prefix.lowercased()) }
        guard let item = found.first else { throw HikaeError(.notFound, "there is no proposal \(prefix)") }
        guard found.count == 1 else {
            throw HikaeError(.ambiguous, "\(found.count) proposals begin with \(prefix)", hint: "Give more digits.")
        }
        return item
    }

    /// The files that proposals have removed so far.
    func removed(_ report: AgreementReport) throws(HikaeError) -> Set<FileID> {
        var removed: Set<FileID> = []
        for item in report.proposals where item.standing.stage == .done {
            let proposal = try client.proposal(item.id)
            removed.formUnion(proposal.snapshots.map(\.id))
            removed.formUnion(proposal.packs + proposal.indexes)
        }
        return removed
    }

    /// Opens the repository, for reading, and runs `body`.
    func read<Result>(
        _ global: GlobalOptions, _ body: (Repository) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        guard let planned else {
            return try Session.run(global, lock: .reading) { session throws(HikaeError) in
                try body(session.repository)
            }
        }
        let open = try planned.opener.open(planned.vault, lock: global.noLock ? .none : .shared)
        defer { open.close() }
        return try body(open.repository)
    }
}

/// A person's key, and how to sign with it.
struct PersonKeyOptions: ParsableArguments {
    @Option(help: .init("The file of your key, made by `hikae key person new`.", valueName: "file"))
    var key: String

    @Option(help: .init("Read the key's passphrase from a file.", valueName: "file"))
    var passphraseFile: String?

    /// The key's file.
    func load() throws(HikaeError) -> PersonKeyFile {
        try PersonKeyFile(decoding: try TextFile.read(key))
    }

    /// The private key, asked for with its passphrase.
    func unlock(_ file: PersonKeyFile) throws(HikaeError) -> PersonPrivateKey {
        if let passphraseFile {
            return try file.unlock(Secret(TextFile.trimmed(try TextFile.read(passphraseFile))))
        }
        let passphrase = try PasswordPrompt.ask(
            "enter the passphrase of \(Words.safe(file.person.name.text)): ", inputIsData: false,
            missing: { HikaeError(.usage, "no passphrase given\($0)", hint: "Use --passphrase-file FILE.") })
        return try file.unlock(Secret(passphrase))
    }

    /// Throws unless the vault knows the key under its name.
    func check(_ file: PersonKeyFile, _ report: AgreementReport) throws(HikaeError) {
        guard report.members.contains(where: { $0.person == file.person }) else {
            throw HikaeError(
                .accessDenied, "\(file.person.name.text) is none of the people who decide at this vault",
                hint: "Its administrator enters the line that `hikae key person show` prints.")
        }
    }
}

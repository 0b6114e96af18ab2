// The agreement as the vault host's administrator changes it: on the server's own disk, never over the network. The
// server may run meanwhile; both write into the same book.

public import HikaeAgreement
public import HikaeCore
internal import HikaeFormat
internal import HikaeStore

/// One repository's agreement, from the vault's own machine.
public struct LocalAgreement: Sendable {
    private let book: AgreementBook
    /// The vault's time as recorded last: what a running server has counted since is at most a minute more.
    private let recorded: RecordedTime

    /// The agreement of a repository in a vault server's folder. A server must have run there before.
    ///
    /// - Parameter repository: `TENANT/NAME`; nil: the only one that there is.
    public init(folder: String, repository: String?) throws(HikaeError) {
        let path = try Self.repository(repository, in: folder)
        try FolderOwner.check(path)
        let config: [UInt8]
        do throws(HikaeError) {
            config = try SystemFile.load("\(path)/config", limit: 1 << 20)
        } catch {
            guard error.code == .notFound else { throw error }
            throw HikaeError(
                .noRepository, "there is no repository in \(path)",
                hint: "Make it first, from the machine that captures: `hikae init -r rest:https://…`.")
        }
        do throws(HikaeError) {
            recorded = try RecordedTime.load(AgreementService.clockPath(folder))
        } catch {
            throw HikaeError(
                error.code, "the vault's record of time cannot be read: \(error.message)",
                hint: "`hikae vault serve` begins it. Start the server once.")
        }
        book = try AgreementBook(
            folder: AgreementDesk.folder(path), repository: Digest.fileID(config), clock: recorded.clock,
            now: recorded.seconds)
    }

    private static func repository(_ name: String?, in folder: String) throws(HikaeError) -> String {
        if let name {
            let parts = name.split(separator: "/").map(String.init)
            guard parts.count == 2 else {
                throw HikaeError(.usage, "\(name) names no repository here", hint: "Write TENANT/REPOSITORY.")
            }
            return
                "\(folder)/\(try VaultName.check(parts[0], "a tenant"))/\(try VaultName.check(parts[1], "a repository"))"
        }
        var found: [String] = []
        for tenant in try VaultFolder.tenants(of: folder) {
            for name in try SystemFile.names("\(folder)/\(tenant)") ?? [] where VaultName.isValid(name) {
                if try SystemFile.size("\(folder)/\(tenant)/\(name)/config") != nil {
                    found.append("\(tenant)/\(name)")
                }
            }
        }
        guard found.count == 1, let only = found.first else {
            throw HikaeError(
                .usage, found.isEmpty ? "\(folder) holds no repository yet" : "\(folder) holds several repositories",
                hint: found.isEmpty ? nil : "Name one with --repository: \(found.sorted().joined(separator: ", ")).")
        }
        return "\(folder)/\(only)"
    }

    /// What the book says.
    public func report() throws(HikaeError) -> AgreementReport {
        let state = try book.state()
        return try AgreementReport(state, at: max(recorded.seconds, state.time))
    }

    /// Enters a person. Before the first rule at once; after it approvals count only when the delay is over.
    public func add(_ person: Person) throws(HikaeError) {
        try book.change(at: recorded.seconds) { state throws(HikaeError) in
            let current = state.terms.filter { !$0.isRemoved }
            guard !current.contains(where: { $0.person.name == person.name }) else {
                throw HikaeError(.usage, "\(person.name.text) is entered already")
            }
            guard !current.contains(where: { $0.person.key == person.key }) else {
                throw HikaeError(.usage, "this key is entered already, under another name")
            }
            guard current.count < AgreementRule.maximumPeople else {
                throw HikaeError(.limit, "\(current.count) people are entered already")
            }
            return ((), [.personAdded(person)])
        }
    }

    /// Strikes a person out. Approvals count no more at once; vetoes until the delay is over.
    public func remove(_ name: PersonName) throws(HikaeError) {
        try book.change(at: recorded.seconds) { state throws(HikaeError) in
            guard state.terms.contains(where: { $0.person.name == name && !$0.isRemoved }) else {
                throw HikaeError(.notFound, "\(name.text) is not entered")
            }
            return ((), [.personRemoved(name)])
        }
    }

    /// Sets the rule. What is laxer waits for the delay.
    public func set(threshold: Int?, delay: UInt64?) throws(HikaeError) {
        try book.change(at: recorded.seconds) { state throws(HikaeError) in
            let now = max(recorded.seconds, state.time)
            let current = state.rule(at: now)
            guard let threshold = threshold ?? current?.threshold else {
                throw HikaeError(.usage, "say how many people must agree", hint: "As in --threshold 2.")
            }
            let wanted = AgreementRule(
                threshold: threshold, delay: delay ?? current?.delay ?? AgreementRule.usualDelay)
            guard wanted.isSane else {
                throw HikaeError(.usage, "1 to 100 people and at most ten years are what a rule can say")
            }
            let people = state.terms.filter { !$0.isRemoved }.count
            guard people >= threshold else {
                throw HikaeError(
                    .usage, "\(threshold) people must agree, and only \(people) are entered",
                    hint: "Enter them first, with `hikae vault people add`.")
            }
            return ((), [.ruled(threshold: wanted.threshold, delay: wanted.delay)])
        }
    }
}

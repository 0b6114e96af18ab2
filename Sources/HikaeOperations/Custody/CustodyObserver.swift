// Looks at every copy of a plan: the vaults, and each source's original. Changes nothing; what cannot be seen is said.

public import HikaeCore
import HikaeFormat
public import HikaeGuard
public import HikaePlan
import HikaeRemote
import HikaeRepository
import HikaeS3
import HikaeStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Observes the copies of a plan.
public struct CustodyObserver: Sendable {
    private let plan: Plan
    private let options: VaultOpener.Options
    private let context: WorkContext
    private let statements: [String: CustodyStatement]
    private let salt = SecureRandom.bytes(32)

    /// - Parameter statements: what people said, by the copy's name.
    public init(
        _ plan: Plan, vaults options: VaultOpener.Options, statements: [String: CustodyStatement], context: WorkContext
    ) {
        (self.plan, self.options, self.context, self.statements) = (plan, options, context, statements)
    }

    /// Looks at everything, several copies at once, and judges.
    ///
    /// - Parameters:
    ///   - originals: whether the sources' own places are looked at, too.
    ///   - alone: whether one vault alone is looked at, though it is red whatever there is to be seen.
    ///   - away: vaults that are known not to answer, and are not waited for again.
    public func judge(
        now: Timestamp, originals: Bool, alone: Bool = true, away: Set<String> = []
    ) throws(HikaeError) -> CustodyJudgement {
        if !originals, !alone, plan.vaults.count < 2 {
            let alone = plan.vaults.map { CopyCustody(.vault, $0.name, address: Self.shown($0.repository)) }
            return CustodyJudgement(alone, now: now)
        }
        let places: [Place] =
            plan.vaults.map { .vault($0) } + (originals ? plan.sources.map { .source($0.system, $0.source) } : [])
        let mounts = MountTable(HostObservation.text("/proc/self/mountinfo") ?? "")
        let work = BoundedQueue<Int>(capacity: places.count)
        for index in places.indices { _ = work.push(index) }
        work.close()
        let found = Monitor([CopyCustody?](repeating: nil, count: places.count))
        runThreads(min(8, places.count)) { _ in
            while !context.cancellation.isCancelled, let index = work.pop() {
                let copy = observe(places[index], mounts, away)
                found.withLock { $0[index] = copy }
            }
        }
        try context.cancellation.check()
        return CustodyJudgement(found.withLock { $0.compactMap { $0 } }, now: now)
    }

    private enum Place: Sendable {
        case vault(PlanVault)
        case source(PlanSystem, PlanSource)
    }

    private func observe(_ place: Place, _ mounts: MountTable, _ away: Set<String>) -> CopyCustody {
        switch place {
        case .vault(let vault): return observe(vault, mounts, isAway: away.contains(vault.name))
        case .source(let system, let source):
            let name = "\(system.name)/\(source.name)"
            var copy = CopyCustody(.original, name, address: source.kind.address)
            copy.statement = statements[name]
            SourceObservation(mounts: mounts, machine: HostObservation.machine).observe(source.kind, &copy)
            return copy
        }
    }

    // MARK: Vaults

    private func observe(_ vault: PlanVault, _ mounts: MountTable, isAway: Bool) -> CopyCustody {
        var copy = CopyCustody(.vault, vault.name, address: Self.shown(vault.repository))
        let planned = vault.custody.map {
            CustodyStatement(holder: $0.holder, provider: $0.provider, account: $0.account, place: $0.place)
        }
        copy.statement = statements[vault.name]?.filled(from: planned) ?? planned
        copy.traits.insert(CustodyTrait(.passwordPlace, vault.password.description))
        if let password = try? vault.password.fetch() {
            // Compared, and never shown: under a salt that nobody keeps its hash tells nothing.
            let hash = Digest.fileID(salt + password.bytes).hex
            copy.traits.insert(CustodyTrait(.password, hash, shown: vault.password.description))
        }
        guard !isAway else {
            copy.unseen.append("it does not answer")
            return copy
        }
        let remote = RemoteOptions(vault, otherwise: options.remote)
        do throws(HikaeError) {
            try place(of: vault, remote, mounts, &copy)
        } catch {
            copy.unseen.append(error.message)
        }
        do throws(HikaeError) {
            try repository(of: vault, &copy)
        } catch {
            copy.unseen.append(error.message(without: vault.name))
        }
        return copy
    }

    private func place(
        of vault: PlanVault, _ remote: RemoteOptions, _ mounts: MountTable, _ copy: inout CopyCustody
    ) throws(HikaeError) {
        switch StoreLocation.scheme(vault.repository) {
        case "sftp":
            let place = try SFTPLocation(vault.repository)
            let seen = HostObservation.ssh(
                host: place.host, port: place.port, user: place.user ?? remote.user, options: remote.sshOptions,
                identity: remote.identityFile, program: remote.sshProgram)
            copy.see(seen)
            copy.erasure = .possible
        case "s3":
            let location = try S3Location(vault.repository)
            BucketObservation.observe(location.settings(remote), &copy)
            copy.erasure = remote.objectLock == nil ? .possible : .refused
        case "rest":
            let place = try RESTLocation(vault.repository)
            copy.see(HostObservation.service(place.host, place.port))
            if place.isSecure { copy.see(HostObservation.certificate(place.host, place.port)) }
            let opener = VaultOpener(plan, options: options, context: context)
            // A server that keeps an agreement deletes nothing for one alone.
            copy.erasure = try opener.agreement(of: vault)?.report() == nil ? .unknown : .refused
        case "rclone":
            let name = vault.repository.dropFirst("rclone:".count).prefix { $0 != ":" }
            copy.traits.insert(CustodyTrait(.remote, String(name)))
            copy.unseen.append("what is behind rclone's \(name) shows nothing of itself")
            copy.erasure = .possible
        default:
            let path =
                vault.repository.hasPrefix("local:")
                ? String(vault.repository.dropFirst("local:".count)) : vault.repository
            let folder = FolderObservation(path, mounts: mounts, machine: HostObservation.machine)
            copy.see((folder.traits, folder.unseen))
            copy.erasure = folder.isWritable ? .possible : .unknown
        }
    }

    private func repository(of vault: PlanVault, _ copy: inout CopyCustody) throws(HikaeError) {
        let session = try VaultOpener(plan, options: options, context: context).open(vault, lock: .none)
        defer { session.close() }
        let id = session.repository.config.id
        copy.traits.insert(CustodyTrait(.repository, id, shown: String(id.prefix(8))))
        for key in try session.repository.store.list(.key) {
            copy.traits.insert(CustodyTrait(.repositoryKey, key.id.hex, shown: key.id.short))
        }
    }

    /// The location without an account's password.
    private static func shown(_ repository: String) -> String {
        guard StoreLocation.scheme(repository) == "rest" else { return repository }
        return (try? RESTLocation(repository).shown) ?? "rest:"
    }
}

extension CopyCustody {
    /// Takes in what was seen, and what was not.
    mutating func see(_ seen: (traits: Set<CustodyTrait>, unseen: [String])) {
        traits.formUnion(seen.traits)
        unseen += seen.unseen
    }
}

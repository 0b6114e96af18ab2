// Checks one repository and mends it at once: from its parity, then from other repositories of the same backups. What
// was mended is read again before it is called whole. Nothing is removed before what it held stands elsewhere.

public import HikaeCore
import HikaeFormat
import HikaeParity
public import HikaeRepository
import HikaeStore
import Synchronization

/// One scrub. The repository must be locked: exclusively, when it is to be mended.
public struct Scrub {
    /// How it is gone about.
    public struct Options: Sendable {
        public var readData = ReadSubset.none
        public var mends = false
        /// The share of parity that the repository is to have; nil when it is to have none by itself.
        public var parity: Double?

        public init() {}
    }

    /// A repository that may have what is lost, and what it is called. Its index is loaded.
    public typealias Other = (name: String, repository: Repository)

    /// Parity that does not tell its share any more is made with this.
    static let usualParity = 0.05

    let repository: Repository
    let options: Options
    let progress: Progress?
    let cancellation: Cancellation
    private let report: @Sendable (CheckFinding) -> Void
    private let phase: @Sendable (String) -> Void

    /// - Parameters:
    ///   - report: told each finding of the first check.
    ///   - phase: told what is being done now.
    public init(
        _ repository: Repository, options: Options, progress: Progress? = nil, cancellation: Cancellation,
        report: @escaping @Sendable (CheckFinding) -> Void = { _ in },
        phase: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.repository, self.options, self.progress) = (repository.uncached, options, progress)
        (self.cancellation, self.report, self.phase) = (cancellation, report, phase)
    }

    /// Checks and mends.
    ///
    /// - Parameter others: opens the other repositories; asked only when parity does not do. What cannot be opened it
    ///   leaves out.
    public func run(others: () throws(HikaeError) -> [Other]) throws(HikaeError) -> ScrubOutcome {
        let (first, findings) = try check(options.readData, report)
        var outcome = ScrubOutcome(report: first)
        outcome.damaged = Set(findings.compactMap(Self.damagedPack)).sorted()
        let parity = ParityRound(repository, cancellation: cancellation)
        if options.readData != .none {
            do throws(HikaeError) {
                outcome.damagedParity = try parity.damaged(among: first.chosenPacks)
            } catch {
                if error.code == .cancelled { throw error }
                outcome.troubles.append(error)
            }
        }
        guard options.mends else {
            try judge(&outcome, findings, because: [:])
            return outcome
        }
        var last = findings
        var because: [FileID: String] = [:]
        if !outcome.damaged.isEmpty {
            let before = try Set(repository.store.list(.pack).map(\.id))
            phase("mend damaged packs")
            because = try mend(&outcome, findings, parity, others)
            phase("check what was mended")
            (outcome.report, last) = try recheck(outcome, before)
        }
        try keepParity(&outcome, parity)
        try judge(&outcome, last, because: because)
        return outcome
    }

    // MARK: Checking

    private func check(
        _ subset: ReadSubset, _ report: @escaping @Sendable (CheckFinding) -> Void
    ) throws(HikaeError) -> (CheckReport, [CheckFinding]) {
        var options = CheckOptions()
        options.readData = subset
        let findings = Errors()
        let account = try Checker(
            repository: repository, options: options, progress: progress, cancellation: cancellation,
            report: { finding in
                findings.add(finding)
                report(finding)
            }, phase: phase
        ).run()
        return (account, findings.list)
    }

    /// Reads again what was damaged and what has come for it.
    private func recheck(
        _ outcome: ScrubOutcome, _ before: Set<FileID>
    ) throws(HikaeError) -> (CheckReport, [CheckFinding]) {
        var wanted = Set(outcome.damaged)
        try wanted.formUnion(repository.store.list(.pack).map(\.id).filter { !before.contains($0) })
        var (account, findings) = try check(.packs(wanted)) { _ in }
        account.packsRead += outcome.report.packsRead
        account.bytesRead += outcome.report.bytesRead
        (account.chosenPacks, account.reachedEnd) = (outcome.report.chosenPacks, outcome.report.reachedEnd)
        return (account, findings)
    }

    /// The pack that an error says is damaged, missing or cut off.
    static func damagedPack(_ finding: CheckFinding) -> FileID? {
        switch finding.kind {
        case .packMissing, .packSize, .packDamaged, .packUnreadable, .packHeader, .blobDamaged, .tree: finding.pack
        default: nil
        }
    }
}

/// The errors of a check, kept as they come from its threads.
private final class Errors: Sendable {
    private let found = Mutex<[CheckFinding]>([])

    func add(_ finding: CheckFinding) {
        if finding.severity == .error { found.withLock { $0.append(finding) } }
    }

    var list: [CheckFinding] { found.withLock { $0 } }
}

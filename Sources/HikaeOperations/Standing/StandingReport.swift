// How the whole plan stands. Looks into every vault and changes none.

public import HikaeCore
import HikaeFormat
public import HikaeGuard
import HikaeParity
public import HikaePlan
import HikaeRepository

/// The standing of a plan.
public struct StandingReport: Sendable {
    public var sources: [SourceStanding]
    public var vaults: [VaultStanding]
    /// Sources that vaults have captures of and the plan does not name.
    public var unplanned: [SourceName]
    public var now: Timestamp

    public var light: SourceStanding.Light {
        let worst = sources.map(\.light).max() ?? .green
        return vaults.allSatisfy(\.hasItsParity) ? worst : max(worst, .amber)
    }

    /// Looks into the vaults of a plan.
    ///
    /// - Parameter now: what ages are counted from.
    /// Throws when no vault can be opened.
    public init(
        _ plan: Plan, vaults options: VaultOpener.Options, journal: Journal, now: Timestamp, context: WorkContext
    ) throws(HikaeError) {
        var standings: [String: VaultStanding] = [:]
        var found: [(vault: VaultSession, snapshots: [NamedSnapshot])] = []
        let opened = try VaultOpener(plan, options: options, context: context)
            .openAll(lock: .none, loadingIndex: false) { standings[$0] = VaultStanding(name: $0, error: $1) }
        for vault in opened {
            do throws(HikaeError) {
                let snapshots = try vault.repository.snapshots { _, _ in }
                    .filter { $0.snapshot.hostname == plan.organisation }
                let captures = snapshots.compactMap(CaptureEntry.init)
                var standing = VaultStanding(
                    name: vault.name, captures: captures.count,
                    newest: captures.map(\.snapshot.snapshot.time).max())
                let share = plan.vaults.first { $0.name == vault.name }?.parity
                if let share { try Self.lookForParity(share, in: vault, &standing) }
                standings[vault.name] = standing
                found.append((vault, snapshots))
            } catch {
                standings[vault.name] = VaultStanding(name: vault.name, error: error)
            }
        }
        self.now = now
        vaults = plan.vaults.map { standings[$0.name] ?? VaultStanding(name: $0.name) }
        let union = CatchUp.union(found.reversed().flatMap(\.snapshots))
        let histories = Dictionary(SourceHistory.all(union).map { ($0.name, $0) }) { first, _ in first }
        let holders = Self.holders(found)
        let journal = journal.entries(of: plan.organisation)
        let records = RecordShelf(found.map(\.vault))
        let away = vaults.filter { $0.error != nil }.map(\.name)
        var planned: Set<SourceName> = []
        var sources: [SourceStanding] = []
        for (system, source) in plan.sources {
            let name = SourceName(organisation: plan.organisation, system: system.name, source: source.name)
            planned.insert(name)
            var standing = SourceStanding(
                name: name, title: system.title, address: source.kind.address,
                objectiveSeconds: system.objectives.loss?.seconds)
            let history = histories[name] ?? SourceHistory.of(name, in: [])
            standing.captures = history.captures.count
            standing.newest = history.newest
            if let newest = history.newest, newest.verdict == .suspect {
                standing.newestRecord = records.record(newest)
            }
            if let lastGood = history.lastGood {
                standing.lastGood = lastGood.snapshot.snapshot.time
                standing.ageSeconds = now.seconds - lastGood.snapshot.snapshot.time.seconds
                standing.record = records.record(lastGood)
                let having = holders[lastGood.capture] ?? []
                standing.vaults = plan.vaults.map(\.name).filter(having.contains)
            }
            standing.problems = Self.problems(standing, history, vaults: plan.vaults.map(\.name), away: away, journal)
            sources.append(standing)
        }
        self.sources = sources
        unplanned = histories.keys.filter { !planned.contains($0) }.sorted()
        for vault in opened { vault.close() }
    }

    private static func lookForParity(
        _ share: Double, in vault: VaultSession, _ standing: inout VaultStanding
    ) throws(HikaeError) {
        do throws(HikaeError) {
            standing.parity = try ParityRound(vault.repository.uncached).missing(share: share)
        } catch {
            if error.code == .cancelled { throw error }
            standing.parityError = error
        }
    }

    /// The vaults that have each capture.
    private static func holders(
        _ found: [(vault: VaultSession, snapshots: [NamedSnapshot])]
    ) -> [String: Set<String>] {
        var holders: [String: Set<String>] = [:]
        for (vault, snapshots) in found {
            for entry in snapshots.compactMap(CaptureEntry.init) where !entry.isRepaired {
                holders[entry.capture, default: []].insert(vault.name)
            }
        }
        return holders
    }

    private static func problems(
        _ standing: SourceStanding, _ history: SourceHistory, vaults: [String], away: [String],
        _ journal: [JournalEntry]
    ) -> [SourceStanding.Problem] {
        var problems: [SourceStanding.Problem] = []
        if standing.lastGood == nil { problems.append(.noGood) }
        if let age = standing.ageSeconds, let objective = standing.objectiveSeconds, age > objective {
            problems.append(.objectiveMissed(ageSeconds: age, objectiveSeconds: objective))
        }
        let undecided = history.undecided
        if let last = undecided.last {
            let isNewest = last.capture == history.newest?.capture
            problems.append(.suspect(count: undecided.count, isNewest: isNewest))
        }
        let mine = journal.filter {
            $0.subject == standing.name.description && ($0.kind == .failed || $0.kind == .captured)
        }
        if let last = mine.last, last.kind == .failed {
            problems.append(.failed(at: last.time, message: last.message))
        }
        if let lost = standing.record?.changes.unreadable, lost > 0 { problems.append(.unreadable(lost)) }
        if standing.lastGood != nil {
            let lacking = vaults.filter { !standing.vaults.contains($0) && !away.contains($0) }
            if !lacking.isEmpty { problems.append(.notIn(vaults: lacking)) }
        }
        if !away.isEmpty { problems.append(.unknownIn(vaults: away)) }
        return problems
    }
}

/// Records, from whichever vault has them; indexes are loaded when first needed.
private final class RecordShelf {
    private let vaults: [VaultSession]
    private var byCapture: [Int: [String: CaptureEntry]] = [:]

    init(_ vaults: [VaultSession]) { self.vaults = vaults }

    func record(_ entry: CaptureEntry) -> CaptureRecord? {
        for (number, vault) in vaults.enumerated() {
            guard let own = entries(number)[entry.capture] else { continue }
            if let record = try? CaptureReading(vault.repository).record(own) { return record }
        }
        return nil
    }

    /// The captures of a vault; none when its index cannot be loaded.
    private func entries(_ number: Int) -> [String: CaptureEntry] {
        if let found = byCapture[number] { return found }
        var found: [String: CaptureEntry] = [:]
        let repository = vaults[number].repository
        do throws(HikaeError) {
            try repository.loadIndex()
            for entry in try repository.snapshots(unreadable: { _, _ in }).compactMap(CaptureEntry.init) {
                found[entry.capture] = entry
            }
        } catch {
            found = [:]
        }
        byCapture[number] = found
        return found
    }
}

// All sources of a plan, or some: read side by side, each once, then copied into every vault. One broken source, and
// one vault that is away, harm no other.

public import HikaeCore
import HikaeFormat
import HikaeGuard
public import HikaePlan
import HikaeRepository
import HikaeSource
import Synchronization

/// One round of captures.
public final class CaptureRound: Sendable {
    /// How a round is run.
    public struct Options: Sendable {
        /// Who makes the snapshots, for the record: "hikae 0.3".
        public var program: String
        /// The time to name instead of now.
        public var time: Timestamp?
        public var vaults = VaultOpener.Options()
        /// Reads files that have not changed by size and time, too: what rotted under them is found.
        public var readsEverything = false
        /// Reads and compares, and writes nothing into any vault.
        public var isDryRun = false
        /// Sources side by side; nil: as the plan says.
        public var sources: Int?

        public init(program: String) { self.program = program }
    }

    private let plan: Plan
    private let selection: [(system: PlanSystem, source: PlanSource)]
    private let options: Options
    private let context: WorkContext
    private let event: @Sendable (CaptureEvent) -> Void

    /// - Parameters:
    ///   - sources: what to capture, each with its system, in the plan's order.
    ///   - event: told what happens, from any thread.
    public init(
        _ plan: Plan, sources: [(system: PlanSystem, source: PlanSource)], options: Options, context: WorkContext,
        event: @escaping @Sendable (CaptureEvent) -> Void = { _ in }
    ) {
        (self.plan, selection, self.options, self.context, self.event) = (plan, sources, options, context, event)
    }

    /// Captures and copies.
    ///
    /// Throws only when no vault can be opened or listed, or when it is stopped; what happened to each source is in the
    /// report.
    public func run() throws(HikaeError) -> CaptureRoundReport {
        let troubles = VaultTroubles(event)
        let vaults = try VaultOpener(plan, options: options.vaults, context: context)
            .openAll(lock: options.isDryRun ? .none : .shared, loadingIndex: true) { troubles.add($0, $1) }
        defer { for vault in vaults { vault.close() } }
        guard !vaults.isEmpty else { throw HikaeError(.usage, "\(plan.file) names no vault") }
        let (results, used) = try captureAll(into: vaults, troubles)
        try context.cancellation.check()
        guard !options.isDryRun else {
            return CaptureRoundReport(results: results, unavailable: troubles.list, vaults: [])
        }
        var report = try spread(results, used, vaults, troubles)
        var withoutParity: [(vault: String, error: HikaeError)] = []
        try ParityKeeping(plan: plan, context: context).bring(in: vaults) { vault, error in
            withoutParity.append((vault, error))
            event(.parityFailed(vault, error))
        }
        report.withoutParity = withoutParity
        return report
    }

    // MARK: Vaults

    /// Brings a vault level with all others, so that its last good captures are the last good ones; whether it is.
    private func bringAll(
        to vault: VaultSession, of vaults: [VaultSession], _ troubles: VaultTroubles
    ) throws(HikaeError) -> Bool {
        guard !options.isDryRun else { return true }
        var isLevel = true
        for other in vaults where other !== vault {
            if try !bring(from: other, to: vault, troubles) { isLevel = false }
        }
        return isLevel
    }

    /// Copies every capture into every vault, from wherever it was made.
    private func spread(
        _ captured: [CaptureResult], _ used: [VaultSession], _ vaults: [VaultSession], _ troubles: VaultTroubles
    ) throws(HikaeError) -> CaptureRoundReport {
        // The vault that captures were last turned to takes them in; it goes on from there.
        let makers = used.filter { vault in captured.contains { $0.readInto == vault.name } }
        guard let hub = makers.last ?? used.first ?? vaults.first else {
            throw HikaeError(.usage, "\(plan.file) names no vault")
        }
        var collected: Set<String> = [hub.name]
        for vault in makers where vault !== hub {
            if try bring(from: vault, to: hub, troubles) { collected.insert(vault.name) }
        }
        var level: Set<String> = [hub.name]
        for vault in vaults where vault !== hub {
            if try bring(from: hub, to: vault, troubles) { level.insert(vault.name) }
        }
        let names = plan.vaults.map(\.name)
        var results = captured
        for place in results.indices {
            guard let origin = results[place].readInto else { continue }
            results[place].vaults = names.filter { $0 == origin || (collected.contains(origin) && level.contains($0)) }
        }
        try VaultOpener(plan, options: options.vaults, context: context)
            .registerCaptures(in: vaults, of: plan) { troubles.add($0, $1) }
        let isWhole = collected.count == Set(makers.map(\.name)).union([hub.name]).count
        return CaptureRoundReport(
            results: results, unavailable: troubles.list, vaults: isWhole ? names.filter(level.contains) : [])
    }

    /// Copies what is lacking; whether the destination then has all that the source has.
    private func bring(
        from source: VaultSession, to destination: VaultSession, _ troubles: VaultTroubles
    ) throws(HikaeError) -> Bool {
        let progress = Progress()
        event(.copying(from: source.name, to: destination.name, progress))
        do throws(HikaeError) {
            try destination.confirm()
            let count = try CatchUp(plan, context: context).bring(
                from: source.repository, to: destination.repository, progress: progress,
                cancellation: destination.cancellation)
            event(.copied(from: source.name, to: destination.name, count))
            return true
        } catch {
            event(.copied(from: source.name, to: destination.name, 0))
            try context.cancellation.check()
            if let lost = destination.loss {
                troubles.add(destination.name, lost)
                return false
            }
            if error.code == .cancelled { throw error }
            // The vault is there, but something in it is not: it is no vault that is merely away.
            let code = error.code == .notFound ? .inputOutput : error.code
            let named = HikaeError(
                code, "copying from vault \(source.name) to vault \(destination.name): \(error.message)",
                hint: error.hint)
            troubles.add(destination.name, named)
            return false
        }
    }

    private func histories(
        _ vault: VaultSession
    ) throws(HikaeError) -> (byName: [SourceName: SourceHistory], isComplete: Bool) {
        var isComplete = true
        let snapshots = try vault.repository.snapshots { [event] id, error in
            isComplete = false
            event(
                .vaultUnavailable(
                    vault.name, HikaeError(.damaged, "snapshot \(id.short) cannot be read: \(error.message)")))
        }
        let histories = Dictionary(SourceHistory.all(snapshots).map { ($0.name, $0) }) { first, _ in first }
        return (histories, isComplete)
    }

    // MARK: Side by side

    /// What captures go into, and what is known of the sources there.
    private struct Place: Sendable {
        let vault: VaultSession
        let histories: [SourceName: SourceHistory]
        /// Whether the histories are known to be all there is, in all vaults.
        let isComplete: Bool
    }

    /// Captures into the first vault that is level. What fails there by the vault's fault is read anew into the next;
    /// vaults that cannot be brought level come last.
    ///
    /// - Returns: the results in the plan's order, and the vaults that were turned to.
    private func captureAll(
        into vaults: [VaultSession], _ troubles: VaultTroubles
    ) throws(HikaeError) -> ([CaptureResult], used: [VaultSession]) {
        var results: [Int: CaptureResult] = [:]
        var pending = Array(selection.indices)
        var (used, behind): ([VaultSession], [VaultSession]) = ([], [])
        var unlisted: HikaeError?
        func turn(to vault: VaultSession, isLevel: Bool) {
            do throws(HikaeError) {
                let (histories, isComplete) = try histories(vault)
                used.append(vault)
                let place = Place(vault: vault, histories: histories, isComplete: isComplete && isLevel)
                pending = capture(pending, into: place, &results)
            } catch {
                unlisted = unlisted ?? error
                troubles.add(vault.name, error)
            }
        }
        for vault in vaults where !pending.isEmpty {
            try context.cancellation.check()
            guard vault.loss == nil else { continue }
            if try bringAll(to: vault, of: vaults, troubles) {
                turn(to: vault, isLevel: true)
            } else {
                behind.append(vault)
            }
        }
        for vault in behind where !pending.isEmpty && vault.loss == nil {
            try context.cancellation.check()
            turn(to: vault, isLevel: false)
        }
        if selection.isEmpty, let first = vaults.first {
            // Nothing to capture: the vault that the others are copied from takes in what they have all the same.
            _ = try bringAll(to: first, of: vaults, troubles)
            used.append(first)
        }
        if used.isEmpty, let unlisted { throw unlisted }
        for place in pending {
            if let result = results[place] { event(.finished(result)) }
        }
        return (results.sorted { $0.key < $1.key }.map(\.value), used)
    }

    /// Captures sources side by side; returns those that failed by the vault's fault.
    private func capture(
        _ sources: [Int], into place: Place, _ results: inout [Int: CaptureResult]
    ) -> [Int] {
        let next = Mutex(0)
        let found = Mutex<[Int: (result: CaptureResult, isVaultsFault: Bool)]>([:])
        let atOnce = max(1, min(options.sources ?? plan.limits.sources, sources.count))
        runThreads(atOnce) { [self] _ in
            while !context.cancellation.isCancelled {
                let number = next.withLock { number in
                    defer { number += 1 }
                    return number
                }
                guard number < sources.count else { return }
                let source = sources[number]
                let (result, isVaultsFault) = capture(selection[source], into: place)
                found.withLock { $0[source] = (result, isVaultsFault) }
                if isVaultsFault, let error = result.failure {
                    event(.warning(result.name, place.vault.loss ?? error.named(vault: place.vault.name)))
                } else {
                    event(.finished(result))
                }
            }
        }
        let all = found.withLock { $0 }
        for (source, outcome) in all { results[source] = outcome.result }
        return sources.filter { all[$0]?.isVaultsFault ?? false }
    }

    private func capture(
        _ pair: (system: PlanSystem, source: PlanSource), into place: Place
    ) -> (CaptureResult, isVaultsFault: Bool) {
        let name = SourceName(
            organisation: plan.organisation, system: pair.system.name, source: pair.source.name)
        let history = place.histories[name] ?? SourceHistory.of(name, in: [])
        let progress = Progress()
        event(.started(name, progress))
        let begun = ContinuousClock.now
        let rules = VerdictRules(
            thresholds: GuardThresholds(pair.source.verdicts), language: ReasonLanguage(plan.language))
        var address = ""
        var blamed: BlamedSource?
        let outcome: CaptureResult.Outcome
        do throws(HikaeError) {
            let source = BlamedSource(try SourceFactory.source(pair.source.kind))
            (address, blamed) = (source.address, source)
            var context = context
            context.cancellation = place.vault.cancellation
            let capture = SourceCapture(
                name: name, source: source, rules: rules, vault: place.vault, history: history,
                isComplete: place.isComplete, options: options, context: context, progress: progress,
                report: { [event] in event(.warning(name, $0)) })
            outcome = .captured(try capture.run())
        } catch {
            outcome = .failed(place.vault.explained(error))
        }
        let elapsed = (ContinuousClock.now - begun).components
        var result = CaptureResult(
            name: name, title: pair.system.title, address: address, outcome: outcome,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18,
            lastGoodBefore: history.lastGood?.snapshot.snapshot.time)
        guard let error = result.failure else {
            result.readInto = place.vault.name
            return (result, false)
        }
        // A lock that is lost stops the source, too: it is not the source's fault.
        if place.vault.loss != nil { return (result, !context.cancellation.isCancelled) }
        return (result, error.code != .cancelled && !(blamed?.isGuilty ?? true))
    }
}

/// What went wrong with vaults in a round: told at once, each vault named once in the end.
private final class VaultTroubles {
    private(set) var list: [(vault: String, error: HikaeError)] = []
    private let event: @Sendable (CaptureEvent) -> Void

    init(_ event: @escaping @Sendable (CaptureEvent) -> Void) { self.event = event }

    func add(_ vault: String, _ error: HikaeError) {
        event(.vaultUnavailable(vault, error))
        if !list.contains(where: { $0.vault == vault }) { list.append((vault, error)) }
    }
}

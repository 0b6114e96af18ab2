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
    /// Throws only when no vault can be opened, or when it is stopped; what happened to each source is in the report.
    public func run() throws(HikaeError) -> CaptureRoundReport {
        var unavailable: [(vault: String, error: HikaeError)] = []
        let opener = VaultOpener(plan, options: options.vaults, context: context)
        let vaults = try opener.openAll(lock: .shared, loadingIndex: true) { name, error in
            unavailable.append((name, error))
            event(.vaultUnavailable(name, error))
        }
        defer { for vault in vaults { vault.close() } }
        guard let first = vaults.first else { throw HikaeError(.usage, "\(plan.file) names no vault") }
        let others = Array(vaults.dropFirst())
        // What was captured while the first vault was away must be known before anything is compared with it.
        for other in others {
            try bring(from: other, to: first) { unavailable.append(($0, $1)) }
        }
        let histories = try histories(first)
        var results = captureAll(into: first, histories)
        try context.cancellation.check()
        var level = [first.name]
        for other in others {
            if try bring(from: first, to: other, { unavailable.append(($0, $1)) }) { level.append(other.name) }
        }
        let names = plan.vaults.map(\.name)
        for place in results.indices where results[place].capture != nil {
            results[place].vaults = names.filter(level.contains)
        }
        return CaptureRoundReport(results: results, unavailable: unavailable, vaults: names.filter(level.contains))
    }

    /// Copies what is lacking; whether the vaults are level then.
    @discardableResult
    private func bring(
        from source: VaultSession, to destination: VaultSession, _ failed: (String, HikaeError) -> Void
    ) throws(HikaeError) -> Bool {
        let catchUp = CatchUp(
            organisation: plan.organisation, policy: ForgetPolicy(plan.retention), context: context)
        let progress = Progress()
        event(.copying(from: source.name, to: destination.name, progress))
        do throws(HikaeError) {
            try destination.lock?.confirm()
            let count = try catchUp.bring(
                from: source.repository, to: destination.repository, progress: progress)
            event(.copied(from: source.name, to: destination.name, count))
            return true
        } catch {
            if error.code == .cancelled { throw error }
            let named = HikaeError(
                error.code, "copying from vault \(source.name) to vault \(destination.name): \(error.message)",
                hint: error.hint)
            failed(destination.name, named)
            event(.vaultUnavailable(destination.name, named))
            return false
        }
    }

    private func histories(_ vault: VaultSession) throws(HikaeError) -> [SourceName: SourceHistory] {
        let snapshots = try vault.repository.snapshots { [event] id, error in
            event(
                .vaultUnavailable(
                    vault.name, HikaeError(.damaged, "snapshot \(id.short) cannot be read: \(error.message)")))
        }
        return Dictionary(SourceHistory.all(snapshots).map { ($0.name, $0) }) { first, _ in first }
    }

    // MARK: Side by side

    private func captureAll(into vault: VaultSession, _ histories: [SourceName: SourceHistory]) -> [CaptureResult] {
        let next = Mutex(0)
        let results = Mutex<[Int: CaptureResult]>([:])
        let atOnce = max(1, min(options.sources ?? plan.limits.sources, selection.count))
        runThreads(atOnce) { [self] _ in
            while !context.cancellation.isCancelled {
                let place = next.withLock { place in
                    defer { place += 1 }
                    return place
                }
                guard place < selection.count else { return }
                let result = capture(selection[place], into: vault, histories)
                results.withLock { $0[place] = result }
                event(.finished(result))
            }
        }
        let found = results.withLock { $0 }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    private func capture(
        _ pair: (system: PlanSystem, source: PlanSource), into vault: VaultSession,
        _ histories: [SourceName: SourceHistory]
    ) -> CaptureResult {
        let name = SourceName(
            organisation: plan.organisation, system: pair.system.name, source: pair.source.name)
        let history = histories[name] ?? SourceHistory.of(name, in: [])
        let progress = Progress()
        event(.started(name, progress))
        let begun = ContinuousClock.now
        let rules = VerdictRules(
            thresholds: GuardThresholds(pair.source.verdicts), language: ReasonLanguage(plan.language))
        var address = ""
        let outcome: CaptureResult.Outcome
        do throws(HikaeError) {
            let source = try SourceFactory.source(pair.source.kind)
            address = source.address
            let capture = SourceCapture(
                name: name, source: source, rules: rules, vault: vault, history: history, options: options,
                context: context, progress: progress, report: { [event] in event(.warning(name, $0)) })
            outcome = .captured(try capture.run())
        } catch {
            outcome = .failed(error)
        }
        let elapsed = (ContinuousClock.now - begun).components
        return CaptureResult(
            name: name, title: pair.system.title, address: address, outcome: outcome,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18,
            lastGoodBefore: history.lastGood?.snapshot.snapshot.time)
    }
}

// Going to every place that a plan names: secrets first, then vaults, then sources and the places they go back to, side
// by side. Reads no data and changes nothing.

import HikaeCore
import HikaeDestination
import HikaeOperations
import HikaePlan
import HikaeRepository
import HikaeSource
import HikaeStore
import Synchronization

/// A look at everything that a plan names.
struct PlanSurvey {
    let plan: Plan
    let global: GlobalOptions

    /// Looks at everything, telling `report` as it goes. Throws only when it is stopped.
    func run(_ report: inout PlanReport) throws(HikaeError) {
        let missing = try secrets(&report)
        try vaults(&report, missing)
        try places(&report, missing)
    }

    // MARK: Secrets

    /// Fetches each secret once. Returns those that cannot be had.
    private func secrets(_ report: inout PlanReport) throws(HikaeError) -> Set<SecretReference> {
        var outcomes: [SecretReference: HikaeError?] = [:]
        for (reference, place) in references() {
            try Shutdown.cancellation.check()
            if let known = outcomes[reference] {
                // The same file for two things is one secret, and told once when it is there.
                if let error = known { report.bad("secret", place.key, place, error) }
                continue
            }
            do throws(HikaeError) {
                _ = try reference.fetch()
                outcomes[reference] = .some(nil)
                report.good("secret", place.key, "\(reference)")
            } catch {
                let error = advised(error, reference)
                outcomes[reference] = error
                report.bad("secret", place.key, place, error)
            }
        }
        return Set(outcomes.compactMap { $0.value == nil ? nil : $0.key })
    }

    /// A vault's password that is not there may be one of a vault that is not there either.
    private func advised(_ error: HikaeError, _ reference: SecretReference) -> HikaeError {
        guard error.code == .notFound, case .file = reference,
            let vault = plan.vaults.first(where: { $0.password == reference })
        else { return error }
        var error = error
        error.hint =
            (error.hint ?? "") + " For a new vault, `hikae vault init \(vault.name)` makes it and its password."
        return error
    }

    /// Every secret that the plan names, with its place, in the plan's order.
    private func references() -> [(SecretReference, PlanPlace)] {
        var result = plan.vaults.flatMap { vault in
            vault.secrets.map { ($0.reference, vault.places.of($0.key)) }
        }
        for (_, source) in plan.sources {
            result += source.kind.secrets.map { ($0.reference, source.places.of($0.key)) }
            if let restore = source.restore {
                result += restore.kind.secrets.map { ($0.reference, restore.places.of($0.key)) }
            }
        }
        return result
    }

    // MARK: Vaults

    private func vaults(_ report: inout PlanReport, _ missing: Set<SecretReference>) throws(HikaeError) {
        for vault in plan.vaults {
            try Shutdown.cancellation.check()
            // Its secret's line has told what is the matter.
            if vault.secrets.contains(where: { missing.contains($0.reference) }) { continue }
            do throws(HikaeError) {
                var opening = VaultOpener.Options()
                opening.remote = try Session.remoteOptions(global)
                let context = WorkContext(cancellation: Shutdown.cancellation)
                let store = try VaultOpener(plan, options: opening, context: context).store(of: vault)
                let repository = try Repository.open(
                    store, password: try vault.password.fetch().bytes, options: try Session.openOptions(global))
                let count = try store.list(.snapshot).count
                report.good(
                    "vault", vault.name,
                    report.words.say(
                        "\(repository.store.location) を開けました。スナップショット \(count) 件",
                        "\(repository.store.location) opens; it has \(Words.count(count, "snapshot"))"))
            } catch {
                if error.code == .cancelled { throw error }
                report.bad("vault", vault.name, vault.places.of("repository"), advised(error, vault))
            }
        }
    }

    private func advised(_ error: HikaeError, _ vault: PlanVault) -> HikaeError {
        guard error.code == .noRepository else { return error }
        var error = error
        error.hint = "Is its disk mounted? If it is a new vault: `hikae vault init \(vault.name)` makes it."
        return error
    }

    // MARK: Sources and places to restore to

    private typealias Answer = Result<ServiceIdentity, HikaeError>

    /// Something that is logged in to.
    private struct Stop {
        /// "source" or "restore".
        var subject: String
        var name: String
        var kind: PlanSourceKind
        var place: PlanPlace

        func ask() throws(HikaeError) -> ServiceIdentity {
            subject == "source"
                ? try SourceFactory.source(kind).probe() : try DestinationFactory.destination(kind).probe()
        }
    }

    /// Every source, each followed by the place that it goes back to.
    private func stops() -> [Stop] {
        plan.sources.flatMap { system, source in
            let name = "\(system.name)/\(source.name)"
            let there = source.restore.map { restore in
                Stop(
                    subject: "restore", name: name, kind: restore.kind,
                    place: restore.places.of(restore.kind.name.rawValue))
            }
            let here = Stop(
                subject: "source", name: name, kind: source.kind, place: source.places.of(source.kind.name.rawValue))
            return [here] + [there].compactMap { $0 }
        }
    }

    /// Asks them, as many side by side as the plan allows; tells of them in the plan's order.
    private func places(_ report: inout PlanReport, _ missing: Set<SecretReference>) throws(HikaeError) {
        let stops = stops().filter { stop in !stop.kind.secrets.contains { missing.contains($0.reference) } }
        let answers = Mutex<[Int: Answer]>([:])
        let next = Atomic<Int>(0)
        let display = Mutex((report: report, shown: 0))
        runThreads(min(plan.limits.sources, max(1, stops.count))) { _ in
            while !Shutdown.cancellation.isCancelled {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < stops.count else { return }
                let answer = Self.ask(stops[index])
                answers.withLock { $0[index] = answer }
                display.withLock { display in
                    while let answer = answers.withLock({ $0[display.shown] }) {
                        Self.show(answer, stops[display.shown], &display.report)
                        display.shown += 1
                    }
                }
            }
        }
        report = display.withLock { $0.report }
        try Shutdown.cancellation.check()
    }

    private static func ask(_ stop: Stop) -> Answer {
        do throws(HikaeError) {
            return .success(try stop.ask())
        } catch {
            return .failure(error)
        }
    }

    private static func show(_ answer: Answer, _ stop: Stop, _ report: inout PlanReport) {
        switch answer {
        case .success(let identity):
            report.good(
                stop.subject, stop.name, "\(stop.kind.address) (\(identity.software))", notes: identity.notes)
        case .failure(let error): report.bad(stop.subject, stop.name, stop.place, error)
        }
    }
}

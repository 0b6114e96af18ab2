// `hikae copy` by a plan: brings its vaults level, and captures nothing.

import HikaeCore
import HikaeFormat
import HikaeOperations

/// Brings the vaults of a plan level.
struct PlanCopy {
    let session: PlanSession

    func run() throws(HikaeError) -> ExitStatus {
        let display = PlanProgress()
        defer { display.stop() }
        var options = CaptureRound.Options(program: Program.title)
        options.vaults = session.vaults
        let report = try CaptureRound(
            session.plan, sources: [], options: options, context: session.context,
            event: { Self.show($0, display) }
        ).run()
        display.stop()
        let console = Console.shared
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "summary")
                json.key("vaults")
                json.strings(report.vaults)
                json.key("unavailable")
                json.strings(report.unavailable.map(\.vault))
            }
        } else {
            console.note(
                session.words.say("最新の状態になった保管先: ", "level: ") + report.vaults.joined(separator: ", "))
        }
        return report.unavailable.isEmpty && report.withoutParity.isEmpty ? .done : .failed
    }

    private static func show(_ event: CaptureEvent, _ display: PlanProgress) {
        switch event {
        case .copying(let source, let target, let progress):
            display.begin("\(source) -> \(target)", unit: "packs", progress)
        case .copied(let source, let target, let count):
            display.end("\(source) -> \(target)")
            if count > 0 {
                Console.shared.note("\(source) -> \(target): \(Words.count(count, "snapshot")) copied")
            }
        case .vaultUnavailable(_, let error): ErrorDisplay.passing(error, during: "vault")
        case .parityFailed(let vault, let error): ErrorDisplay.passing(error, during: "parity", item: vault)
        case .started, .warning, .finished: break
        }
    }
}

// Putting a company's captures back, one after the other in the order in which they are missed, and proving each.

public import HikaeCore
public import HikaeDestination
import HikaeFormat
import HikaeGuard
import HikaeSource

/// One source on its way back.
public struct ReturnStep: Sendable {
    public let capture: ChosenCapture
    public let destination: any Destination

    public init(capture: ChosenCapture, destination: any Destination) {
        self.capture = capture
        self.destination = destination
    }
}

/// What became of one source.
public struct ReturnResult: Sendable {
    public let step: ReturnStep
    /// Nil when it did not come so far.
    public var preview: ReturnPreview?
    public var summary: ReturnSummary?
    public var verification: Verification?
    /// What ended it early.
    public var error: HikaeError?
    /// Items that could not be handled: the first hundred.
    public var problems: [HikaeError] = []
    public var seconds = 0.0

    /// Whether everything is there and was found equal.
    public var isProved: Bool {
        error == nil && summary?.errors ?? 0 == 0 && verification?.isWhole == true
    }
}

/// What a restore tells while it works.
public enum ReturnEvent: Sendable {
    case began(ReturnStep, number: Int, of: Int)
    case previewed(ReturnStep, ReturnPreview)
    case restored(ReturnStep, ReturnSummary)
    case verified(ReturnStep, Verification)
    case problem(ReturnStep, HikaeError)
    case ended(ReturnResult)
}

/// Puts captures back.
public struct CompanyReturn: Sendable {
    /// What is to be done.
    public struct Options: Sendable {
        public var destination = ReturnOptions()
        /// Only says what would be written.
        public var isDryRun = false
        /// Compares with the facts afterwards.
        public var verifies = true

        public init() {}
    }

    private let options: Options
    private let cancellation: Cancellation
    private let progress: Progress
    private let onEvent: @Sendable (ReturnEvent) -> Void

    /// - Parameter onEvent: told, from any thread, of what happens.
    public init(
        options: Options, progress: Progress = Progress(), cancellation: Cancellation = Cancellation(),
        onEvent: @escaping @Sendable (ReturnEvent) -> Void = { _ in }
    ) {
        self.options = options
        self.progress = progress
        self.cancellation = cancellation
        self.onEvent = onEvent
    }

    /// Puts back each step in turn. One that fails does not hold up the others. Throws `.cancelled` only.
    public func run(_ steps: [ReturnStep]) throws(HikaeError) -> [ReturnResult] {
        var results: [ReturnResult] = []
        for (number, step) in steps.enumerated() {
            try cancellation.check()
            onEvent(.began(step, number: number + 1, of: steps.count))
            let result = run(step)
            if let error = result.error, error.code == .cancelled { throw error }
            onEvent(.ended(result))
            results.append(result)
        }
        return results
    }

    private func run(_ step: ReturnStep) -> ReturnResult {
        let problems = ProblemList()
        let watch = ReturnWatch(progress: progress, cancellation: cancellation) { error in
            problems.add(error)
            onEvent(.problem(step, error))
        }
        var result = ReturnResult(step: step)
        let begun = MonotonicTime.seconds()
        do throws(HikaeError) {
            try perform(step, watch, &result)
        } catch {
            result.error = error
        }
        result.problems = problems.all
        result.seconds = MonotonicTime.seconds() - begun
        return result
    }

    private func perform(_ step: ReturnStep, _ watch: ReturnWatch, _ result: inout ReturnResult) throws(HikaeError) {
        let (content, destination) = (step.capture.content, step.destination)
        if options.isDryRun {
            progress.begin(phase: "comparing \(step.capture.name)")
            let preview = try destination.preview(content, options.destination, watch)
            result.preview = preview
            onEvent(.previewed(step, preview))
            return
        }
        let facts = step.capture.record?.facts
        progress.begin(phase: "restoring \(step.capture.name)", bytes: Int(clamping: facts?.bytes ?? 0))
        let summary = try destination.restore(content, options.destination, watch)
        result.summary = summary
        onEvent(.restored(step, summary))
        guard options.verifies else { return }
        progress.begin(phase: "verifying \(step.capture.name)", bytes: Int(clamping: facts?.bytes ?? 0))
        let verification = try destination.verify(content, facts: facts, options.destination, watch)
        result.verification = verification
        onEvent(.verified(step, verification))
    }
}

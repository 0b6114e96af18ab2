// Tests that share servers take turns: roles belong to a whole server, and so do captures of all its databases.

import Testing

/// Lets one test of all suites that have this trait run at a time. `.serialized` does so within a suite alone.
struct OneAtATime: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // A suite as a whole is no test.
        guard testCase != nil else { return try await function() }
        await Turns.shared.take()
        do {
            try await function()
        } catch {
            await Turns.shared.give()
            throw error
        }
        await Turns.shared.give()
    }
}

extension Trait where Self == OneAtATime {
    /// One test at a time among all suites that have this trait.
    static var oneAtATime: OneAtATime { OneAtATime() }
}

/// Whose turn it is. Who waits holds no thread.
private actor Turns {
    static let shared = Turns()
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func give() {
        // The turn passes on without being free in between.
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}

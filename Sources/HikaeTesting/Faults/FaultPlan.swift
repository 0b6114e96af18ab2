// What is to go wrong, and when: decided here, carried out by FaultyStore, remembered in the log.

public import HikaeCore
public import HikaeStore
internal import Synchronization

/// The calls a store knows.
public enum StoreCall: String, Sendable, CaseIterable {
    case create, save, load, read, size, list, remove, flush

    /// The calls that change what is stored, or make it durable.
    public static let changing: Set<StoreCall> = [.create, .save, .remove, .flush]
}

/// What becomes of a call.
public enum FaultEffect: Sendable {
    /// It fails and has done nothing.
    case fail(HikaeError)
    /// It does its work and fails all the same, as when an answer is lost.
    case failAfter(HikaeError)
    /// The process is dead from here on: this call and every later one fail and do nothing.
    case die
    /// As `die`, but a save leaves its first bytes under a temporary name, as far as the store has such names.
    case dieTorn(keeping: Int)
    /// What is read comes with one bit turned over: of the byte at this position, counted modulo the length.
    case flip(byte: Int)
    /// It takes this long on the plan's clock, then goes on.
    case delay(nanoseconds: UInt64)
}

/// One call as it was made.
public struct LoggedCall: Sendable, Hashable {
    /// What was called.
    public let call: StoreCall
    /// The kind of file concerned, or listed; nil for `create` and `flush`.
    public let kind: FileKind?
    /// The file concerned; nil for calls that concern none.
    public let file: StoredFile?
    /// Whether it was made to fail or to lie.
    public let isFaulty: Bool
}

/// When what goes wrong, over all calls of one ``FaultyStore``.
public final class FaultPlan: Sendable {
    /// One thing that goes wrong.
    public struct Rule: Sendable {
        var calls: Set<StoreCall>
        var kinds: Set<FileKind>?
        var numbers: Range<Int>
        var effect: FaultEffect
        var seen = 0
    }

    private struct State {
        var rules: [Rule]
        var isDead = false
        var log: [LoggedCall] = []
        var bytesLeft: Int?
    }

    private let state: Mutex<State>
    let clock: any PaceClock

    /// Rules are asked in order; the first that applies decides. All of them count every call that matches.
    public init(_ rules: [Rule] = [], spaceLeft: Int? = nil, clock: any PaceClock = ManualPaceClock()) {
        state = Mutex(State(rules: rules, bytesLeft: spaceLeft))
        self.clock = clock
    }

    /// The process dies at call `number` (counted from 0) of `calls`: the calls before it are carried out.
    public static func dying(
        at number: Int, of calls: Set<StoreCall> = Set(StoreCall.allCases), tornAt bytes: Int? = nil
    ) -> FaultPlan {
        let effect = bytes.map { FaultEffect.dieTorn(keeping: $0) } ?? .die
        return FaultPlan([.on(calls, numbers: number..<number + 1, effect)])
    }

    /// Saves succeed until they have stored `bytes` in all; the one that does not fit fails and so do those behind it.
    public static func full(after bytes: Int) -> FaultPlan { FaultPlan(spaceLeft: bytes) }

    /// Everything that was called so far, in order.
    public var log: [LoggedCall] { state.withLock { $0.log } }

    /// Whether the process has died.
    public var isDead: Bool { state.withLock { $0.isDead } }

    /// How many of `calls` were made so far, dead ones included.
    public func count(_ calls: Set<StoreCall> = Set(StoreCall.allCases)) -> Int {
        state.withLock { $0.log.count { calls.contains($0.call) } }
    }

    /// From now on nothing goes wrong: the cause is gone, or a new process begins.
    public func heal() {
        state.withLock { ($0.rules, $0.isDead, $0.bytesLeft) = ([], false, nil) }
    }

    /// The error of a dead process.
    static let dead = HikaeError(.inputOutput, "the process has been killed (by a fault plan)")
    static let noSpace = HikaeError(.noSpace, "no space left (by a fault plan)")

    /// Logs a call and says what becomes of it; nil: nothing special.
    func next(_ call: StoreCall, _ kind: FileKind?, _ file: StoredFile?, bytes: Int = 0) -> FaultEffect? {
        state.withLock { state in
            let effect = Self.decide(&state, call, kind, bytes)
            state.log.append(LoggedCall(call: call, kind: kind, file: file, isFaulty: effect != nil))
            return effect
        }
    }

    private static func decide(_ state: inout State, _ call: StoreCall, _ kind: FileKind?, _ bytes: Int) -> FaultEffect?
    {
        if state.isDead { return .die }
        var effect: FaultEffect?
        for index in state.rules.indices where state.rules[index].matches(call, kind) {
            let number = state.rules[index].seen
            state.rules[index].seen += 1
            if effect == nil, state.rules[index].numbers.contains(number) { effect = state.rules[index].effect }
        }
        switch effect {
        case .die, .dieTorn: state.isDead = true
        case nil:
            guard call == .save, let left = state.bytesLeft else { break }
            guard bytes <= left else { return .fail(noSpace) }
            state.bytesLeft = left - bytes
        default: break
        }
        return effect
    }
}

extension FaultPlan.Rule {
    /// The calls with these numbers, counted from 0 among `calls` on files of `kinds` (nil: of any or none).
    public static func on(
        _ calls: Set<StoreCall>, of kinds: Set<FileKind>? = nil, numbers: Range<Int>, _ effect: FaultEffect
    ) -> Self { Self(calls: calls, kinds: kinds, numbers: numbers, effect: effect) }

    /// Every such call.
    public static func every(
        _ calls: Set<StoreCall>, of kinds: Set<FileKind>? = nil, _ effect: FaultEffect
    ) -> Self { Self(calls: calls, kinds: kinds, numbers: 0..<Int.max, effect: effect) }

    func matches(_ call: StoreCall, _ kind: FileKind?) -> Bool {
        guard calls.contains(call) else { return false }
        guard let kinds else { return true }
        return kind.map(kinds.contains) ?? false
    }
}

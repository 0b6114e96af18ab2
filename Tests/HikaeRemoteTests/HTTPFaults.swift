// What the tests of faults over HTTP have in common, S3 and REST: which requests a call makes, how each is broken, and
// what must come of it.

import HikaeCore
import HikaeHTTP
import HikaeRemote
import HikaeStore
import HikaeTesting
import Testing

/// A proxy in front of a server that breaks what goes through it.
protocol FaultProxy {
    /// Sets the rules, as JSON, and forgets what came through.
    func set(_ rules: String) throws

    /// How many requests came through.
    func count() throws -> Int
}

/// The requests of each call over one protocol.
struct HTTPFaults: Sendable {
    /// The methods of the requests that a call cannot do without, as a part of a regular expression.
    let methods: @Sendable (FaultCall) -> String
    /// Whether what the call makes first has a body that can be cut short.
    let hasBody: @Sendable (FaultCall) -> Bool
    /// How each request fails, for whatever has been sent.
    let faults: [String]

    /// What is broken in a body.
    static let bodyFaults = [#""truncate": 20"#, #""truncate": 0"#, #""drip": 0.4"#]
    static let drops = [#""reset": true"#, #""stall": true"#, #""status": 502, "body": "<html>Bad Gateway</html>""#]

    /// What is told from a busy machine by patience alone.
    private static let slow = [#""stall": true"#, #""drip": 0.4"#]
    /// The patience of a client that finds out soon what is slow, and of one that never takes a busy machine for it.
    static let hurried = Patience(connect: 60, silence: 2, window: 3, windowBytes: 1024)
    static let patient = Patience(connect: 60, silence: 120, window: 120, windowBytes: 1024)

    func match(_ call: FaultCall) -> String { "^(\(methods(call))) " }

    /// Each fault once: the call is made again, once, and does what it says.
    ///
    /// - Parameter rig: makes a store, a hurried one if told so.
    func once(_ call: FaultCall, _ rig: (Bool) throws -> (any FaultProxy, any ObjectStore)) throws {
        for fault in faults + (hasBody(call) ? Self.bodyFaults : []) {
            let isSlow = Self.slow.contains(fault)
            let (proxy, store) = try rig(isSlow)
            let clock = ManualPaceClock()
            try proxy.set(#"[{"match": "\#(match(call))", "times": 1, \#(fault)}]"#)
            do {
                let policy = isSlow ? FaultCall.hurriedPolicy : .standard
                try call.perform(on: RetryingStore(store, policy: policy, clock: clock))
            } catch {
                Issue.record("\(call) with \(fault): \(error)")
            }
            // Who is hurried takes a busy machine for a silent server.
            let tries = clock.pauses.count
            #expect(tries == 1 || isSlow && tries > 1, "\(call) with \(fault) was made again \(tries) times")
            if fault.contains("Retry-After") { #expect(clock.pauses.first ?? 0 >= 7_000_000_000, "\(call)") }
        }
    }

    /// Each fault again and again: it is told, as what may pass, after as many attempts as there may be.
    func always(
        _ call: FaultCall, _ codes: Set<HikaeError.Code>, _ rig: () throws -> (any FaultProxy, any ObjectStore)
    ) throws {
        let policy = RetryPolicy(attempts: 3, firstPause: 1, longestPause: 1)
        for fault in faults where !fault.contains("stall") {
            let (proxy, store) = try rig()
            try proxy.set(#"[{"match": "\#(match(call))", \#(fault)}]"#)
            let error = try refusal {
                try call.perform(on: RetryingStore(store, policy: policy, clock: ManualPaceClock()))
            }
            #expect(error?.isRetryable == true, "\(call) with \(fault): \(String(describing: error))")
            #expect(
                error.map { codes.contains($0.code) } == true, "\(call) with \(fault): \(String(describing: error))")
            #expect(try proxy.count() >= 3)
        }
    }
}

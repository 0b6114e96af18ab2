// An answer on its way: its head, then its body through a small buffer. The server is held back while nobody reads.

package import AsyncHTTPClient
package import HikaeCore
package import NIOCore
package import NIOHTTP1
import Synchronization

/// One response. Filled by the event loop, read by one thread.
package final class ResponseStream: HTTPClientResponseDelegate, Sendable {
    package typealias Response = Void

    private struct State {
        var head: ResponseHead?
        var parts: [ByteBuffer] = []
        var buffered = 0
        var isEnded = false
        var failure: HikaeError?
        var isClosed = false
        /// Completed when the server may send on.
        var goOn: EventLoopPromise<Void>?
    }

    /// What the thread that reads keeps count of.
    private struct Pace: Sendable {
        var waited = 0.0
        var bytes = 0
    }

    /// Bytes that may lie here before the server is held back.
    package static let capacity = 512 << 10

    private let state = Monitor(State())
    /// Parts of the request's body that went out.
    private let sent = Atomic<Int>(0)
    private let pace = Monitor(Pace())
    private let patience: Patience
    private let cancellation: Cancellation
    private let translate: @Sendable (any Error) -> HikaeError

    /// Bytes of the request's body.
    private let bodyCount: Int

    /// - Parameters:
    ///   - bodyCount: bytes of the request's body.
    ///   - translate: makes errors of the library into ours.
    init(
        _ patience: Patience, _ cancellation: Cancellation, bodyCount: Int,
        translate: @escaping @Sendable (any Error) -> HikaeError
    ) {
        (self.patience, self.cancellation, self.bodyCount, self.translate) = (
            patience, cancellation, bodyCount, translate
        )
    }

    // What the library tells, on its event loop.

    package func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let fields = head.headers.map { WireField($0.name.lowercased(), $0.value) }
        state.withLock { $0.head = ResponseHead(status: Int(head.status.code), headers: fields) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    package func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        state.withLock { state in
            guard !state.isClosed else { return task.eventLoop.makeFailedFuture(HTTPClientError.cancelled) }
            if buffer.readableBytes > 0 { state.parts.append(buffer) }
            state.buffered += buffer.readableBytes
            guard state.buffered >= Self.capacity else { return task.eventLoop.makeSucceededVoidFuture() }
            let promise = task.eventLoop.makePromise(of: Void.self)
            state.goOn = promise
            return promise.futureResult
        }
    }

    /// A part of the request's body went out: as long as that goes on, nobody expects an answer.
    package func didSendRequestPart(task: HTTPClient.Task<Void>, _ part: IOData) { sent.add(1, ordering: .relaxed) }

    package func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) { fail(error) }

    package func didFinishRequest(task: HTTPClient.Task<Void>) { state.withLock { $0.isEnded = true } }

    /// Ends the stream with an error, unless it has ended.
    func fail(_ error: any Error) {
        let error = translate(error)
        let promise = state.withLock { state in
            if !state.isEnded, state.failure == nil { state.failure = error }
            defer { state.goOn = nil }
            return state.goOn
        }
        promise?.succeed(())
    }

    // What the reader asks.

    /// Waits for the head, in any case as long as the request's body goes out.
    ///
    /// - Parameter extra: seconds more than usual, for a server that has much to do before it answers.
    package func head(extra: Double = 0) throws(HikaeError) -> ResponseHead {
        let found = try wait(seconds: patience.silence(afterSending: bodyCount) + extra, isPaced: false) {
            state -> Result<ResponseHead, HikaeError>? in
            if let head = state.head { return .success(head) }
            if let failure = state.failure { return .failure(failure) }
            return nil
        }
        return try found.get()
    }

    /// Reads the next bytes; 0 at the end. Throws when the connection breaks before it.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        guard !buffer.isEmpty else { return 0 }
        let found = try wait(seconds: patience.silence, isPaced: true) {
            state -> Result<(Int, EventLoopPromise<Void>?), HikaeError>? in
            var count = 0
            while count < buffer.count, let part = state.parts.first {
                let taken = min(part.readableBytes, buffer.count - count)
                part.withUnsafeReadableBytes { bytes in
                    guard let from = bytes.baseAddress, let to = buffer.baseAddress else { return }
                    (to + count).copyMemory(from: from, byteCount: taken)
                }
                count += taken
                if taken == part.readableBytes {
                    state.parts.removeFirst()
                } else {
                    state.parts[0].moveReaderIndex(forwardBy: taken)
                }
            }
            if count > 0 {
                state.buffered -= count
                guard state.buffered < Self.capacity / 2 else { return .success((count, nil)) }
                defer { state.goOn = nil }
                return .success((count, state.goOn))
            }
            if let failure = state.failure { return .failure(failure) }
            return state.isEnded ? .success((0, nil)) : nil
        }
        let (count, promise) = try found.get()
        promise?.succeed(())
        pace.withLock { $0.bytes += count }
        return count
    }

    /// Everything to the end. Throws `.protocolViolation` beyond `limit` bytes.
    package func all(limit: Int) throws(HikaeError) -> [UInt8] {
        var whole: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try part.withMutableBytes { bytes throws(HikaeError) in try read(into: bytes) }
            if count == 0 { return whole }
            guard whole.count + count <= limit else {
                throw HikaeError(.protocolViolation, "the server sent more than \(limit) bytes where that is too much")
            }
            whole += part[..<count]
        }
    }

    /// What comes from now on is not wanted.
    package func close() {
        let promise = state.withLock { state in
            state.isClosed = true
            state.parts = []
            defer { state.goOn = nil }
            return state.goOn
        }
        promise?.fail(HTTPClientError.cancelled)
    }

    /// Waits for a value in slices, so that a wish to stop is seen, and only for so long after the last sign of life.
    ///
    /// - Parameter isPaced: whether what comes is to come at some pace.
    private func wait<Value>(seconds: Double, isPaced: Bool, for value: (inout State) -> Value?) throws(HikaeError)
        -> Value
    {
        var (waited, seen) = (0.0, sent.load(ordering: .relaxed))
        while true {
            let begun = ContinuousClock.now
            if let found = state.wait(seconds: min(0.25, seconds), until: value) {
                if isPaced { try keepPace(begun.duration(to: .now)) }
                return found
            }
            try cancellation.check()
            let slice = begun.duration(to: .now)
            let now = sent.load(ordering: .relaxed)
            waited = now == seen ? waited + slice.seconds : 0
            seen = now
            guard waited < seconds else {
                throw HikaeError(
                    .unreachable, "the server sent nothing for \(Int(seconds.rounded(.up))) seconds", isRetryable: true)
            }
            if isPaced { try keepPace(slice) }
        }
    }

    /// Throws when bytes only drip.
    private func keepPace(_ slice: Duration) throws(HikaeError) {
        let isTooSlow = pace.withLock { pace in
            pace.waited += slice.seconds
            guard pace.waited >= patience.window else { return false }
            defer { pace = Pace() }
            return pace.bytes < patience.windowBytes
        }
        if isTooSlow {
            throw HikaeError(
                .unreachable,
                "the server sent less than \(patience.windowBytes) bytes in \(Int(patience.window)) seconds",
                isRetryable: true)
        }
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

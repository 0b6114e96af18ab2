// A range of an open file into memory: all pieces asked for at once, each put where it belongs.

import HikaeCore

/// One range on its way. Used once.
final class RangeFetch: Sendable {
    /// Memory that the caller keeps until `run` returns.
    ///
    /// `@unchecked Sendable` is sound because each piece writes a part of its own, and `run` returns only when every
    /// request has been answered.
    struct Target: @unchecked Sendable {
        let buffer: UnsafeMutableRawBufferPointer

        init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }
    }

    private struct State {
        var awaited = 0
        /// Where the file ends, as far as that has shown.
        var end: Int
        var failure: HikaeError?
    }

    private let path: [UInt8]
    private let handle: [UInt8]
    private let offset: UInt64
    private let target: Target
    private let channel: SFTPChannel
    private let monitor: Monitor<State>

    init(path: [UInt8], handle: [UInt8], offset: UInt64, target: Target, on channel: SFTPChannel) {
        (self.path, self.handle, self.offset, self.target, self.channel) = (path, handle, offset, target, channel)
        monitor = Monitor(State(end: target.buffer.count))
    }

    /// Reads; the number of bytes from the start that are there.
    func run() throws(HikaeError) -> Int {
        let piece = Int(channel.features.readLength)
        let count = target.buffer.count
        let ranges = stride(from: 0, to: count, by: piece).map { $0..<min($0 + piece, count) }
        monitor.withLock { $0.awaited = ranges.count }
        for range in ranges { ask(range) }
        let (end, failure) = monitor.wait { $0.awaited == 0 ? ($0.end, $0.failure) : nil }
        if let failure { throw failure }
        return end
    }

    private func ask(_ range: Range<Int>) {
        let request = Request.read(
            handle: handle, offset: offset + UInt64(range.lowerBound), length: UInt32(range.count))
        channel.send(request) { [self] answer in take(answer, range) }
    }

    private func take(_ answer: Answer, _ range: Range<Int>) {
        switch answer {
        case .broken(let error): done(failure: error)
        case .reply(.data(let bytes)):
            guard bytes.count <= range.count, !bytes.isEmpty, let base = target.buffer.baseAddress,
                let from = bytes.baseAddress
            else {
                let words =
                    "the server sent \(bytes.count) bytes of \(Printable.path(path)) where \(range.count) were asked for"
                return done(failure: HikaeError(.protocolViolation, words))
            }
            (base + range.lowerBound).copyMemory(from: from, byteCount: bytes.count)
            let rest = range.lowerBound + bytes.count..<range.upperBound
            // A server may give less than was asked for; that is no end.
            if rest.isEmpty { done() } else { ask(rest) }
        case .reply(.status(let status)) where status.code == ReplyStatus.endOfFile: done(end: range.lowerBound)
        case .reply(let reply): done(failure: reply.failure("read", path))
        }
    }

    private func done(end: Int? = nil, failure: HikaeError? = nil) {
        monitor.withLock { state in
            state.awaited -= 1
            if let end { state.end = min(state.end, end) }
            if let failure, state.failure == nil { state.failure = failure }
        }
    }
}

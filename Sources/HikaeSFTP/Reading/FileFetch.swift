// A small file on its way: opened, read and closed without anybody waiting between the steps.

import HikaeCore

/// One file fetched whole.
///
/// One byte more than the file is known to have is asked for, so that one that grew is noticed.
final class FileFetch: Sendable {
    enum Outcome: Sendable {
        case content([UInt8])
        /// It is longer or shorter than it was said to be, or the server gives it in smaller pieces: it is to be
        /// streamed.
        case differs
        case failed(HikaeError)
    }

    private enum Phase {
        case waiting, underWay
        case done(Outcome)
    }

    private struct State {
        var phase = Phase.waiting
        var content: [UInt8] = []
        var awaited = 0
        var differs = false
    }

    let path: [UInt8]
    let size: Int
    private let monitor = Monitor(State())

    init(path: [UInt8], size: Int) { (self.path, self.size) = (path, size) }

    /// Begins, unless it has begun already. `done` is called on the channel's thread when it is over.
    @discardableResult
    func start(on channel: SFTPChannel, done: @escaping @Sendable () -> Void = {}) -> Bool {
        let isFirst = monitor.withLock { state in
            guard case .waiting = state.phase else { return false }
            state.phase = .underWay
            return true
        }
        guard isFirst else { return false }
        channel.send(.open(path: path, access: .read, attributes: FileAttributes())) { [self] answer in
            switch answer {
            case .broken(let error): end(.failed(error), done)
            case .reply(.handle(let handle)): read(handle, on: channel, done)
            case .reply(let reply): end(.failed(reply.failure("open", path)), done)
            }
        }
        return true
    }

    /// Whether it was begun.
    var hasBegun: Bool {
        monitor.withLock { if case .waiting = $0.phase { false } else { true } }
    }

    /// What came of it, once it is over. The content is handed out once.
    func wait() -> Outcome {
        monitor.wait { state in
            guard case .done(let outcome) = state.phase else { return nil }
            state.phase = .done(.differs)
            return outcome
        }
    }

    private func read(_ handle: [UInt8], on channel: SFTPChannel, _ done: @escaping @Sendable () -> Void) {
        let piece = Int(channel.features.readLength)
        let pieces = size / piece + 1
        if pieces > 1 {
            monitor.withLock { $0.content = [UInt8](repeating: 0, count: size) }
        }
        monitor.withLock { $0.awaited = pieces }
        for number in 0..<pieces {
            let offset = number * piece
            let wanted = min(piece, size - offset)
            // The last piece asks for the byte too many.
            let length = number == pieces - 1 ? wanted + 1 : piece
            channel.send(.read(handle: handle, offset: UInt64(offset), length: UInt32(length))) { [self] answer in
                switch answer {
                case .broken(let error): end(.failed(error), done)
                case .reply(let reply): take(reply, offset: offset, wanted: wanted, done)
                }
            }
        }
        channel.closeSoon(handle)
    }

    private func take(_ reply: Reply, offset: Int, wanted: Int, _ done: @Sendable () -> Void) {
        if case .status(let status) = reply, status.code != ReplyStatus.endOfFile {
            return end(.failed(reply.failure("read", path)), done)
        }
        let outcome = monitor.withLock { state -> Outcome? in
            switch reply {
            case .data(let bytes) where bytes.count == wanted:
                if state.content.isEmpty, wanted == size {
                    state.content = Array(bytes)
                } else {
                    state.content.withUnsafeMutableBytes { content in
                        UnsafeMutableRawBufferPointer(rebasing: content[offset..<offset + wanted]).copyMemory(
                            from: bytes)
                    }
                }
            case .status where wanted == 0: break
            default: state.differs = true
            }
            state.awaited -= 1
            guard state.awaited == 0 else { return nil }
            defer { state.content = [] }
            return state.differs ? .differs : .content(state.content)
        }
        if let outcome { end(outcome, done) }
    }

    private func end(_ outcome: Outcome, _ done: @Sendable () -> Void) {
        let isFirst = monitor.withLock { state in
            if case .done = state.phase { return false }
            state.phase = .done(outcome)
            return true
        }
        if isFirst { done() }
    }
}

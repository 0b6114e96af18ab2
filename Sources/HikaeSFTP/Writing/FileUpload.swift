// A small file on its way to the server: nobody waits between the steps.

import HikaeCore
import HikaeFormat

/// Where an upload failed, which tells what the failure means.
struct UploadFailure: Sendable {
    enum Step: Sendable { case create, write, place }

    var step: Step
    var error: HikaeError
}

/// One file, written under another name and then moved to its place, so that nobody ever sees half of it.
final class FileUpload: Sendable {
    /// How it comes to its place.
    struct Placing: Sendable {
        var path: [UInt8]
        var part: [UInt8]
        /// Whether what stands in the place may be replaced.
        var replaces: Bool
    }

    private struct State {
        /// Pieces that have been sent.
        var pieces = 0
        /// Requests whose answers have not come.
        var awaited = 0
        /// Nothing more is to be sent before all answers are there.
        var isSent = false
        var failure: UploadFailure?
        var isOver = false
    }

    /// What an answer lets happen.
    private enum Step { case piece(Int), tail, place, nothing }

    /// Pieces on their way at once: what lies in this program's memory besides the content.
    private static let window = 16

    private let placing: Placing
    private let attributes: FileAttributes
    private let content: UploadContent
    /// Whether the server is asked for the length it has, and to bring it to disk, before it comes to its place.
    private let isCertain: Bool
    private let channel: SFTPChannel
    private let done: @Sendable (UploadFailure?) -> Void
    private let monitor = Monitor(State())

    /// - Parameter done: called once, on the channel's thread; must not wait.
    init(
        _ placing: Placing, _ attributes: FileAttributes, content: UploadContent, isCertain: Bool = false,
        on channel: SFTPChannel, done: @escaping @Sendable (UploadFailure?) -> Void
    ) {
        self.placing = placing
        self.attributes = attributes
        self.content = content
        self.isCertain = isCertain
        self.channel = channel
        self.done = done
    }

    private var synchronizes: Bool { isCertain && channel.features.synchronizes }

    func start() {
        channel.send(PartFile.creating(placing.part)) { [self] answer in
            switch answer {
            case .broken(let error): end(UploadFailure(step: .create, error: error))
            case .reply(.handle(let handle)): write(handle)
            case .reply(let reply):
                end(UploadFailure(step: .create, error: reply.failure("create", placing.path)))
            }
        }
    }

    private func write(_ handle: [UInt8]) {
        for _ in 0..<Self.window {
            let step = monitor.withLock { next(&$0) }
            if case .nothing = step { return }
            go(step, handle)
        }
    }

    /// What is to be done now; noted as done.
    private func next(_ state: inout State) -> Step {
        let piece = Int(channel.features.writeLength)
        if state.failure == nil, state.pieces * piece < content.count {
            state.awaited += 1
            defer { state.pieces += 1 }
            return .piece(state.pieces)
        }
        guard state.isSent else {
            state.isSent = true
            state.awaited += 2 + (isCertain ? 1 : 0) + (synchronizes ? 1 : 0)
            return .tail
        }
        return state.awaited == 0 ? .place : .nothing
    }

    private func go(_ step: Step, _ handle: [UInt8]) {
        switch step {
        case .piece(let number):
            content.withBytes { bytes in
                let piece = Int(channel.features.writeLength)
                let range = number * piece..<min((number + 1) * piece, bytes.count)
                let part = UnsafeRawBufferPointer(rebasing: bytes[range])
                channel.send(.write(handle: handle, offset: UInt64(range.lowerBound), bytes: part)) { [self] answer in
                    take(answer, "write", .write, handle)
                }
            }
        case .tail:
            channel.send(.setHandleStatus(handle: handle, attributes: attributes)) { [self] answer in
                take(answer, "set mode and time of", .place, handle)
            }
            if isCertain {
                channel.send(.handleStatus(handle: handle)) { [self] answer in takeLength(answer, handle) }
            }
            if synchronizes {
                channel.send(.synchronize(handle: handle)) { [self] answer in
                    take(answer, "bring to disk", .write, handle)
                }
            }
            channel.send(.close(handle: handle)) { [self] answer in take(answer, "write", .write, handle) }
        case .place:
            if let failure = monitor.withLock({ $0.failure }) {
                channel.send(.remove(path: placing.part)) { _ in }
                return end(failure)
            }
            place()
        case .nothing: return
        }
    }

    private func take(_ answer: Answer, _ action: String, _ step: UploadFailure.Step, _ handle: [UInt8]) {
        take(failure(of: answer, action), step, handle)
    }

    /// Some servers acknowledge what they do not keep.
    private func takeLength(_ answer: Answer, _ handle: [UInt8]) {
        guard case .reply(.attributes(let found)) = answer else {
            return take(failure(of: answer, "read the metadata of"), .write, handle)
        }
        let words = "the server acknowledged \(content.count) bytes of \(Printable.path(placing.path)) and has "
        let isWhole = found.size == nil || found.size == UInt64(content.count)
        take(isWhole ? nil : HikaeError(.inputOutput, words + "\(found.size ?? 0)"), .write, handle)
    }

    private func take(_ error: HikaeError?, _ step: UploadFailure.Step, _ handle: [UInt8]) {
        let following = monitor.withLock { state in
            if let error, state.failure == nil { state.failure = UploadFailure(step: step, error: error) }
            state.awaited -= 1
            return next(&state)
        }
        go(following, handle)
    }

    private func place() {
        for (request, isLast) in PartFile.placing(placing, channel.features) {
            channel.send(request) { [self] answer in
                guard isLast else { return }
                guard let error = failure(of: answer, "put in its place") else { return end(nil) }
                channel.send(.remove(path: placing.part)) { _ in }
                end(UploadFailure(step: .place, error: error))
            }
        }
    }

    private func failure(of answer: Answer, _ action: String) -> HikaeError? {
        switch answer {
        case .broken(let error): error
        case .reply(.status(let status)) where status.code == ReplyStatus.ok: nil
        case .reply(let reply): reply.failure(action, placing.path)
        }
    }

    private func end(_ failure: UploadFailure?) {
        let isFirst = monitor.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if isFirst { done(failure) }
    }
}

/// Requests that files being written have in common.
enum PartFile {
    /// Made anew: never follows a link, never opens what is there.
    static func creating(_ part: [UInt8]) -> Request {
        var attributes = FileAttributes()
        attributes.mode = 0o600
        return .open(path: part, access: [.write, .create, .exclusive], attributes: attributes)
    }

    /// What puts it in its place; the last request tells whether it is there.
    static func placing(_ placing: FileUpload.Placing, _ features: ServerFeatures) -> [(request: Request, isLast: Bool)]
    {
        guard placing.replaces else { return [(.rename(from: placing.part, to: placing.path), true)] }
        if features.renamesOver { return [(.posixRename(from: placing.part, to: placing.path), true)] }
        return [(.remove(path: placing.path), false), (.rename(from: placing.part, to: placing.path), true)]
    }
}

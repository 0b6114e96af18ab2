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
        var awaited = 0
        var failure: UploadFailure?
        var isOver = false
    }

    private let placing: Placing
    private let attributes: FileAttributes
    private let content: [UInt8]
    private let channel: SFTPChannel
    private let done: @Sendable (UploadFailure?) -> Void
    private let monitor = Monitor(State())

    /// - Parameter done: called once, on the channel's thread; must not wait.
    init(
        _ placing: Placing, _ attributes: FileAttributes, content: [UInt8], on channel: SFTPChannel,
        done: @escaping @Sendable (UploadFailure?) -> Void
    ) {
        self.placing = placing
        self.attributes = attributes
        self.content = content
        self.channel = channel
        self.done = done
    }

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
        let piece = Int(channel.features.writeLength)
        let pieces = (content.count + piece - 1) / piece
        monitor.withLock { $0.awaited = pieces + 2 }
        content.withUnsafeBytes { bytes in
            for number in 0..<pieces {
                let range = number * piece..<min((number + 1) * piece, bytes.count)
                let part = UnsafeRawBufferPointer(rebasing: bytes[range])
                channel.send(.write(handle: handle, offset: UInt64(range.lowerBound), bytes: part)) { [self] answer in
                    take(answer, "write", .write)
                }
            }
        }
        channel.send(.setHandleStatus(handle: handle, attributes: attributes)) { [self] answer in
            take(answer, "set mode and time of", .place)
        }
        channel.send(.close(handle: handle)) { [self] answer in take(answer, "write", .write) }
    }

    private func take(_ answer: Answer, _ action: String, _ step: UploadFailure.Step) {
        let error = failure(of: answer, action)
        let isLast = monitor.withLock { state in
            if let error, state.failure == nil { state.failure = UploadFailure(step: step, error: error) }
            state.awaited -= 1
            return state.awaited == 0
        }
        guard isLast else { return }
        if let failure = monitor.withLock({ $0.failure }) {
            channel.send(.remove(path: placing.part)) { _ in }
            return end(failure)
        }
        place()
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

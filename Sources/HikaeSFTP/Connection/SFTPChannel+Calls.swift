// Requests whose answer is waited for, and what answers mean as errors.

import HikaeCore

extension SFTPChannel {
    /// Sends a request and waits for what `body` makes of its answer.
    func call<Value: Sendable>(
        _ request: Request, _ body: @escaping @Sendable (Reply) throws(HikaeError) -> Value
    ) throws(HikaeError) -> Value {
        let slot = Monitor<Result<Value, HikaeError>?>(nil)
        send(request) { answer in
            let result = Self.result(of: answer, body)
            slot.withLock { $0 = result }
        }
        return try slot.wait { $0 }.get()
    }

    static func result<Value>(of answer: Answer, _ body: (Reply) throws(HikaeError) -> Value)
        -> Result<Value, HikaeError>
    {
        switch answer {
        case .broken(let error): return .failure(error)
        case .reply(let reply):
            do throws(HikaeError) { return .success(try body(reply)) } catch { return .failure(error) }
        }
    }

    /// Asks for something that is done or not. `action` and `path` are for the message: "cannot ACTION PATH: …".
    func succeed(_ request: Request, _ action: String, _ path: [UInt8]) throws(HikaeError) {
        try call(request) { reply throws(HikaeError) in try reply.success(action, path) }
    }

    /// Opens a file or a directory.
    func handle(_ request: Request, _ path: [UInt8]) throws(HikaeError) -> [UInt8] {
        try call(request) { reply throws(HikaeError) in
            if case .handle(let handle) = reply { return handle }
            throw reply.failure("open", path)
        }
    }

    /// What stands at a path. Nil when nothing does.
    func attributes(_ request: Request, _ path: [UInt8]) throws(HikaeError) -> FileAttributes? {
        try call(request) { reply throws(HikaeError) in
            if case .attributes(let attributes) = reply { return attributes }
            let error = reply.failure("read the metadata of", path)
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// The one name that REALPATH and READLINK answer.
    func name(_ request: Request, _ path: [UInt8]) throws(HikaeError) -> [UInt8] {
        try call(request) { reply throws(HikaeError) in
            if case .names(let names) = reply, let only = names.first { return only.name }
            throw reply.failure("resolve", path)
        }
    }

    /// Closes a handle; nobody waits for how that goes.
    func closeSoon(_ handle: [UInt8]) { send(.close(handle: handle)) { _ in } }
}

extension Reply {
    /// Throws unless this says that all went well.
    func success(_ action: String, _ path: [UInt8]) throws(HikaeError) {
        if case .status(let status) = self, status.code == ReplyStatus.ok { return }
        throw failure(action, path)
    }

    /// The error that this reply is, where another was hoped for.
    func failure(_ action: String, _ path: [UInt8]) -> HikaeError {
        guard case .status(let status) = self, status.code != ReplyStatus.ok else {
            return HikaeError(
                .protocolViolation, "cannot \(action) \(Printable.path(path)): the server's answer does not fit")
        }
        return status.error(action, path)
    }
}

extension ReplyStatus {
    /// Whether the request may go well when it is made once more, on a new connection.
    func error(_ action: String, _ path: [UInt8]) -> HikaeError {
        let what = "cannot \(action) \(Printable.path(path)): "
        let words = message.isEmpty ? "code \(code)" : message
        return switch code {
        case Self.noSuchFile: HikaeError(.notFound, what + "there is no such file or folder")
        case Self.permissionDenied: HikaeError(.permission, what + "permission denied")
        case Self.unsupported: HikaeError(.unsupported, what + "the server cannot do that")
        case Self.badMessage: HikaeError(.protocolViolation, what + words)
        case Self.noConnection, Self.connectionLost: HikaeError(.unreachable, what + words, isRetryable: true)
        case Self.noSpace: HikaeError(.noSpace, what + "no space is left there")
        case Self.quotaExceeded: HikaeError(.quota, what + "the account's quota is used up")
        default:
            if saysQuota {
                HikaeError(.quota, what + words)
            } else {
                HikaeError(.inputOutput, what + "the server says: \(words)")
            }
        }
    }

    private var saysQuota: Bool {
        let words = message.lowercased()
        return words.contains("quota") || words.contains("no space")
    }
}

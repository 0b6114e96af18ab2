// Requests whose answer is waited for.

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

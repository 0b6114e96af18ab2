// The one error type. Its codes are stable: docs/errors.md lists them, scripts may rely on them.

/// Every error that leaves a Hikae target: a stable code, a message that names the thing, and what to do.
public struct HikaeError: Error, Sendable, Equatable {
    /// What went wrong, as a stable word. The raw value appears in JSON output and in docs/errors.md.
    public enum Code: String, Sendable, CaseIterable {
        /// The command line or a setting makes no sense.
        case usage
        /// No repository where one was named.
        case noRepository = "no-repository"
        /// A repository is there already.
        case repositoryExists = "repository-exists"
        /// No key opens with this password.
        case wrongPassword = "wrong-password"
        /// Another process holds the repository.
        case locked
        /// The thing named does not exist.
        case notFound = "not-found"
        /// The name is not one thing.
        case ambiguous
        /// Stored bytes are not what they must be.
        case damaged
        /// The format or version is not one that Hikae knows.
        case unsupported
        /// The store or filesystem answered with an error.
        case inputOutput = "input-output"
        /// No space left.
        case noSpace = "no-space"
        /// The store or file may not be read or written.
        case permission
        /// Some of the source could not be read; what could be was saved.
        case incomplete
        /// A program that Hikae ran failed.
        case programFailed = "program-failed"
        /// Stopped by a signal or by its caller.
        case cancelled
        /// A set limit was reached.
        case limit
        /// A thing must not be done: it would lose what has to be kept.
        case refused
        /// A server cannot be reached, or the connection to it broke.
        case unreachable
        /// A server does not let us in: a wrong name, password or key.
        case accessDenied = "access-denied"
        /// A server does not prove who it is: its certificate or host key is not one that is trusted.
        case untrusted
        /// A server has no room left for this account.
        case quota
        /// A server said what its protocol does not allow.
        case protocolViolation = "protocol-violation"
        /// A capture was made, and it must be looked at by a person before it counts.
        case suspect
    }

    public var code: Code
    /// A sentence that names the thing concerned.
    public var message: String
    /// What the reader can do about it, as a sentence, or nil.
    public var hint: String?
    /// Whether the same call may succeed when made again.
    public var isRetryable: Bool
    /// Seconds that a server asked to be left alone before the next call; nil when it did not.
    public var retryAfter: Double?

    public init(
        _ code: Code, _ message: String, hint: String? = nil, isRetryable: Bool = false, retryAfter: Double? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }

    /// The process's exit status for this error: restic's where restic has one.
    public var exitCode: Int32 {
        switch code {
        case .incomplete: 3
        case .noRepository: 10
        case .locked: 11
        case .wrongPassword: 12
        case .suspect: 20
        default: 1
        }
    }
}

extension HikaeError: CustomStringConvertible {
    public var description: String { hint.map { "\(message)\n\($0)" } ?? message }
}

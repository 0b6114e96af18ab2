// What answers mean as errors.

import HikaeCore

extension Reply {
    /// The error that this is; nil when all went well.
    func problem(_ action: String, _ path: [UInt8]) -> HikaeError? {
        if case .status(let status) = self, status.code == ReplyStatus.ok { return nil }
        return failure(action, path)
    }

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

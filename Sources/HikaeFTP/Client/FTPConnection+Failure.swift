// What went wrong, in our words: libcurl's code, the server's reply and the certificate seen become one error.

import CCurl
import HikaeCore

extension FTPConnection {
    /// The error of the request that ended with `result`; nil when it ended well.
    ///
    /// - Parameter action: what was tried, as "list /public_html".
    func requestFailure(_ action: String) -> HikaeError? {
        guard let result, result != CURLE_OK else { return nil }
        let host = access.settings.host
        if access.cancellation.isCancelled { return HikaeError(.cancelled, "stopped before the end") }
        if let failure { return failure }
        let what = "cannot \(action) at \(host)"
        let reply = replies.replies.last
        let words = quoted(reply)
        switch result {
        case CURLE_LOGIN_DENIED:
            if let reply, Self.isCrowded(reply) { return crowded(words) }
            return denied(words)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            return untrusted(result)
        case CURLE_SSL_CONNECT_ERROR where judge?.hasRefused == true: return untrusted(result)
        case CURLE_SSL_CONNECT_ERROR:
            access.handshakes.note()
            return HikaeError(
                .unreachable, "\(what): it and this machine found no way to speak TLS with each other",
                hint:
                    "The server may want a certificate of ours, or speak only an old TLS; or it is none for TLS at this"
                    + " port: `tls: implicit` is for port 990.", isRetryable: true)
        case CURLE_USE_SSL_FAILED:
            return HikaeError(
                .untrusted, "the server at \(host) offers no TLS, so no password was sent\(words)",
                hint: "If the network in between can be trusted with the password, say `tls: none`.")
        case CURLE_COULDNT_RESOLVE_HOST:
            return HikaeError(.unreachable, "there is no server of the name \(host)", isRetryable: true)
        case CURLE_COULDNT_CONNECT:
            return HikaeError(
                .unreachable, "nothing answers at \(host), port \(access.port)",
                hint: "Look whether the name and the port are right, and whether a firewall is in between.",
                isRetryable: true)
        // libcurl calls it a timeout when the server closes with 421, as one that is full does at once.
        case CURLE_OPERATION_TIMEDOUT where reply?.code != 421, CURLE_FTP_ACCEPT_TIMEOUT:
            return HikaeError(
                .unreachable,
                "\(what), port \(access.port): the server said nothing for \(access.settings.patience) seconds",
                hint: replies.replies.isEmpty
                    ? "Is the port right? A server that speaks TLS from the first byte (port 990) wants `tls: implicit`."
                    : nil, isRetryable: true)
        default: break
        }
        if let reply, reply.code >= 400 { return refusal(reply, what, words: words) }
        return HikaeError(
            Self.isTalk(result) ? .protocolViolation : .unreachable,
            "\(what): \(String(cString: curl_easy_strerror(result)))",
            isRetryable: !Self.isTalk(result))
    }

    /// The error of a reply that refuses.
    func refusal(_ reply: ServerReply, _ action: String) -> HikaeError {
        refusal(reply, "cannot \(action) at \(access.settings.host)", words: quoted(reply))
    }

    private func refusal(_ reply: ServerReply, _ what: String, words: String) -> HikaeError {
        switch reply.code {
        case 421:
            return Self.isCrowded(reply) ? crowded(words) : HikaeError(.unreachable, what + words, isRetryable: true)
        case 425, 426, 450, 451: return HikaeError(.unreachable, what + words, isRetryable: true)
        case 452, 552:
            return HikaeError(
                .quota, what + words, hint: "The account there has no room left: free some, or have its quota raised.")
        case 530, 532: return denied(words)
        case 550, 553:
            return HikaeError(Self.saysMissing(reply) ? .notFound : .permission, what + words)
        case 500, 501, 502, 503, 504: return HikaeError(.unsupported, what + words)
        default: return HikaeError(.inputOutput, what + words, isRetryable: reply.code < 500)
        }
    }

    private func denied(_ words: String) -> HikaeError {
        HikaeError(
            .accessDenied, "the server at \(access.settings.host) does not let \(access.user.text) in\(words)",
            hint: "Look whether the user name and the password are right.")
    }

    /// Too many connections: fewer will do.
    private func crowded(_ words: String) -> HikaeError {
        HikaeError(
            .limit, "the server at \(access.settings.host) takes no more connections\(words)",
            hint: "Set `connections` to fewer.", isRetryable: true)
    }

    private func untrusted(_ result: CURLcode) -> HikaeError {
        let host = access.settings.host
        guard let seen = judge?.fingerprintSeen else {
            return HikaeError(
                .untrusted, "no certificate of \(host) can be judged: \(String(cString: curl_easy_strerror(result)))",
                hint: "Look whether the file of certificate authorities is there and is PEM.")
        }
        let reason =
            judge?.isPinned == true ? "it is another one than was named" : "no authority vouches for it under this name"
        return HikaeError(
            .untrusted, "the certificate of \(host) is not trusted: \(reason). Its fingerprint is \(seen)",
            hint: "No password was sent. If the server's owner confirms this fingerprint, write"
                + " `trust: {fingerprint: \(seen)}` into the plan.")
    }

    /// The server's words, for the end of a sentence, without the password should the server repeat it.
    private func quoted(_ reply: ServerReply?) -> String {
        guard let reply, reply.code >= 400 else { return "" }
        var words = reply.words
        let password = access.password.text
        if password.utf8.count >= 3, words.contains(password) {
            words = words.split(separator: password, omittingEmptySubsequences: false).joined(separator: "(secret)")
        }
        return " (it says: \(reply.code) \(words))"
    }

    /// Whether a reply means that other connections are in the way.
    private static func isCrowded(_ reply: ServerReply) -> Bool {
        guard reply.code == 421 || reply.code == 530 else { return false }
        let words = reply.words.lowercased()
        return words.contains("too many") || words.contains("maximum") || words.contains("limit")
    }

    private static func saysMissing(_ reply: ServerReply) -> Bool {
        let words = reply.words.lowercased()
        return ["no such", "not found", "not exist", "cannot find", "can't find", "failed to open", "failed to change"]
            .contains { words.contains($0) }
    }

    /// libcurl's codes for what its protocol does not allow.
    private static func isTalk(_ code: CURLcode) -> Bool {
        [
            CURLE_WEIRD_SERVER_REPLY, CURLE_FTP_WEIRD_PASS_REPLY, CURLE_FTP_WEIRD_PASV_REPLY,
            CURLE_FTP_WEIRD_227_FORMAT,
            CURLE_BAD_FUNCTION_ARGUMENT, CURLE_URL_MALFORMAT,
        ].contains { $0 == code }
    }
}

extension FTPAccess {
    /// The port that is connected to.
    var port: Int { settings.port ?? (settings.security == .implicitTLS ? 990 : 21) }
}

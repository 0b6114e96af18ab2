// Who we are: LOGIN, AUTHENTICATE PLAIN and XOAUTH2. The secret goes to the server and nowhere else.

import HikaeCore
import HikaeFormat

extension IMAPConnection {
    /// Logs in, and learns what the server can do for those who have.
    func logIn() throws(HikaeError) {
        let secret = try settings.secret()
        let status: ServerReply.Status
        capabilitiesAfterLogin = nil
        switch try method() {
        case .login: status = try login(secret)
        case .xoauth2:
            status = try authenticate(
                "XOAUTH2",
                Array("user=\(settings.user)\u{1}auth=Bearer ".utf8) + secret.bytes
                    + [1, 1])
        default:
            status = try authenticate("PLAIN", [0] + Array(settings.user.utf8) + [0] + secret.bytes)
        }
        guard status.condition == .ok else { throw denied(status) }
        if status.code == "CAPABILITY" {
            capabilities = ServerReply.words(status.codeText)
        } else if let names = capabilitiesAfterLogin {
            capabilities = names
        } else {
            try askCapabilities()
        }
    }

    /// Without TLS only this machine itself is spoken to: neither a password nor mail may travel unprotected.
    static func checkProtection(_ settings: IMAPSettings) throws(HikaeError) {
        guard settings.security == .none, !isThisMachine(settings.host) else { return }
        throw HikaeError(
            .usage, "the password for \(settings.host) would travel unprotected, and so would all mail",
            hint: "Use an imaps:// address, or STARTTLS. Without TLS only this machine itself is spoken to.")
    }

    private func method() throws(HikaeError) -> IMAPSettings.Authentication {
        let offered = capabilities.filter { $0.hasPrefix("AUTH=") }.map { $0.dropFirst(5) }
        switch settings.authentication {
        case .automatic:
            if offered.contains("PLAIN") { return .plain }
            guard !offers("LOGINDISABLED") else {
                throw HikaeError(
                    .unsupported, "\(settings.host) takes no passwords here",
                    hint: offered.isEmpty ? nil : "It offers: " + offered.sorted().joined(separator: ", "))
            }
            return .login
        case let chosen: return chosen
        }
    }

    private func login(_ secret: Secret) throws(HikaeError) -> ServerReply.Status {
        let command = CommandText("LOGIN ").string(Array(settings.user.utf8)).words(" ").string(secret.bytes)
        return try finish(try begin(command), noteCapabilities)
    }

    private func authenticate(_ mechanism: String, _ response: [UInt8]) throws(HikaeError) -> ServerReply.Status {
        let coded = Base64.encode(response)
        let tag = newTag()
        if offers("SASL-IR") {
            try send(Array("\(tag) AUTHENTICATE \(mechanism) ".utf8) + coded + [0x0D, 0x0A])
        } else {
            try send(Array("\(tag) AUTHENTICATE \(mechanism)\r\n".utf8))
            guard try awaitContinuation(of: tag) else { return try finish(tag) }
            try send(coded + [0x0D, 0x0A])
        }
        var challenges = 0
        return try finish(tag) { reply throws(HikaeError) in
            try noteCapabilities(reply)
            guard case .continuation = reply else { return }
            challenges += 1
            guard challenges < 3 else { throw violation("it asks for more and more") }
            // XOAUTH2 says why it refuses in a challenge, which must be answered before the refusal comes.
            try send([0x0D, 0x0A])
        }
    }

    private func noteCapabilities(_ reply: ServerReply) throws(HikaeError) {
        if case .capabilities(let names) = reply { capabilitiesAfterLogin = names }
    }

    private func denied(_ status: ServerReply.Status) -> HikaeError {
        let error = refusal(status, "let \(settings.user) in")
        guard error.code == .inputOutput || error.code == .accessDenied || error.code == .permission else {
            return error
        }
        let hint =
            settings.authentication == .xoauth2
            ? "The access token may have run out: see that the plan's command for it makes a new one."
            : "Check user name and password; some providers want a password made for programs."
        return HikaeError(.accessDenied, error.message, hint: hint)
    }

    /// Whether a name or address can only be this machine.
    private static func isThisMachine(_ host: String) -> Bool {
        host == "localhost" || host == "::1"
            || host.hasPrefix("127.") && host.split(separator: ".").count == 4
                && host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

// One connection to a mail server: commands out, replies in. Knows how to speak, not what about.

import HikaeCore
import NIOCore

/// A connection that is logged in. Used by one thread at a time; ended when released.
final class IMAPConnection {
    let settings: IMAPSettings
    private let stream: ByteStream
    private var framer = ResponseFramer()
    private var received: [ByteBuffer] = []
    private var tagNumber = 0
    /// Answers to commands that were waited for by nobody yet.
    private var completed: [String: ServerReply.Status] = [:]
    /// In upper case: "IMAP4REV1", "LITERAL+".
    var capabilities: Set<String> = []
    /// Whether ENABLE QRESYNC was said.
    var isQuickResyncEnabled = false
    /// What the server said of itself while it let us in.
    var capabilitiesAfterLogin: Set<String>?
    /// What the server says it is: "Dovecot".
    var software = ""

    /// Connects, secures the connection, and logs in.
    ///
    /// Throws `.unreachable`, `.untrusted`, `.accessDenied`, `.protocolViolation`; `.usage` for settings that cannot be.
    init(_ settings: IMAPSettings) throws(HikaeError) {
        self.settings = settings
        try Self.checkProtection(settings)
        let trust = try ServerTrust(host: settings.host, settings: settings.trust)
        stream = try Self.open(settings, trust)
        do throws(HikaeError) {
            try enter(trust)
        } catch {
            stream.close()
            throw error
        }
    }

    /// Opens the stream. A certificate that is not trusted is looked at, so that the error can name it.
    private static func open(_ settings: IMAPSettings, _ trust: ServerTrust) throws(HikaeError) -> ByteStream {
        let beginning: ByteStream.Beginning = settings.security == .implicitTLS ? .secured : .plain
        do throws(HikaeError) {
            return try ByteStream(
                host: settings.host, port: settings.effectivePort, trust: trust, timeLimit: settings.timeLimit,
                beginning: beginning)
        } catch {
            guard error.code == .untrusted, trust.fingerprint == nil else { throw error }
            do throws(HikaeError) {
                _ = try ByteStream(
                    host: settings.host, port: settings.effectivePort, trust: trust, timeLimit: settings.timeLimit,
                    beginning: .inspecting)
            } catch {}
            throw trust.refusal()
        }
    }

    /// Greeting, STARTTLS and login.
    private func enter(_ trust: ServerTrust) throws(HikaeError) {
        guard case .status(let greeting) = try nextReply() else {
            throw violation("it does not greet as a mail server does")
        }
        if settings.security == .startTLS {
            guard greeting.condition == .ok else { throw violation("it does not wait for TLS") }
            try startTLS(trust)
        } else if greeting.code == "CAPABILITY" {
            capabilities = ServerReply.words(greeting.codeText)
        }
        if capabilities.isEmpty { try askCapabilities() }
        if greeting.condition == .preauth { return }
        try logIn()
    }

    private func startTLS(_ trust: ServerTrust) throws(HikaeError) {
        try askCapabilities()
        guard capabilities.contains("STARTTLS") else {
            throw HikaeError(
                .untrusted, "\(settings.host) offers no STARTTLS on port \(settings.effectivePort)",
                hint: "Use TLS from the first byte: an imaps:// address, port 993.")
        }
        try run(CommandText("STARTTLS"), "begin TLS")
        guard framer.isIdle, received.isEmpty else { throw ByteStream.injection(settings.host) }
        do throws(HikaeError) {
            try stream.secure()
        } catch {
            guard error.code == .untrusted, trust.fingerprint == nil else { throw error }
            inspect(trust)
            throw trust.refusal()
        }
        // What was said in the clear counts for nothing.
        capabilities = []
        completed = [:]
        try askCapabilities()
    }

    /// Connects once more, only to see the certificate that STARTTLS brings.
    private func inspect(_ trust: ServerTrust) {
        do throws(HikaeError) {
            let look = try InspectingConnection(settings, trust)
            look.close()
        } catch {}
    }

    func askCapabilities() throws(HikaeError) {
        var found: Set<String> = []
        try run(CommandText("CAPABILITY"), "tell what it can do") { reply throws(HikaeError) in
            if case .capabilities(let names) = reply { found = names }
        }
        guard found.contains("IMAP4REV1") || found.contains("IMAP4REV2") else {
            throw HikaeError(.unsupported, "\(settings.host) does not speak IMAP4rev1")
        }
        capabilities = found
    }

    /// Whether the server can do this.
    func offers(_ capability: String) -> Bool { capabilities.contains(capability) }

    /// Says good-bye and ends the connection; waits for nothing.
    func close() {
        do throws(HikaeError) { _ = try begin(CommandText("LOGOUT")) } catch {}
        stream.close()
    }

    /// Ends the connection at once: in the middle of something that cannot be taken back.
    func abandon() { stream.close() }
}

extension IMAPConnection {
    /// Sends a command and waits for its end. Throws what a refusal means.
    ///
    /// - Parameter action: for messages: "host cannot ACTION: …".
    @discardableResult
    func run(
        _ command: CommandText, _ action: String, _ each: (ServerReply) throws(HikaeError) -> Void = { _ in }
    ) throws(HikaeError) -> ServerReply.Status {
        let status = try finish(try begin(command), each)
        guard status.condition == .ok else { throw refusal(status, action) }
        return status
    }

    /// Sends a command without waiting for its end. Returns its tag for `finish`.
    func begin(_ command: CommandText) throws(HikaeError) -> String {
        tagNumber += 1
        let tag = "h\(tagNumber)"
        var pending = Array("\(tag) ".utf8)
        for part in command.parts {
            switch part {
            case .text(let text): pending += text
            case .literal(let bytes):
                let waits = !takesUnasked(bytes.count)
                pending += Array("{\(bytes.count)\(waits ? "" : "+")}\r\n".utf8)
                if waits {
                    try stream.write(pending)
                    pending = []
                    guard try awaitContinuation(of: tag) else { return tag }
                }
                pending += bytes
            }
        }
        try stream.write(pending + [0x0D, 0x0A])
        return tag
    }

    /// Whether a literal of this size may be sent without asking (RFC 7888).
    func takesUnasked(_ size: Int) -> Bool { offers("LITERAL+") || (offers("LITERAL-") && size <= 4096) }

    /// Bytes as they stand, in the middle of a command.
    func send(_ bytes: [UInt8]) throws(HikaeError) { try stream.write(bytes) }

    /// A new tag, for a command that is sent by `send`.
    func newTag() -> String {
        tagNumber += 1
        return "h\(tagNumber)"
    }

    /// Waits for "+". False when the command was answered instead: `finish` tells how.
    func awaitContinuation(of tag: String) throws(HikaeError) -> Bool {
        while true {
            switch try nextReply() {
            case .continuation: return true
            case .tagged(let other, let status):
                completed[other] = status
                if other == tag { return false }
            default: break
            }
        }
    }

    /// Waits for a command's end, handing on what comes on the way.
    func finish(_ tag: String, _ each: (ServerReply) throws(HikaeError) -> Void = { _ in }) throws(HikaeError)
        -> ServerReply.Status
    {
        while true {
            if let status = completed.removeValue(forKey: tag) { return status }
            let reply = try nextReply()
            guard case .tagged(let other, let status) = reply else {
                try each(reply)
                continue
            }
            guard completed.count < 1000 else { throw violation("it answers what nobody asked") }
            completed[other] = status
        }
    }

    /// The next reply. A server that says BYE ends the connection.
    func nextReply() throws(HikaeError) -> ServerReply {
        let reply: ServerReply
        do throws(HikaeError) {
            reply = try ServerReply(try nextResponse())
        } catch {
            stream.close()
            guard error.code == .protocolViolation else { throw error }
            throw HikaeError(.protocolViolation, "\(settings.host): \(error.message)", hint: error.hint)
        }
        if case .status(let status) = reply, status.condition == .bye {
            stream.close()
            throw HikaeError(
                .unreachable, "\(settings.host) ends the connection: \(status.text)", isRetryable: true)
        }
        return reply
    }

    private func nextResponse() throws(HikaeError) -> FramedResponse {
        while true {
            while !received.isEmpty {
                let outcome = take(&received[0], &framer)
                if received[0].readableBytes == 0 { received.removeFirst() }
                if let response = try outcome.get() { return response }
            }
            guard let buffers = try stream.read() else {
                throw HikaeError(
                    .unreachable, "\(settings.host) has ended the connection", isRetryable: true)
            }
            received = buffers
        }
    }

    private func take(_ buffer: inout ByteBuffer, _ framer: inout ResponseFramer)
        -> Result<FramedResponse?, HikaeError>
    {
        buffer.readWithUnsafeReadableBytes { bytes in
            var position = 0
            do throws(HikaeError) {
                let response = try framer.take(bytes, from: &position)
                return (position, .success(response))
            } catch {
                return (position, .failure(error))
            }
        }
    }

    /// Whether something that the server sent is here already: `nextReply` may not have to wait.
    var hasReceived: Bool { !received.isEmpty }

    /// The error for a server that does not keep to the protocol.
    func violation(_ what: String) -> HikaeError {
        HikaeError(.protocolViolation, "\(settings.host) does not answer as a mail server: \(what)")
    }

    /// The error that NO or BAD means.
    func refusal(_ status: ServerReply.Status, _ action: String) -> HikaeError {
        let message = "\(settings.host) cannot \(action): \(status.text)"
        switch status.code {
        case "OVERQUOTA":
            return HikaeError(.quota, message, hint: "Make room in the account, or have its quota raised.")
        case "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CONTACTADMIN":
            return HikaeError(.accessDenied, message)
        case "NOPERM": return HikaeError(.permission, message)
        case "NONEXISTENT", "TRYCREATE": return HikaeError(.notFound, message)
        case "UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT":
            return HikaeError(.unreachable, message, isRetryable: true)
        default:
            if status.condition == .bad { return HikaeError(.protocolViolation, message) }
            return HikaeError(.inputOutput, message)
        }
    }
}

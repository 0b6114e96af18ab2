// What ssh's last words mean.

import HikaeCore

/// Turns the messages of an `ssh` that ended into an error with the right code and a hint.
enum SSHFailure {
    private static let longestHint = 600

    /// The error for these messages.
    ///
    /// - Parameter wasConnected: whether the conversation had begun: then it broke off, whatever ssh says.
    static func error(_ messages: String, address: String, wasConnected: Bool) -> HikaeError {
        let said = words(of: messages)
        func has(_ part: String) -> Bool { messages.contains(part) }
        if wasConnected {
            return HikaeError(.unreachable, "the connection to \(address) broke", hint: said, isRetryable: true)
        }
        if has("REMOTE HOST IDENTIFICATION HAS CHANGED") || has("Host key verification failed")
            || has("REVOKED HOST KEY")
        {
            return untrusted(messages, address)
        }
        if has("Permission denied (") || has("Too many authentication failures") || has("Permission denied, please")
            || has("No supported authentication methods")
        {
            return HikaeError(
                .accessDenied, "\(address) does not let us in with this user, key or password",
                hint: "Try `ssh` by hand with the same options. ssh says: \(said ?? "nothing")")
        }
        if has("subsystem request failed") {
            return HikaeError(
                .unsupported, "\(address) does not offer SFTP", hint: "The provider must switch it on for this account."
            )
        }
        if has("Bad configuration option") || has("command-line: line") || has("keyword ") && has(" extra arguments") {
            return HikaeError(.usage, "ssh does not take an option given for \(address)", hint: said)
        }
        let isNameUnknown = has("Name or service not known") || has("No address associated with hostname")
        return HikaeError(
            .unreachable, "\(address) cannot be reached", hint: said.map { "ssh says: \($0)" },
            isRetryable: !isNameUnknown)
    }

    private static func untrusted(_ messages: String, _ address: String) -> HikaeError {
        let fingerprint = messages.split(whereSeparator: { " \n\r".contains($0) })
            .first { $0.hasPrefix("SHA256:") || $0.hasPrefix("MD5:") }
        let seen = fingerprint.map { " (it shows \($0.prefix { $0 != "." }))" } ?? ""
        let commands = commands(address)
        if messages.contains("HAS CHANGED") {
            return HikaeError(
                .untrusted, "the host key of \(address) is not the one that is known\(seen)",
                hint:
                    "Either the server was replaced or somebody stands in between. Ask the provider; if it is right, remove"
                    + " the old key with `\(commands.forget)` and log in once by hand: `\(commands.login)`.")
        }
        return HikaeError(
            .untrusted, "the host key of \(address) is not known\(seen)",
            hint: "Log in once by hand, `\(commands.login)`, and compare the fingerprint with the one that the "
                + "provider tells.")
    }

    /// What a person types to log in to an address, and to forget its key.
    static func commands(_ address: String) -> (login: String, forget: String) {
        var place = address.split(separator: "://", maxSplits: 1).last.map(String.init) ?? address
        place = String(place.prefix { $0 != "/" })
        let account = place.lastIndex(of: "@").map { String(place[...$0]) } ?? ""
        place = String(place.dropFirst(account.count))
        var port: Substring?
        if let colon = place.lastIndex(of: ":"), !place.hasSuffix("]") {
            port = place[place.index(after: colon)...]
            place = String(place[..<colon])
        }
        let host = place.filter { $0 != "[" && $0 != "]" }
        guard let port else { return ("ssh \(account)\(host)", "ssh-keygen -R \(host)") }
        return ("ssh -p \(port) \(account)\(host)", "ssh-keygen -R '[\(host)]:\(port)'")
    }

    /// The last lines that say something, as one.
    private static func words(of messages: String) -> String? {
        let lines = messages.split(whereSeparator: \.isNewline).filter { line in
            !line.hasPrefix("Warning: Permanently added") && !line.hasPrefix("@@@@")
        }
        guard !lines.isEmpty else { return nil }
        var text = ""
        for line in lines.suffix(6) {
            var line = String(line)
            let clean = line.withUTF8 { Printable.text(UnsafeRawBufferPointer($0)) }
            text += text.isEmpty ? clean : " / " + clean
        }
        return String(text.suffix(longestHint))
    }
}

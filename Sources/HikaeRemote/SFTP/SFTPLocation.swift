// restic's forms of a place on an SSH server: sftp:user@host:/path and sftp://user@host:port//path.

package import HikaeCore
package import HikaeSFTP

/// A folder on an SSH server as `sftp:` names it.
package struct SFTPLocation: Sendable, Equatable {
    /// As it was written.
    package let display: String
    package let user: String?
    package let host: String
    package let port: Int?
    /// Begins with a slash, or at the account's home.
    package let path: String

    /// Reads a location. Throws `.usage` for what is none.
    ///
    /// In the form of a URL the path begins behind the slash after the host, as in restic: two slashes make it absolute.
    package init(_ text: String) throws(HikaeError) {
        guard text.hasPrefix("sftp:") else { throw Self.wrong(text, "it does not begin with sftp:") }
        let rest = text.dropFirst("sftp:".count)
        let place: Substring
        if rest.hasPrefix("//") {
            let body = rest.dropFirst(2)
            guard let slash = body.firstIndex(of: "/") else { throw Self.wrong(text, "it names no folder") }
            path = String(body[body.index(after: slash)...])
            (place, port) = try Self.port(body[..<slash], text)
        } else {
            // The colon after the host; one inside brackets is the address's own.
            let from =
                rest.hasPrefix("[") || rest.contains("@[")
                ? rest.firstIndex(of: "]") ?? rest.startIndex : rest.startIndex
            guard let colon = rest[from...].firstIndex(of: ":") else { throw Self.wrong(text, "it names no folder") }
            place = rest[..<colon]
            path = String(rest[rest.index(after: colon)...])
            port = nil
        }
        let at = place.lastIndex(of: "@")
        user = at.map { String(place[..<$0]) }
        let named = at.map { place[place.index(after: $0)...] } ?? place
        host = named.hasPrefix("[") && named.hasSuffix("]") ? String(named.dropFirst().dropLast()) : String(named)
        guard !host.isEmpty, !path.isEmpty, user?.isEmpty != true else {
            throw Self.wrong(text, "user, host and folder must not be empty")
        }
        display = text
    }

    private static func port(_ place: Substring, _ text: String) throws(HikaeError) -> (Substring, Int?) {
        let from = place.lastIndex(of: "]") ?? place.lastIndex(of: "@") ?? place.startIndex
        guard let colon = place[from...].firstIndex(of: ":") else { return (place, nil) }
        guard let port = Int(place[place.index(after: colon)...]), (1...65535).contains(port) else {
            throw wrong(text, "its port is none")
        }
        return (place[..<colon], port)
    }

    private static func wrong(_ text: String, _ why: String) -> HikaeError {
        HikaeError(
            .usage, "\(text) is no place on an SSH server: \(why)",
            hint: "It looks like sftp:user@host:/folder, or sftp://user@host:2222//folder.")
    }

    /// What the SFTP client needs.
    package func settings(_ options: RemoteOptions) -> SFTPSettings {
        var settings = SFTPSettings(host: host, path: path)
        settings.user = user ?? options.user
        settings.port = port
        settings.sshOptions = options.sshOptions
        settings.identityFile = options.identityFile
        settings.program = options.sshProgram
        settings.password = options.password
        settings.command = options.sftpCommand
        return settings
    }
}

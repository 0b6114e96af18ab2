// Addresses as plans have them: scheme://user@host:port/path. Reading is strict, and a password in one is refused.

/// An address, taken apart.
struct PlanAddress: Equatable {
    /// In small letters.
    var scheme: String
    /// Decoded; nil when there is none.
    var user: String?
    /// Without brackets; "" when there is none.
    var host: String
    var port: Int?
    /// Decoded, with its first slash; "" when there is none.
    var path: String

    /// Why a text is no address, as the end of a sentence. Never quotes the text: it may hold a password.
    struct Fault: Error, Equatable {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// Reads an address that begins with one of `schemes`.
    init(_ text: String, schemes: [String]) throws(Fault) {
        let example = schemes.map { "\($0)://" }.joined(separator: " or ")
        guard let mark = text.firstRange(of: "://") else { throw Fault("must begin with \(example)") }
        scheme = text[..<mark.lowerBound].lowercased()
        guard schemes.contains(scheme) else { throw Fault("must begin with \(example)") }
        let rest = text[mark.upperBound...]
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw Fault("has control characters in it")
        }
        let authority = rest.prefix { $0 != "/" }
        path = try Self.decoded(rest[authority.endIndex...])
        var place = authority
        // The last one, so that a user's name may be a mail address.
        if let at = authority.lastIndex(of: "@") {
            let name = authority[..<at]
            guard !name.contains(":") else {
                throw Fault(
                    "has a password in it, and a plan must not: name the place of the secret with `password:`")
            }
            user = try Self.decoded(name)
            place = authority[authority.index(after: at)...]
            guard user != "" else { throw Fault("has no user in front of the @") }
        }
        (host, port) = try Self.hostAndPort(place)
        for (word, what) in [(host, "host"), (user ?? "", "user")] where word.hasPrefix("-") {
            throw Fault("has a \(what) that begins with a hyphen")
        }
    }

    private static func hostAndPort(_ place: Substring) throws(Fault) -> (String, Int?) {
        var host = place
        var digits: Substring?
        if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
            host = place[place.index(after: place.startIndex)..<end]
            let rest = place[place.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw Fault("has something between ] and the port") }
            digits = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = place.lastIndex(of: ":") {
            host = place[..<colon]
            digits = place[place.index(after: colon)...]
            guard !host.contains(":") else { throw Fault("has an IPv6 address without [ ] around it") }
        }
        guard !host.contains(where: { $0.isWhitespace || "\\\"'`$;|&<>(){}%".contains($0) }) else {
            throw Fault("has a host with characters that no host has")
        }
        guard let digits else { return (String(host), nil) }
        guard let port = Int(digits), (1...65_535).contains(port) else {
            throw Fault("has a port that is no number from 1 to 65535")
        }
        return (String(host), port)
    }

    /// The text with %41 as A. Throws for a % that is none, and for NUL.
    private static func decoded(_ text: Substring) throws(Fault) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16),
                value != 0
            else { throw Fault("has a % that two hexadecimal digits must follow; the sign itself is written %25") }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let result = String(validating: bytes, as: UTF8.self) else {
            throw Fault("has %… in it that give no UTF-8 text")
        }
        return result
    }

    /// Whether the host is this machine, whoever asks.
    var isThisMachine: Bool { ["127.0.0.1", "::1", "localhost"].contains(host) }

    /// The path as a folder on a server: "/x" from the root, "/~/x" from where one lands after logging in.
    var remotePath: String {
        if path == "/~" || path == "/~/" { return "" }
        return path.hasPrefix("/~/") ? String(path.dropFirst(3)) : path
    }
}

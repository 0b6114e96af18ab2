// `rest:https://user:password@host:port/path/` taken apart. The password leaves this file as a Secret only.

public import HikaeCore

/// Where a repository on a REST server is.
public struct RESTLocation: Sendable {
    /// Whether it is https.
    public let isSecure: Bool
    /// Without brackets.
    public let host: String
    public let port: Int
    /// Encoded, with a slash at both ends.
    public let path: String
    public let user: String?
    package let password: Secret?

    /// Reads `rest:http://…` or `rest:https://…`. Throws `.usage` without quoting it: it may hold a password.
    public init(_ text: String) throws(HikaeError) {
        func wrong(_ why: String) -> HikaeError {
            HikaeError(.usage, "the location \(why)", hint: "As in rest:https://user@backup.example.jp:8000/shop/.")
        }
        guard text.lowercased().hasPrefix("rest:") else { throw wrong("does not begin with rest:") }
        var rest = text.dropFirst("rest:".count)
        guard let mark = rest.firstRange(of: "://") else { throw wrong("has no http:// or https:// behind rest:") }
        switch rest[..<mark.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: throw wrong("has neither http:// nor https:// behind rest:")
        }
        rest = rest[mark.upperBound...]
        guard !rest.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { throw wrong("has spaces in it") }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let tail = rest[authority.endIndex...]
        guard !tail.contains("?"), !tail.contains("#") else { throw wrong("has a ? or # in it") }
        var place = authority
        var account: (String?, Secret?) = (nil, nil)
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decoded(parts[0]), !name.isEmpty else { throw wrong("has no user before @") }
            if parts.count > 1 {
                guard let word = PercentCoding.decoded(parts[1]) else { throw wrong("has a % that stands for nothing") }
                account = (name, Secret(word))
            } else {
                account = (name, nil)
            }
            place = authority[authority.index(after: at)...]
        }
        (user, password) = account
        guard let (host, port) = HostAndPort.read(place) else { throw wrong("has no host, or a port that is none") }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        guard let path = PercentCoding.normalized(tail) else { throw wrong("has a path with a . or .. in it") }
        self.path = path
    }

    /// "https://host:port", for messages and requests.
    package var origin: String {
        let name = host.contains(":") ? "[\(host)]" : host
        let usual = port == (isSecure ? 443 : 80)
        return "\(isSecure ? "https" : "http")://\(name)\(usual ? "" : ":\(port)")"
    }

    /// The location without its password.
    public var shown: String {
        let account = user.map { PercentCoding.encoded($0) + "@" } ?? ""
        let mark = isSecure ? "https://" : "http://"
        return "rest:\(mark)\(account)\(origin.dropFirst(mark.count))\(path)"
    }
}

/// `host`, `host:22`, `[::1]:22`.
enum HostAndPort {
    static func read(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var digits: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            digits = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            digits = text[text.index(after: colon)...]
            guard !host.contains(":") else { return nil }
        }
        guard !host.isEmpty, !host.hasPrefix("-"), !host.contains(where: { "\\\"'`$;|&<>(){}%".contains($0) }) else {
            return nil
        }
        guard let digits, !digits.isEmpty else { return (String(host), nil) }
        guard let port = Int(digits), (1...65_535).contains(port) else { return nil }
        return (String(host), port)
    }
}

/// `%41` and back.
enum PercentCoding {
    /// Nil for a % that two digits do not follow, for NUL, and for what is no UTF-8.
    static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value),
                high << 4 | low != 0
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// With everything but letters, digits and `-._~` as %41.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80,
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-._~".unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                result += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return result
    }

    /// A path with a slash at both ends, its parts encoded anew; nil when one of them is `.` or `..`.
    static func normalized(_ path: Substring) -> String? {
        var result = "/"
        for part in path.split(separator: "/") {
            guard let name = decoded(part), name != ".", name != ".." else { return nil }
            result += encoded(name) + "/"
        }
        return result
    }
}

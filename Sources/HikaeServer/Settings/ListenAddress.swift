// An address to listen on, as people write it.

public import HikaeCore

/// A host and a port: `127.0.0.1:8000`, `[::1]:8000`, `:8000` for every address.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An address or a name, without brackets.
    public let host: String
    /// 0: any free port.
    public let port: Int

    /// An address of these parts.
    public init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    /// Reads what people write; `.usage` for anything else.
    public init(_ text: String) throws(HikaeError) {
        let mistake = HikaeError(
            .usage, "\(text) is no address to listen on", hint: "Write HOST:PORT, as 127.0.0.1:8000 or [::1]:8000.")
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw mistake }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw mistake
        }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else { throw mistake }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

// What can be seen of a server without logging in: its addresses, the certificate it shows, its SSH keys.

import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeRepository
import HikaeSource

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Servers, looked at.
enum HostObservation {
    /// Addresses that a name has; none when it has none.
    static func addresses(_ host: String) -> [String] {
        var wish = addrinfo()
        wish.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &wish, &found) == 0 else { return [] }
        defer { freeaddrinfo(found) }
        var result: [String] = []
        var next = found
        while let entry = next {
            if let place = entry.pointee.ai_addr, let address = numeric(place, entry.pointee.ai_addrlen),
                !result.contains(address)
            {
                result.append(address)
            }
            next = entry.pointee.ai_next
        }
        return result
    }

    /// Name, addresses and port of a service.
    static func service(_ host: String, _ port: Int) -> (traits: Set<CustodyTrait>, unseen: [String]) {
        var traits: Set<CustodyTrait> = [CustodyTrait(.host, "\(host.lowercased()):\(port)")]
        let addresses = addresses(host)
        let own = ownAddresses()
        var isLoopback = false
        for address in addresses {
            traits.insert(CustodyTrait(.service, "\(address) port \(port)"))
            if address.hasPrefix("127.") || address == "::1" {
                isLoopback = true
                continue
            }
            traits.insert(CustodyTrait(.address, address))
            if own.contains(address) { traits.insert(CustodyTrait(.machine, machine)) }
        }
        var unseen = addresses.isEmpty ? ["\(host) has no address"] : []
        // A server of this very machine, or a tunnel, wherever it leads.
        if isLoopback { unseen.append("\(host) is this machine's own loopback: what is behind it is not to be seen") }
        return (traits, unseen)
    }

    /// The certificate that a service shows; that it shows none is said.
    static func certificate(_ host: String, _ port: Int, _ beginning: TLSBeginning = .atOnce) -> (
        traits: Set<CustodyTrait>, unseen: [String]
    ) {
        guard let print = CertificateObservation.fingerprint(host, port, beginning) else {
            return ([], ["\(host) port \(port) shows no certificate"])
        }
        return ([CustodyTrait(.certificate, print)], [])
    }

    /// What this machine is called: its ID, else its name.
    static var machine: String {
        if let id = text("/etc/machine-id")?.split(whereSeparator: \.isNewline).first { return String(id.prefix(12)) }
        return ProcessIdentity.current().hostname
    }

    /// The addresses of this machine's interfaces.
    private static func ownAddresses() -> Set<String> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: Set<String> = []
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr else { continue }
            let length =
                switch Int32(address.pointee.sa_family) {
                case AF_INET: MemoryLayout<sockaddr_in>.size
                case AF_INET6: MemoryLayout<sockaddr_in6>.size
                default: 0
                }
            guard length > 0, let text = numeric(address, socklen_t(length)) else { continue }
            found.insert(text)
        }
        return found
    }

    private static func numeric(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// An SSH server as ssh itself would reach it: its keys, the user, the private keys that are offered.
    static func ssh(
        host: String, port: Int?, user: String?, options: [String], identity: String?, program: String = "ssh"
    ) -> (traits: Set<CustodyTrait>, unseen: [String]) {
        var words = [program, "-G"]
        if let port { words += ["-p", String(port)] }
        if let user { words += ["-l", user] }
        if let identity { words += ["-i", identity] }
        for option in options { words += ["-o", option] }
        let settings = SSHSettings(output(words + ["--", host]) ?? "")
        let name = settings.first("hostname") ?? host
        let realPort = settings.first("port").flatMap { Int($0) } ?? port ?? 22
        var (traits, unseen) = service(name, realPort)
        if name.lowercased() != host.lowercased() {
            traits.insert(CustodyTrait(.host, "\(host.lowercased()):\(realPort)"))
        }
        let label = realPort == 22 ? name : "[\(name)]:\(realPort)"
        let jumps = ["proxyjump", "proxycommand"].contains { settings.first($0).map { $0 != "none" } ?? false }
        // Behind a jump host its address is not to be reached from here; what ssh knows of it is.
        var keys = jumps ? [] : hostKeys(output(["ssh-keyscan", "-T", "5", "-p", String(realPort), name]) ?? "")
        let alias = settings.first("hostkeyalias") ?? label
        for file in settings.paths("userknownhostsfile") + settings.paths("globalknownhostsfile") {
            keys.formUnion(hostKeys(output(["ssh-keygen", "-F", alias, "-f", file]) ?? ""))
        }
        if keys.isEmpty { unseen.append("\(label) shows no SSH host key") }
        let account = settings.first("user") ?? user ?? ""
        for key in keys {
            let print = fingerprint(key)
            traits.insert(CustodyTrait(.hostKey, print))
            traits.insert(CustodyTrait(.login, "\(account) on \(print)", shown: "\(account)@\(label)"))
        }
        for path in settings.all("identityfile").map(expanded) where access(path, F_OK) == 0 {
            traits.insert(privateKey(path))
        }
        return (traits, unseen)
    }

    /// A private key by its public half, so that a copy of the file is the same key; else by where the file really is.
    private static func privateKey(_ path: String) -> CustodyTrait {
        if let key = output(["ssh-keygen", "-y", "-P", "", "-f", path]).map({ $0.split(separator: " ") }), key.count > 1
        {
            return CustodyTrait(.identity, fingerprint(String(key[1])), shown: path)
        }
        if let bytes = text(path + ".pub").map({ $0.split(separator: " ") }), bytes.count > 1 {
            return CustodyTrait(.identity, fingerprint(String(bytes[1])), shown: path)
        }
        guard let pointer = realpath(path, nil) else { return CustodyTrait(.identity, path) }
        defer { free(pointer) }
        return CustodyTrait(.identity, String(cString: pointer), shown: path)
    }

    /// The keys, in base64, of lines as known_hosts has them.
    static func hostKeys(_ text: String) -> Set<String> {
        var keys: Set<String> = []
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
            if words.count >= 3, Base64.decode(Array(words[2].utf8)) != nil { keys.insert(String(words[2])) }
        }
        return keys
    }

    /// As ssh shows keys: "SHA256:…".
    static func fingerprint(_ key: String) -> String {
        let bytes = Base64.decode(Array(key.trimmed.utf8)) ?? Array(key.utf8)
        let digest = Hex.decode(Digest.fileID(bytes).hex.utf8) ?? []
        return "SHA256:" + String(decoding: Base64.encode(digest), as: UTF8.self).filter { $0 != "=" }
    }

    private static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }

    /// The small file's text; nil when it cannot be read.
    static func text(_ path: String, limit: Int = 1 << 20) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return collected(limit) { count(Glibc.read(descriptor, $0.baseAddress, $0.count)) }
    }

    private static func count(_ result: Int) -> Int? { result >= 0 ? result : nil }

    /// What a program prints; nil when there is no such program or it fails.
    private static func output(_ words: [String]) -> String? {
        var options = ChildProcess.Options()
        options.keepsMessages = true
        guard let child = try? ChildProcess(words, options: options) else { return nil }
        let text = collected(1 << 20) { try? child.read(into: $0) }
        guard let status = try? child.wait(), status == 0 else { return nil }
        return text
    }

    private static func collected(_ limit: Int, _ read: (UnsafeMutableRawBufferPointer) -> Int?) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 15)
        while bytes.count < limit {
            guard let count = buffer.withUnsafeMutableBytes({ read($0) }) else { return nil }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What `ssh -G` prints: a word and its value on each line.
struct SSHSettings {
    private let lines: [(name: String, value: String)]

    init(_ text: String) {
        lines = text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return parts.count == 2 ? (parts[0].lowercased(), String(parts[1])) : nil
        }
    }

    func first(_ name: String) -> String? { lines.first { $0.name == name }?.value }
    func all(_ name: String) -> [String] { lines.filter { $0.name == name }.map(\.value) }

    /// Several paths in one value, without those that stand for none.
    func paths(_ name: String) -> [String] {
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        return all(name).flatMap { $0.split(separator: " ") }.map { word in
            word.hasPrefix("~/") ? home + word.dropFirst() : String(word)
        }.filter { access($0, R_OK) == 0 && $0 != "/dev/null" }
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0.isWhitespace }.prefix { !$0.isWhitespace }) }
}

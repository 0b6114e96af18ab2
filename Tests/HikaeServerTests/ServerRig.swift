// A vault server in this process, and a client that can say what no client of good will says.

import Crypto
import Glibc
import HikaeCore
import HikaeStore
import HikaeTesting

@testable import HikaeServer

/// A server on loopback with users of every role: `reader`, `writer`, `keeper` of `sakura`, `stranger` of `fuji`.
final class ServerRig: Sendable {
    let folder: TemporaryDirectory
    let server: VaultServer
    let port: Int
    let metricsPort: Int

    var vault: String { folder.path("vault") }

    /// - Parameter prepare: changes limits and quotas before the server starts.
    init(
        _ prepare: (inout VaultServerSettings, inout UsersFile) throws -> Void = { _, _ in }, in place: String? = nil
    ) throws {
        folder = try TemporaryDirectory()
        let path = place ?? folder.path("vault")
        var settings = VaultServerSettings(folder: path, listen: try ListenAddress("127.0.0.1:0"))
        settings.metrics = try ListenAddress("127.0.0.1:0")
        settings.limits.stopSeconds = 2
        var users = UsersFile()
        for (name, tenant, role) in Self.users {
            try users.set(name, tenant: tenant, role: role, password: Secret("\(name)-no-himitsu"), at: .zero)
        }
        try prepare(&settings, &users)
        try users.save(folder: path)
        server = try VaultServer(settings) { print("server: \($0)") }
        let ports = try server.start()
        (port, metricsPort) = (ports.port, ports.metricsPort ?? 0)
    }

    deinit { server.stop() }

    static let users: [(String, String, ServerRole)] = [
        ("reader", "sakura", .read), ("writer", "sakura", .append), ("keeper", "sakura", .maintenance),
        ("stranger", "fuji", .append),
    ]

    /// An Authorization field for a user.
    static func login(_ user: String, _ password: String? = nil) -> String {
        let text = Array("\(user):\(password ?? "\(user)-no-himitsu")".utf8)
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var coded: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: 3) {
            let part = text[start..<min(start + 3, text.count)]
            let value = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for index in 0..<4 {
                coded.append(index <= part.count ? digits[value >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return "Authorization: Basic \(String(decoding: coded, as: UTF8.self))\r\n"
    }

    /// Asks once, on a connection of its own.
    @discardableResult
    func ask(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, as user: String? = "writer", fields: String = ""
    ) throws -> RawConnection.Answer {
        let connection = try RawConnection(port)
        let length = body.map { "Content-Length: \($0.count)\r\n" } ?? ""
        let login = user.map { Self.login($0) } ?? ""
        try connection.send(
            Array("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(login)\(length)\(fields)\r\n".utf8) + (body ?? []))
        return try connection.answer(hasBody: method != "HEAD")
    }

    /// Lays out a repository.
    func create(_ path: String = "/sakura/main/", as user: String = "writer") throws {
        let status = try ask("POST", "\(path)?create=true", as: user).status
        guard status == 200 else { throw HikaeError(.refused, "\(path) was answered with \(status)") }
    }

    static func hash(_ bytes: [UInt8]) -> String { Hex.encode(Array(SHA256.hash(data: bytes))) }

    /// Whether the audit log is whole; its lines.
    func log() throws -> [AuditLine] {
        var lines: [AuditLine] = []
        let result = try AuditVerification.run(vault: server.vault.path) { lines.append($0) }
        if let broken = result.firstBreak { throw HikaeError(.damaged, "\(broken)") }
        return lines
    }

    /// What uploads have left behind.
    func leftovers() throws -> [String] {
        try ["sakura", "fuji"].flatMap { try SystemFile.names("\(server.vault.path)/\($0)/.incoming") ?? [] }
    }

    /// Whether nothing is left of uploads, once those that were cut off have been noticed.
    func isTidy() throws -> Bool {
        let end = MonotonicTime.seconds() + 120
        while try !leftovers().isEmpty {
            guard MonotonicTime.seconds() < end else { return false }
            usleep(20_000)
        }
        return true
    }
}

/// A connection that sends what it is told, byte by byte if need be.
final class RawConnection: Sendable {
    struct Answer {
        var status = 0
        var head = ""
        var body: [UInt8] = []
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let descriptor: Int32

    init(_ port: Int) throws {
        // Not for programs that other tests start: they would hold it open when this has closed it.
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw HikaeError.system("connect to", "127.0.0.1:\(port)") }
        // Long: a busy machine answers late.
        var patience = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw HikaeError.system("send to", "the server") }
            done += count
        }
    }

    /// Says that nothing more will be sent.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next bytes; empty when the server has closed.
    func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == ECONNRESET { return [] }
        guard count >= 0 else { throw HikaeError.system("receive from", "the server") }
        return Array(buffer[..<count])
    }

    /// Reads an answer: by its length, by chunks, or to the end.
    func answer(hasBody: Bool = true) throws -> Answer {
        var bytes: [UInt8] = []
        var end: Int?
        while end == nil {
            let part = try receive()
            guard !part.isEmpty else { throw HikaeError(.unreachable, "the server has closed without an answer") }
            bytes += part
            end = bytes.indices.first { $0 + 3 < bytes.count && Array(bytes[$0..<$0 + 4]) == [13, 10, 13, 10] }
        }
        let head = String(decoding: bytes[..<(end ?? 0)], as: UTF8.self)
        var answer = Answer(status: Int(head.split(separator: " ")[1]) ?? 0, head: head)
        answer.body = Array(bytes[((end ?? 0) + 4)...])
        guard hasBody else { return answer }
        let lines = head.lowercased().split(separator: "\r\n")
        if let line = lines.first(where: { $0.hasPrefix("content-length: ") }), let length = Int(line.dropFirst(16)) {
            while answer.body.count < length {
                let part = try receive()
                guard !part.isEmpty else { throw HikaeError(.unreachable, "the answer was cut off") }
                answer.body += part
            }
        } else if lines.contains("transfer-encoding: chunked") {
            while !String(decoding: answer.body.suffix(5), as: UTF8.self).hasSuffix("0\r\n\r\n") {
                let part = try receive()
                if part.isEmpty { break }
                answer.body += part
            }
            answer.body = Self.unchunked(answer.body)
        }
        return answer
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let line = rest.firstIndex(of: 13) {
            let count = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16) ?? 0
            if count == 0 { break }
            result += rest[(line + 2)..<(line + 2 + count)]
            rest = rest[(line + 4 + count)...]
        }
        return result
    }
}

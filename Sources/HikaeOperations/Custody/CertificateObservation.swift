// The certificate that a server shows, also where TLS begins in the middle of a conversation: IMAP's STARTTLS, FTP's AUTH
// TLS, PostgreSQL and MariaDB. Says what has to be said before it and nothing else; never a name or a password.

import HikaeCore
import HikaeHTTP

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How TLS begins.
enum TLSBeginning: Sendable {
    /// With the first byte.
    case atOnce
    case imap, ftp, postgresql, mariadb
}

/// Certificates, looked at.
enum CertificateObservation {
    /// Seconds that a server may keep us waiting for each answer.
    private static let patience = 5
    /// Bytes of the longest line or packet that is listened to before TLS, and lines of the longest greeting.
    private static let lineLimit = 4096, lineCount = 100

    /// The fingerprint of a server's certificate; nil when it shows none.
    static func fingerprint(_ host: String, _ port: Int, _ beginning: TLSBeginning) -> String? {
        if beginning == .atOnce {
            return ServerTrust.seen(host: host, port: port, seconds: Int64(patience))?.fingerprint
        }
        guard let descriptor = connected(host, port) else { return nil }
        guard lead(descriptor, beginning) else {
            close(descriptor)
            return nil
        }
        return ServerTrust.seen(connected: descriptor, seconds: Int64(patience))?.fingerprint
    }

    /// Brings a connection to where TLS begins. Whether the server agrees.
    private static func lead(_ descriptor: CInt, _ beginning: TLSBeginning) -> Bool {
        switch beginning {
        case .atOnce: return true
        case .imap:
            guard line(descriptor)?.hasPrefix("* OK") == true, say("a STARTTLS\r\n", descriptor) else { return false }
            for _ in 0..<lineCount {
                guard let line = line(descriptor) else { return false }
                if line.hasPrefix("a ") { return line.uppercased().hasPrefix("A OK") }
            }
            return false
        case .ftp:
            return reply(descriptor)?.hasPrefix("220") == true && say("AUTH TLS\r\n", descriptor)
                && reply(descriptor)?.hasPrefix("234") == true
        case .postgresql:
            // SSLRequest: its length and its code.
            let request: [UInt8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F]
            return send(request, descriptor) && receive(1, descriptor) == [UInt8(ascii: "S")]
        case .mariadb: return leadMariaDB(descriptor)
        }
    }

    /// The server's greeting tells whether it knows TLS; the answer that asks for it bears no name.
    private static func leadMariaDB(_ descriptor: CInt) -> Bool {
        guard let head = receive(4, descriptor) else { return false }
        let length = Int(head[0]) | Int(head[1]) << 8 | Int(head[2]) << 16
        guard length <= lineLimit, let greeting = receive(length, descriptor), greeting.first == 10,
            let end = greeting.dropFirst().firstIndex(of: 0)
        else { return false }
        // Behind the version: the connection's number (4), a part of the salt (8), a zero, the lower capabilities (2).
        let place = end + 1 + 4 + 8 + 1
        let sslBit: UInt16 = 0x0800
        guard greeting.count >= place + 2,
            (UInt16(greeting[place]) | UInt16(greeting[place + 1]) << 8) & sslBit != 0
        else { return false }
        // Protocol 4.1, TLS, the newer way of passwords; packets of 16 MiB; utf8mb4; 23 zeros.
        let request: [UInt8] =
            [32, 0, 0, head[3] &+ 1, 0x00, 0x8A, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 45]
            + [UInt8](repeating: 0, count: 23)
        return send(request, descriptor)
    }

    // MARK: Bytes

    /// A connection that gives up after a while; nil when there is none.
    private static func connected(_ host: String, _ port: Int) -> CInt? {
        var wish = addrinfo()
        wish.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &wish, &found) == 0 else { return nil }
        defer { freeaddrinfo(found) }
        var next = found
        while let entry = next {
            next = entry.pointee.ai_next
            let descriptor = socket(
                entry.pointee.ai_family, entry.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
                entry.pointee.ai_protocol)
            guard descriptor >= 0 else { continue }
            var time = timeval(tv_sec: patience, tv_usec: 0)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
            }
            if connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 { return descriptor }
            close(descriptor)
        }
        return nil
    }

    private static func say(_ text: String, _ descriptor: CInt) -> Bool { send(Array(text.utf8), descriptor) }

    private static func send(_ bytes: [UInt8], _ descriptor: CInt) -> Bool {
        let flags = Int32(MSG_NOSIGNAL)
        return bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) } == bytes.count
    }

    /// So many bytes; nil when they do not come.
    private static func receive(_ count: Int, _ descriptor: CInt) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + done }, count - done, 0)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }

    /// A line, byte by byte: nothing of what comes after it may be taken from TLS.
    private static func line(_ descriptor: CInt) -> String? {
        var bytes: [UInt8] = []
        while bytes.count < lineLimit {
            guard let byte = receive(1, descriptor)?.first else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }

    /// The last line of one of FTP's replies: three digits and a space.
    private static func reply(_ descriptor: CInt) -> String? {
        for _ in 0..<lineCount {
            guard let line = line(descriptor) else { return nil }
            if line.prefix(3).allSatisfy(\.isNumber), line.dropFirst(3).first == " " { return line }
        }
        return nil
    }
}

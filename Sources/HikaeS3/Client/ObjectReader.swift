// The bytes of one object, in order. A connection that breaks is made anew and goes on where it broke; an object that
// has changed meanwhile is never mixed of two.

import Crypto
import HikaeCore
import HikaeHTTP

/// One object being read, by one thread.
final class ObjectReader {
    /// Size, ETag and metadata of what is read.
    let head: ResponseHead
    let size: UInt64
    private let client: S3Client
    private let key: [UInt8]
    private let version: String?
    private var exchange: HTTPTransport.Exchange?
    private var position: UInt64 = 0
    private var md5 = Insecure.MD5()
    /// Failed attempts since bytes came last, and where that was.
    private var attempts = 0
    private var lastBreak: UInt64 = 0
    /// Bytes after which a connection counts as one that worked.
    private static let progress: UInt64 = 1 << 20

    /// What is known once an object was read to its end.
    enum Checksum { case equal, differs, unknown }
    private(set) var checksum = Checksum.unknown

    /// Asks for the object, and returns when the answer begins.
    init(_ client: S3Client, _ key: [UInt8], version: String? = nil) throws(HikaeError) {
        (self.client, self.key, self.version) = (client, key, version)
        let request = Self.request(key, version, from: nil)
        let (head, exchange) = try client.retrying(request.action) { () throws(AttemptFailure) in
            try client.attempt(request)
        }
        self.head = head
        self.exchange = exchange
        guard let length = head.contentLength, length < 1 << 60, head.status == 200 else {
            exchange.close()
            throw HikaeError(
                .protocolViolation, "\(client.address.display) sent \(S3Client.shown(key)) without saying its length")
        }
        size = length
        if size == 0 { finish() }
    }

    deinit { exchange?.close() }

    private static func request(_ key: [UInt8], _ version: String?, from range: (UInt64, String?)?) -> S3Request {
        var request = S3Request(method: "GET", key: key, action: "read \(S3Client.shown(key))")
        if let version { request.query.append(WireField("versionId", version)) }
        if let (start, etag) = range {
            request.headers.append(WireField("range", "bytes=\(start)-"))
            if let etag { request.headers.append(WireField("if-match", "\"\(etag)\"")) }
        }
        return request
    }

    /// Reads the next bytes; 0 at the end, which is where the size says it is.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        guard position < size, !buffer.isEmpty else { return 0 }
        let room = UnsafeMutableRawBufferPointer(
            rebasing: buffer.prefix(Int(min(UInt64(buffer.count), size - position))))
        while true {
            let broken: HikaeError
            do throws(HikaeError) {
                if exchange == nil { exchange = try again() }
                guard let exchange else { continue }
                let count = try exchange.response.read(into: room)
                if count > 0 {
                    took(UnsafeRawBufferPointer(rebasing: room[..<count]))
                    return count
                }
                broken = HikaeError(
                    .unreachable, "\(S3Client.shown(key)) ended after \(position) of \(size) bytes", isRetryable: true)
            } catch {
                broken = error
            }
            exchange?.close()
            exchange = nil
            if position - lastBreak >= Self.progress { attempts = 0 }
            lastBreak = position
            attempts += 1
            try client.pause(
                after: AttemptFailure(error: broken, retryAfter: nil), attempt: attempts, "read \(S3Client.shown(key))")
        }
    }

    private func took(_ bytes: UnsafeRawBufferPointer) {
        position += UInt64(bytes.count)
        md5.update(bufferPointer: bytes)
        if position == size { finish() }
    }

    /// All bytes are there: are they those that the ETag is of?
    private func finish() {
        exchange = nil
        guard let etag = head.etag, ETag.mayBeMD5(etag), ETag.isOfBytes(head) else { return }
        checksum = Hex.encode(Array(md5.finalize())) == etag.lowercased() ? .equal : .differs
    }

    /// Goes on from `position`, and only with the same object.
    private func again() throws(HikaeError) -> HTTPTransport.Exchange {
        func changed() -> HikaeError {
            HikaeError(
                .inputOutput, "\(S3Client.shown(key)) was replaced while it was read; it was left out",
                hint: "The next capture reads the new one.")
        }
        let request = Self.request(key, version, from: (position, head.etag))
        let result: (head: ResponseHead, exchange: HTTPTransport.Exchange)
        do throws(AttemptFailure) {
            result = try client.attempt(request)
        } catch {
            if error.isPrecondition { throw changed() }
            throw error.error
        }
        guard result.head.etag == head.etag else {
            result.exchange.close()
            throw changed()
        }
        let isRest =
            result.head.status == 206
            && result.head["content-range"].map { $0.hasPrefix("bytes \(position)-") && $0.hasSuffix("/\(size)") }
                == true
        if isRest { return result.exchange }
        guard result.head.status == 200, result.head.contentLength == size else {
            result.exchange.close()
            throw HikaeError(
                .protocolViolation,
                "\(client.address.display) was asked for the rest of \(S3Client.shown(key)) and sent something else")
        }
        try skip(position, in: result.exchange)
        return result.exchange
    }

    /// A server that does not know ranges sends everything again.
    private func skip(_ count: UInt64, in exchange: HTTPTransport.Exchange) throws(HikaeError) {
        var rest = count
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while rest > 0 {
            let most = Int(min(rest, UInt64(part.count)))
            let got = try part.withMutableBytes { bytes throws(HikaeError) in
                try exchange.response.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<most]))
            }
            guard got > 0 else {
                throw HikaeError(.unreachable, "\(S3Client.shown(key)) ended early", isRetryable: true)
            }
            rest -= UInt64(got)
        }
    }
}

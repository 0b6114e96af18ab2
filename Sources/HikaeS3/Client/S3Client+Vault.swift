// What a vault asks of a bucket besides: whole files with their checksums signed, ranges into a buffer, locks, versions.

import Crypto
package import HikaeCore
import HikaeFormat
import HikaeHTTP

/// Until when nobody removes an object.
package struct ObjectRetention: Sendable, Equatable {
    /// "GOVERNANCE" or "COMPLIANCE".
    package var mode: String
    package var until: Timestamp

    package init(mode: String, until: Timestamp) { (self.mode, self.until) = (mode, until) }

    /// Nil where the header names no lock.
    init?(_ head: ResponseHead) {
        guard let mode = head["x-amz-object-lock-mode"],
            let until = head["x-amz-object-lock-retain-until-date"].flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        self.init(mode: mode, until: until)
    }

    /// The time as S3 writes it, to the second.
    var untilText: String { Timestamp(seconds: until.seconds).rfc3339 }
}

/// An object that has been stored.
package struct StoredObject: Sendable {
    /// Its version; nil in a bucket that keeps none.
    package let version: String?
}

/// What is known of an object without reading it.
package struct ObjectFacts: Sendable {
    package var size: UInt64
    package var version: String?
    package var retention: ObjectRetention?
    package var modified: Timestamp?
}

extension S3Client {
    /// Makes the bucket, with versions and locks when it is to keep what it gets.
    package func createBucket(locked: Bool) throws(HikaeError) {
        try createBucket(headers: locked ? [WireField("x-amz-bucket-object-lock-enabled", "true")] : [])
    }

    /// Whether objects of the bucket can be locked.
    package func locksObjects() throws(HikaeError) -> Bool {
        let request = S3Request(method: "GET", query: [WireField("object-lock", "")], action: "ask for locks")
        do throws(HikaeError) {
            let document = try XMLElement(parsing: try send(request).body, from: address.display)
            return document.text("ObjectLockEnabled") == "Enabled"
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    /// Size, version and lock of an object; nil when there is none.
    package func facts(_ key: [UInt8], version: String? = nil) throws(HikaeError) -> ObjectFacts? {
        let query = version.map { [WireField("versionId", $0)] } ?? []
        let request = S3Request(method: "HEAD", key: key, query: query, action: "look at \(Self.shown(key))")
        do throws(HikaeError) {
            let head = try send(request).head
            guard let size = head.contentLength else {
                throw HikaeError(.protocolViolation, "\(address.display) tells no size of \(Self.shown(key))")
            }
            let version = Self.version(head)
            return ObjectFacts(
                size: size, version: version, retention: ObjectRetention(head),
                modified: head["last-modified"].flatMap(HTTPDate.timestamp))
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Stores a file whole, its MD5 and SHA-256 signed with the request, and compares the checksum that comes back.
    ///
    /// - Parameters:
    ///   - lock: until when it stays.
    ///   - onlyIfMissing: never replaces an object.
    /// - Returns: what was stored; nil only when `onlyIfMissing` and there is one.
    package func store(
        _ key: [UInt8], _ content: UnsafeRawBufferPointer, lock: ObjectRetention?, onlyIfMissing: Bool = false
    ) throws(HikaeError) -> StoredObject? {
        var md5 = Insecure.MD5()
        md5.update(bufferPointer: content)
        let digest = Array(md5.finalize())
        var request = S3Request(method: "PUT", key: key, body: Array(content), action: "write \(Self.shown(key))")
        request.headers = [WireField("content-md5", String(decoding: Base64.encode(digest), as: UTF8.self))]
        request.headers += [WireField("content-type", "application/octet-stream")]
        if let lock { request.headers += Self.headers(lock) }
        if onlyIfMissing { request.headers.append(WireField("if-none-match", "*")) }
        let sent = request
        return try retrying(request.action) { () throws(AttemptFailure) in
            do throws(AttemptFailure) {
                let (head, exchange) = try attempt(sent)
                try finish(exchange, sent.action)
                guard let etag = head.etag, ETag.mayBeMD5(etag), ETag.isOfBytes(head),
                    etag.lowercased() != Hex.encode(digest)
                else { return StoredObject(version: Self.version(head)) }
                let error = HikaeError(
                    .inputOutput, "\(Self.shown(key)) was not stored as it was sent: its checksum came back as \(etag)",
                    isRetryable: true)
                throw AttemptFailure(error: error, retryAfter: nil)
            } catch {
                guard error.isPrecondition, onlyIfMissing else { throw error }
                return nil
            }
        }
    }

    private func finish(_ exchange: HTTPTransport.Exchange, _ action: String) throws(AttemptFailure) {
        do throws(HikaeError) {
            _ = try exchange.response.all(limit: 1 << 20)
        } catch {
            exchange.close()
            throw AttemptFailure(error: error, retryAfter: nil)
        }
    }

    private static func version(_ head: ResponseHead) -> String? {
        head["x-amz-version-id"].flatMap { $0 == "null" ? nil : $0 }
    }

    private static func headers(_ lock: ObjectRetention) -> [WireField] {
        [
            WireField("x-amz-object-lock-mode", lock.mode),
            WireField("x-amz-object-lock-retain-until-date", lock.untilText),
        ]
    }

    /// Fills `buffer` from an object; `.damaged` when it ends before that.
    package func read(
        _ key: [UInt8], version: String? = nil, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        guard !buffer.isEmpty else { return }
        let end = offset + UInt64(buffer.count)
        var request = S3Request(method: "GET", key: key, action: "read \(Self.shown(key))")
        if let version { request.query.append(WireField("versionId", version)) }
        request.headers.append(WireField("range", "bytes=\(offset)-\(end - 1)"))
        let sent = request
        try retrying(request.action) { () throws(AttemptFailure) in
            let (head, exchange) = try attempt(sent)
            do throws(HikaeError) {
                let range = try ContentRange(head, offset: offset, place: address.display)
                guard range.total >= end else {
                    throw HikaeError(
                        .damaged,
                        "\(Self.shown(key)) in \(address.display) is damaged: it has \(range.total) bytes "
                            + "where \(end) are expected")
                }
                try range.checkEnd(end, place: address.display)
                try skip(offset - range.start, exchange)
                try fill(buffer, exchange, key)
                if !range.isExact(offset, end) { exchange.close() }
            } catch {
                exchange.close()
                throw AttemptFailure(error: error, retryAfter: nil)
            }
        }
    }

    /// A whole object, of at most `limit` bytes.
    package func load(_ key: [UInt8], version: String? = nil, limit: UInt64) throws(HikaeError) -> [UInt8] {
        var request = S3Request(method: "GET", key: key, action: "read \(Self.shown(key))")
        if let version { request.query.append(WireField("versionId", version)) }
        let sent = request
        return try retrying(request.action) { () throws(AttemptFailure) in
            let (head, exchange) = try attempt(sent)
            do throws(HikaeError) {
                guard head.status == 200, let size = head.contentLength else {
                    throw HikaeError(
                        .protocolViolation, "\(address.display) sent \(Self.shown(key)) without saying its length")
                }
                guard size <= limit else {
                    throw HikaeError(.limit, "\(Self.shown(key)) in \(address.display) has \(size) bytes: too many")
                }
                let bytes = try [UInt8].filled(count: Int(size)) { buffer throws(HikaeError) in
                    try fill(buffer, exchange, key)
                }
                return bytes
            } catch {
                exchange.close()
                throw AttemptFailure(error: error, retryAfter: nil)
            }
        }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ exchange: HTTPTransport.Exchange, _ key: [UInt8]
    ) throws(HikaeError) {
        var done = 0
        while done < buffer.count {
            let got = try exchange.response.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            guard got > 0 else {
                throw HikaeError(
                    .unreachable, "\(Self.shown(key)) ended after \(done) of \(buffer.count) bytes", isRetryable: true)
            }
            done += got
        }
    }

    private func skip(_ count: UInt64, _ exchange: HTTPTransport.Exchange) throws(HikaeError) {
        var rest = count
        var part = [UInt8](repeating: 0, count: Int(min(count, 64 << 10)))
        while rest > 0 {
            let most = Int(min(rest, UInt64(part.count)))
            let got = try part.withMutableBytes { bytes throws(HikaeError) in
                try exchange.response.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<most]))
            }
            guard got > 0 else { throw HikaeError(.unreachable, "an object ended early", isRetryable: true) }
            rest -= UInt64(got)
        }
    }

    /// Locks one version of an object until a time, or longer than it is.
    package func retain(_ key: [UInt8], version: String?, _ lock: ObjectRetention) throws(HikaeError) {
        let body = Array(
            """
            <Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Mode>\(Self.escaped(lock.mode))</Mode>\
            <RetainUntilDate>\(lock.untilText)</RetainUntilDate></Retention>
            """.utf8)
        var query = [WireField("retention", "")]
        if let version { query.append(WireField("versionId", version)) }
        let digest = Base64.encode(Array(Insecure.MD5.hash(data: body)))
        try send(
            S3Request(
                method: "PUT", key: key, query: query,
                headers: [WireField("content-md5", String(decoding: digest, as: UTF8.self))], body: body,
                action: "lock \(Self.shown(key))"))
    }

    /// Makes a copy of one version of an object the newest one, locked until a time.
    package func bringBack(_ key: [UInt8], version: String, lock: ObjectRetention?) throws(HikaeError) {
        let path = "/\(address.bucket)/\(PercentCoding.encode(key, keepsSlashes: true))"
        var headers = [WireField("x-amz-copy-source", "\(path)?versionId=\(PercentCoding.encode(version))")]
        // Some servers want a checksum with every lock; this is that of an empty body.
        if let lock { headers += Self.headers(lock) + [WireField("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")] }
        let request = S3Request(
            method: "PUT", key: key, headers: headers, body: [], action: "bring back \(Self.shown(key))")
        try checkBody(try send(request), request.action)
    }
}

/// Which bytes an answer brings.
struct ContentRange: Equatable {
    /// The first byte, the one behind the last, and how many the object has.
    let start: UInt64
    let end: UInt64
    let total: UInt64

    /// Throws `.protocolViolation` when the answer does not begin at or before `offset`, or says nothing.
    init(_ head: ResponseHead, offset: UInt64, place: String) throws(HikaeError) {
        func wrong() -> HikaeError {
            HikaeError(.protocolViolation, "\(place) was asked for some bytes of an object and sent others")
        }
        if head.status == 200, let length = head.contentLength {
            (start, end, total) = (0, length, length)
            return
        }
        guard head.status == 206, let text = head["content-range"], text.hasPrefix("bytes ") else { throw wrong() }
        let parts = text.dropFirst(6).split(whereSeparator: { $0 == "-" || $0 == "/" }).map { UInt64($0) }
        guard parts.count == 3, let first = parts[0], let last = parts[1], let whole = parts[2], first == offset,
            last >= first, last < whole
        else { throw wrong() }
        (start, end, total) = (first, last + 1, whole)
    }

    func checkEnd(_ wanted: UInt64, place: String) throws(HikaeError) {
        guard end >= wanted else {
            throw HikaeError(
                .protocolViolation, "\(place) sent fewer bytes of an object than were asked for", isRetryable: true)
        }
    }

    /// Whether nothing more comes than was wanted.
    func isExact(_ offset: UInt64, _ wanted: UInt64) -> Bool { start == offset && end == wanted }
}

extension [UInt8] {
    /// An array that `body` fills; nothing is said to be there unless it returns.
    fileprivate static func filled(
        count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(HikaeError) -> Void
    ) throws(HikaeError) -> [UInt8] {
        var failure: HikaeError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(HikaeError) {
                try body(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            } catch { failure = error }
            initialized = failure == nil ? count : 0
        }
        if let failure { throw failure }
        return bytes
    }
}

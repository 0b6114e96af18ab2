// restic's REST protocol, versions 1 and 2: files of a repository listed, read, stored, and locks removed.

internal import HTTPTypes
internal import HikaeCore
internal import HikaeFormat
internal import HikaeStore
internal import Hummingbird
internal import NIOCore

extension VaultResponder {
    /// What a client that speaks version 2 asks for, and what it is answered with.
    private static let version1 = "application/vnd.x.restic.rest.v1"
    private static let version2 = "application/vnd.x.restic.rest.v2"
    /// Bytes that are handed to the disk, or to a client, in one go.
    static let stepBytes = 256 << 10

    func list(_ exchange: inout Exchange, _ repository: TenantRepository, _ kind: FileKind) async throws -> Response {
        guard exchange.method == "GET" else { throw Refusal.wrongMethod(["GET"]) }
        let found = try await files.run { () throws(HikaeError) in try repository.list(kind) }
        let share = vault.memory.share(repository.tenant)
        guard share.grow(by: found.count * MemoryLayout<StoredFileInfo>.stride) else { throw Refusal.tooMuchAtOnce }
        let hasSizes = exchange.request.headers[.accept] == Self.version2
        var headers = HTTPFields()
        headers[.contentType] = hasSizes ? Self.version2 : Self.version1
        return Response(
            status: .ok, headers: headers,
            body: .init { writer in
                // In pieces, so that a million names take no memory of their own.
                for start in stride(from: 0, to: max(1, found.count), by: 1000) {
                    let piece = found[start..<min(start + 1000, found.count)]
                    var text: [UInt8] = start == 0 ? [UInt8(ascii: "[")] : []
                    for (index, info) in piece.enumerated() {
                        if start + index > 0 { text.append(UInt8(ascii: ",")) }
                        let line =
                            hasSizes ? "{\"name\":\"\(info.id.hex)\",\"size\":\(info.size)}" : "\"\(info.id.hex)\""
                        text.append(contentsOf: line.utf8)
                    }
                    if start + 1000 >= found.count { text.append(UInt8(ascii: "]")) }
                    try await writer.write(ByteBuffer(bytes: text))
                }
                try await writer.finish(nil)
                withExtendedLifetime(share) {}
            })
    }

    func file(_ exchange: inout Exchange, _ repository: TenantRepository, _ file: StoredFile) async throws -> Response {
        switch exchange.method {
        case "HEAD", "GET": return try await send(&exchange, repository, file)
        case "POST":
            try require(file.kind == .lock ? .read : .append, exchange)
            return try await store(&exchange, repository, file)
        default:
            guard file.kind == .lock, let id = file.id else {
                throw Refusal(403, "nothing but locks is removed over the network")
            }
            let event = exchange.event(200)
            try await files.run { () throws(HikaeError) in
                try repository.removeLock(id)
                try repository.vault.audit.appendTransient(event)
            }
            return Response(status: .ok)
        }
    }

    private func send(
        _ exchange: inout Exchange, _ repository: TenantRepository, _ file: StoredFile
    ) async throws -> Response {
        let served = try await files.run { () throws(HikaeError) in try ServedFile(repository.path(file)) }
        var headers = HTTPFields()
        headers[.contentType] = "binary/octet-stream"
        headers[.acceptRanges] = "bytes"
        guard exchange.method == "GET" else {
            headers[.contentLength] = String(served.size)
            return Response(status: .ok, headers: headers)
        }
        let bytes: Range<UInt64>
        var status = HTTPResponse.Status.ok
        switch ByteRange(header: exchange.request.headers[.range], size: served.size) {
        case .whole: bytes = 0..<served.size
        case .part(let part):
            bytes = part
            status = .partialContent
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(served.size)"
        case .unsatisfiable:
            var refusal = Refusal(416, "the file has only \(served.size) bytes")
            refusal.headers[.contentRange] = "bytes */\(served.size)"
            throw refusal
        }
        exchange.bytes = UInt64(bytes.count)
        exchange.isDownload = true
        if file.kind == .config || file.kind == .key {
            vault.audit.appendReading(exchange.event(Int(status.code)))
        }
        let files = files
        let report = report
        return Response(
            status: status, headers: headers,
            body: .init(contentLength: bytes.count) { writer in
                var offset = bytes.lowerBound
                while offset < bytes.upperBound {
                    let at = offset
                    let count = min(Self.stepBytes, Int(bytes.upperBound - offset))
                    do throws(HikaeError) {
                        let part = try await files.run { () throws(HikaeError) in try served.read(at: at, count: count)
                        }
                        offset += UInt64(count)
                        try await Self.write(part, to: &writer)
                    } catch {
                        // The head is gone already: ending the connection is all that is left to say.
                        if error.code != .cancelled { report(error) }
                        throw error
                    }
                }
                try await writer.finish(nil)
            })
    }

    private static func write(
        _ part: ByteBuffer, to writer: inout any ResponseBodyWriter
    ) async throws(HikaeError) {
        do { try await writer.write(part) } catch { throw HikaeError(.cancelled, "the client has gone") }
    }

    /// The most bytes that a file of a kind may have.
    private func limit(_ kind: FileKind) -> Int {
        switch kind {
        case .pack, .parity: limits.packBytes
        case .index, .snapshot: limits.indexBytes
        case .config, .key, .lock: limits.smallBytes
        }
    }

    private func store(
        _ exchange: inout Exchange, _ repository: TenantRepository, _ file: StoredFile
    ) async throws -> Response {
        let limit = limit(file.kind)
        guard exchange.announced ?? 0 <= UInt64(limit) else {
            throw Refusal(413, "the \(file.kind.rawValue) is too large")
        }
        // Without a hash in its name, only its announced length tells a whole file from half of one.
        if file.kind == .config || file.kind == .parity, exchange.announced == nil {
            throw Refusal(411, "the length must be known")
        }
        let upload = Upload(file, in: repository, limit: limit)
        let outcome: Upload.Outcome
        do {
            outcome = try await receive(&exchange, upload)
        } catch {
            try? await files.run { upload.abandon() }
            guard let error = error as? HikaeError else { throw error }
            throw Refusal(error, isUpload: true)
        }
        if outcome == .mended { metrics.mended() }
        if outcome == .stored { metrics.stored(repository.tenant) }
        return Response(status: .ok)
    }

    /// Takes the body in steps. What fits into one step costs one change of threads.
    private func receive(_ exchange: inout Exchange, _ upload: Upload) async throws -> Upload.Outcome {
        var parts: [ByteBuffer] = []
        var waiting = 0
        var hasBegun = false
        if exchange.expectation != nil {
            // Whatever speaks against it is said before the client sends it.
            let (limits, announced) = (limits, exchange.announced)
            try await files.run { () throws(HikaeError) in try upload.begin(limits, announced: announced) }
            hasBegun = true
            exchange.wantBody()
        }
        for try await part in exchange.request.body {
            parts.append(part)
            waiting += part.readableBytes
            guard waiting >= Self.stepBytes else { continue }
            try await pass(parts, to: upload, isFirst: !hasBegun)
            exchange.bytes += UInt64(waiting)
            hasBegun = true
            (parts, waiting) = ([], 0)
        }
        exchange.hasReadBody = true
        exchange.bytes += UInt64(waiting)
        if let announced = exchange.announced, announced != exchange.bytes {
            throw Refusal(400, "\(exchange.bytes) bytes came instead of \(announced)")
        }
        try await pass(parts, to: upload, isFirst: !hasBegun)
        let event = exchange.event(200)
        let audit = vault.audit
        let isLock = upload.isLock
        return try await files.run { () throws(HikaeError) in
            let outcome = try upload.finish()
            var event = event
            if outcome == .known { event.note = "was there before" }
            if outcome == .mended { event.note = "a damaged file was mended" }
            // What costs its sender nothing is written down only so often.
            if outcome == .known || isLock {
                try audit.appendTransient(event)
            } else {
                try audit.append(event, durable: true)
            }
            return outcome
        }
    }

    private func pass(_ parts: [ByteBuffer], to upload: Upload, isFirst: Bool) async throws(HikaeError) {
        let limits = limits
        try await files.run { () throws(HikaeError) in
            if isFirst { try upload.begin(limits) }
            for part in parts {
                let bytes = part.readableBytesView
                try Array(bytes).withBytes { raw throws(HikaeError) in try upload.take(raw) }
            }
        }
    }
}

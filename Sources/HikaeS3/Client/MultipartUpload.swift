// Objects that are sent in parts: all that are larger than one part.

import Crypto
import HikaeCore
import HikaeHTTP

/// How an object is divided.
struct PartPlan: Sendable, Equatable {
    /// What a part has at least, and an object at most that is sent whole.
    static let usual = 8 << 20
    /// S3 takes no more parts than this.
    static let most = 10_000

    /// Bytes of each part but the last.
    let partSize: Int

    /// For an object of `size` bytes. Throws `.limit` for one that no server takes.
    init(size: UInt64) throws(HikaeError) {
        guard size <= 5 << 40 else {
            throw HikaeError(.limit, "an object of \(size) bytes is larger than S3 allows")
        }
        var part = UInt64(Self.usual)
        while part * UInt64(Self.most) < size { part *= 2 }
        partSize = Int(part)
    }

    /// Whether the object is sent in one request.
    static func isWhole(_ size: UInt64) -> Bool { size <= UInt64(usual) }
}

/// The ETag that S3 gives an object whose bytes come in parts of one size: what tells, without reading it back,
/// whether an object is one that was put there before.
struct PartedETag {
    private let plan: PartPlan
    private let isWhole: Bool
    private var current = Insecure.MD5()
    private var filled = 0
    private var parts: [UInt8] = []
    private var count = 0

    /// For an object of `size` bytes, divided as `PartPlan` divides it.
    init(size: UInt64) throws(HikaeError) {
        plan = try PartPlan(size: size)
        isWhole = PartPlan.isWhole(size)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = isWhole ? rest.count : min(rest.count, plan.partSize - filled)
            current.update(bufferPointer: UnsafeRawBufferPointer(rebasing: rest.prefix(taken)))
            filled += taken
            rest = rest.dropFirst(taken)
            if !isWhole, filled == plan.partSize { endPart() }
        }
    }

    private mutating func endPart() {
        parts += Array(current.finalize())
        count += 1
        current = Insecure.MD5()
        filled = 0
    }

    /// The ETag, without quotes.
    mutating func finish() -> String {
        if isWhole { return Hex.encode(Array(current.finalize())) }
        if filled > 0 { endPart() }
        return "\(Hex.encode(Array(Insecure.MD5.hash(data: parts))))-\(count)"
    }
}

/// One upload in parts, from its begin to its end. An upload that is not completed is aborted.
struct MultipartUpload {
    private let client: S3Client
    private let key: [UInt8]
    private let id: String
    private var etags: [String] = []

    /// Begins.
    init(_ client: S3Client, _ key: [UInt8], headers: [WireField]) throws(HikaeError) {
        (self.client, self.key) = (client, key)
        let request = S3Request(
            method: "POST", key: key, query: [WireField("uploads", "")], headers: headers, body: [],
            action: "write \(S3Client.shown(key))")
        let document = try XMLElement(parsing: try client.send(request).body, from: client.address.display)
        guard let id = document.text("UploadId"), !id.isEmpty, id.utf8.count <= 4096 else {
            throw HikaeError(.protocolViolation, "\(client.address.display) began an upload without a name for it")
        }
        self.id = id
    }

    /// Sends the next part.
    mutating func add(_ bytes: [UInt8]) throws(HikaeError) {
        let number = etags.count + 1
        let head = try client.send(
            S3Request(
                method: "PUT", key: key,
                query: [WireField("partNumber", "\(number)"), WireField("uploadId", id)], body: bytes,
                action: "write part \(number) of \(S3Client.shown(key))")
        ).head
        guard let etag = head.etag else {
            throw HikaeError(.protocolViolation, "\(client.address.display) took a part and gave no ETag for it")
        }
        try client.check(head, bytes, key)
        etags.append(etag)
    }

    /// Makes the object of the parts.
    func complete() throws(HikaeError) {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for (index, etag) in etags.enumerated() {
            text += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\"\(S3Client.escaped(etag))\"</ETag></Part>"
        }
        text += "</CompleteMultipartUpload>"
        let request = S3Request(
            method: "POST", key: key, query: [WireField("uploadId", id)], body: Array(text.utf8),
            action: "finish writing \(S3Client.shown(key))")
        try client.checkBody(try client.send(request), request.action)
    }

    /// Takes the parts away again. What hinders it is of no interest: the reason to abort is told.
    func abort() {
        _ = try? client.send(
            S3Request(
                method: "DELETE", key: key, query: [WireField("uploadId", id)],
                action: "end an upload of \(S3Client.shown(key))"))
    }
}

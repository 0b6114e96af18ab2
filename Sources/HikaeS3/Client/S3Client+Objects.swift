// What is asked of single objects and of the bucket itself.

import Crypto
package import HikaeCore
import HikaeHTTP

extension S3Client {
    /// The bucket's head; `.notFound` when there is none.
    package func headBucket() throws(HikaeError) {
        // HEAD has no body, and so no word for what is wrong; a list of one key says it.
        try list(prefix: [], most: 1) { _ in false }
    }

    /// Makes the bucket.
    func createBucket(headers: [WireField] = []) throws(HikaeError) {
        var body: [UInt8] = []
        if region != "us-east-1" {
            body = Array(
                """
                <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
                <LocationConstraint>\(Self.escaped(region))</LocationConstraint></CreateBucketConfiguration>
                """.utf8)
        }
        try send(S3Request(method: "PUT", headers: headers, body: body, action: "make the bucket \(address.bucket)"))
    }

    /// An object's size and metadata; nil when there is none.
    func head(_ key: [UInt8]) throws(HikaeError) -> ResponseHead? {
        do throws(HikaeError) {
            return try send(S3Request(method: "HEAD", key: key, action: "look at \(Self.shown(key))")).head
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Stores an object of `bytes`. Returns its ETag.
    @discardableResult
    func put(_ key: [UInt8], _ bytes: [UInt8], headers: [WireField] = []) throws(HikaeError) -> String {
        let request = S3Request(
            method: "PUT", key: key, headers: headers, body: bytes, action: "write \(Self.shown(key))")
        let head = try send(request).head
        try check(head, bytes, key)
        return head.etag ?? ""
    }

    /// Removes an object, or one version of it. It is no error when there is none.
    package func delete(_ key: [UInt8], version: String? = nil) throws(HikaeError) {
        let query = version.map { [WireField("versionId", $0)] } ?? []
        try send(S3Request(method: "DELETE", key: key, query: query, action: "remove \(Self.shown(key))"))
    }

    /// Copies an object onto another key of the bucket, or onto itself with other metadata.
    func copy(_ from: [UInt8], to key: [UInt8], headers: [WireField], replacesMetadata: Bool) throws(HikaeError) {
        let source = WireField(
            "x-amz-copy-source", "/\(address.bucket)/\(PercentCoding.encode(from, keepsSlashes: true))")
        let directive = WireField("x-amz-metadata-directive", replacesMetadata ? "REPLACE" : "COPY")
        let request = S3Request(
            method: "PUT", key: key, headers: headers + [source, directive], body: [],
            action: "copy \(Self.shown(from))")
        try checkBody(try send(request), request.action)
    }

    /// An object's tags, as the query text that `x-amz-tagging` takes. Empty when there are none.
    func tags(_ key: [UInt8], version: String? = nil) throws(HikaeError) -> String {
        let query = [WireField("tagging", "")] + (version.map { [WireField("versionId", $0)] } ?? [])
        let request = S3Request(method: "GET", key: key, query: query, action: "read the tags of \(Self.shown(key))")
        let document = try XMLElement(parsing: try send(request).body, from: address.display)
        let tags = (document["TagSet"]?.all("Tag") ?? []).map {
            WireField($0.text("Key") ?? "", $0.text("Value") ?? "")
        }
        return RequestSigner.queryText(tags)
    }

    /// A key for people.
    package static func shown(_ key: [UInt8]) -> String {
        let scalars = String(decoding: key, as: UTF8.self).unicodeScalars
        return String(String.UnicodeScalarView(scalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
    }

    /// Throws when a server that stored bytes names an MD5 that is not theirs.
    func check(_ head: ResponseHead, _ bytes: [UInt8], _ key: [UInt8]) throws(HikaeError) {
        guard let etag = head.etag, ETag.mayBeMD5(etag), ETag.isOfBytes(head) else { return }
        let ours = Hex.encode(Array(Insecure.MD5.hash(data: bytes)))
        guard ours != etag.lowercased() else { return }
        throw HikaeError(
            .damaged, "\(Self.shown(key)) was not stored as it was sent: its checksum is \(etag), it should be \(ours)")
    }

    /// A good status may come with an error in the body, where the server began to answer before it was done.
    func checkBody(_ answer: (head: ResponseHead, body: [UInt8]), _ action: String) throws(HikaeError) {
        let document = try XMLElement(parsing: answer.body, from: address.display)
        guard document.name == "Error" else { return }
        let refusal = S3Failure(answer.head, answer.body)
        throw refusal.error(action, address, region: region, now: SystemClock().now())
    }

    /// Text for XML.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}

extension ETag {
    /// Whether the ETag that came with this head can be of the bytes themselves: it is not, when the server encrypts
    /// with a key that is not its own.
    static func isOfBytes(_ head: ResponseHead) -> Bool {
        let way = head["x-amz-server-side-encryption"]
        return (way == nil || way == "AES256") && head["x-amz-server-side-encryption-customer-algorithm"] == nil
    }
}

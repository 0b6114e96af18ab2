// AWS Signature Version 4, in headers. Pure: what is to be signed goes in, headers come out.

import Crypto
import HikaeCore
import HikaeHTTP

/// Keys to sign with.
struct S3Credentials: Sendable {
    var accessKeyID: String
    var secretAccessKey: Secret
    var sessionToken: Secret?
}

/// Signs requests for one service in one region.
struct RequestSigner: Sendable {
    /// What is said of the body.
    enum Payload: Sendable {
        /// The body's SHA-256 is signed with the rest.
        case bytes([UInt8])
        /// The body is not signed: it is not known yet, or TLS guards it.
        case unsigned
    }

    let credentials: S3Credentials
    let region: String
    var service = "s3"
    /// Whether the body's hash goes into a header of its own, as S3 wants it.
    var tellsPayload = true

    /// The body's hash as it is signed.
    static func hash(_ payload: Payload) -> String {
        switch payload {
        case .bytes(let bytes): hex(SHA256.hash(data: bytes))
        case .unsigned: "UNSIGNED-PAYLOAD"
        }
    }

    /// The headers of a signed request: those given, and those that the signature needs.
    ///
    /// - Parameters:
    ///   - path: as it goes over the wire, encoded.
    ///   - query: decoded.
    ///   - headers: all that are to be signed; `host` must be among them.
    func sign(
        method: String, path: String, query: [WireField], headers: [WireField], payload: Payload, time: Timestamp
    ) -> [WireField] {
        let stamp = Self.stamp(time)
        let bodyHash = Self.hash(payload)
        var headers = headers + [WireField("x-amz-date", stamp)]
        if tellsPayload { headers.append(WireField("x-amz-content-sha256", bodyHash)) }
        if let token = credentials.sessionToken { headers.append(WireField("x-amz-security-token", token.text)) }
        let (canonical, signed) = Self.canonicalRequest(
            method: method, path: path, query: query, headers: headers, bodyHash: bodyHash)
        let scope = "\(stamp.prefix(8))/\(region)/\(service)/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(Self.hex(SHA256.hash(data: Array(canonical.utf8))))"
        let signature = Self.hex(Self.code(text, signingKey(day: String(stamp.prefix(8)))))
        headers.append(
            WireField(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(signed), "
                    + "Signature=\(signature)"))
        return headers
    }

    /// The canonical request and its list of signed headers.
    static func canonicalRequest(
        method: String, path: String, query: [WireField], headers: [WireField], bodyHash: String
    ) -> (text: String, signedHeaders: String) {
        var values: [String: [String]] = [:]
        for header in headers { values[header.name.lowercased(), default: []].append(trimmed(header.value)) }
        let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let lines = names.map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
        let signed = names.joined(separator: ";")
        return ("\(method)\n\(path)\n\(queryText(query))\n\(lines)\n\(signed)\n\(bodyHash)", signed)
    }

    /// A query as it is signed and sent: encoded, in the order of the encoded names.
    static func queryText(_ query: [WireField]) -> String {
        let items = query.map { (PercentCoding.encode($0.name), PercentCoding.encode($0.value)) }
        let sorted = items.sorted { left, right in
            left.0 != right.0
                ? left.0.utf8.lexicographicallyPrecedes(right.0.utf8)
                : left.1.utf8.lexicographicallyPrecedes(right.1.utf8)
        }
        return sorted.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// 20120620T170000Z.
    static func stamp(_ time: Timestamp) -> String {
        let date = CivilDate(secondsSince1970: time.seconds)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let year = "\(date.year)"
        let padded = String(repeating: "0", count: max(0, 4 - year.utf8.count)) + year
        return "\(padded)\(two(date.month))\(two(date.day))T\(two(date.hour))\(two(date.minute))\(two(date.second))Z"
    }

    private func signingKey(day: String) -> SymmetricKey {
        let first = SymmetricKey(data: Array("AWS4".utf8) + credentials.secretAccessKey.bytes)
        let day = Self.code(day, first)
        let region = Self.code(region, SymmetricKey(data: day))
        let service = Self.code(service, SymmetricKey(data: region))
        return SymmetricKey(data: Self.code("aws4_request", SymmetricKey(data: service)))
    }

    private static func code(_ text: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String { Hex.encode(Array(bytes)) }

    /// Without spaces at the ends, several in a row as one.
    private static func trimmed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }).joined(separator: " ")
    }
}

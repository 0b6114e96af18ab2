// Where a bucket is: endpoint, style of address, and the URL and host of each request.

import HikaeCore
import HikaeHTTP

/// A bucket's place on the network.
struct S3Address: Sendable, Equatable {
    let isTLS: Bool
    /// As the endpoint has it; for a bucket in the host's name without the bucket.
    let host: String
    let port: Int?
    let bucket: String
    let isPathStyle: Bool

    /// Throws `.usage` when the endpoint or the bucket's name makes no sense.
    init(_ settings: S3Settings) throws(HikaeError) {
        let text = settings.endpoint
        func wrong(_ reason: String) -> HikaeError {
            HikaeError(
                .usage, "the S3 endpoint \(text) makes no sense: \(reason)",
                hint: "An endpoint looks like https://s3.example.com or http://127.0.0.1:9000.")
        }
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "http" || parts[0] == "https" else {
            throw wrong("it must begin with http:// or https://")
        }
        isTLS = parts[0] == "https"
        var rest = parts[1]
        if rest.hasSuffix("/") { rest.removeLast() }
        guard rest.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._:[]".contains($0)) }), !rest.isEmpty
        else { throw wrong("after that only a host and a port are allowed") }
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = String(rest[...end])
            rest = rest[rest.index(after: end)...]
        } else {
            host = String(rest.prefix { $0 != ":" })
            rest = rest.dropFirst(host.count)
        }
        if rest.isEmpty {
            port = nil
        } else {
            guard rest.hasPrefix(":"), let number = Int(rest.dropFirst()), (1...65535).contains(number) else {
                throw wrong("its port is none")
            }
            port = number
        }
        guard !host.isEmpty else { throw wrong("it names no host") }
        bucket = settings.bucket
        let isName = bucket.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || "-._".utf8.contains($0)
        }
        guard isName, (1...255).contains(bucket.utf8.count), bucket != ".", bucket != ".." else {
            throw HikaeError(
                .usage, "\(bucket) is no name of a bucket",
                hint: "Buckets are named with letters, digits, hyphens and dots.")
        }
        let isAmazon = host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
        // A dot would not be covered by the server's certificate.
        isPathStyle = settings.pathStyle ?? !(isAmazon && !bucket.contains(".") && !bucket.contains("_"))
    }

    /// What the `Host` header says.
    var hostHeader: String {
        let whole = isPathStyle ? host : "\(bucket).\(host)"
        guard let port, port != (isTLS ? 443 : 80) else { return whole }
        return "\(whole):\(port)"
    }

    /// The encoded path of the bucket or of an object in it.
    func path(_ key: [UInt8]?) -> String {
        let object = key.map { PercentCoding.encode($0, keepsSlashes: true) }
        if isPathStyle { return object.map { "/\(bucket)/\($0)" } ?? "/\(bucket)" }
        return "/\(object ?? "")"
    }

    /// The whole URL of a request.
    func url(_ key: [UInt8]?, _ query: [WireField]) -> String {
        let items = RequestSigner.queryText(query)
        return "\(isTLS ? "https" : "http")://\(hostHeader)\(path(key))\(items.isEmpty ? "" : "?\(items)")"
    }

    /// For people: "s3://bucket" and the server it is on.
    var display: String { "s3://\(bucket) on \(host)\(port.map { ":\($0)" } ?? "")" }
}

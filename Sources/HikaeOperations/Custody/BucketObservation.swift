// What can be seen of a bucket: its server, its owner, and the key that opens it, by its public half.

import HikaeCore
import HikaeGuard
import HikaeS3

/// Buckets, looked at.
enum BucketObservation {
    static func observe(_ settings: S3Settings, _ copy: inout CopyCustody) {
        let isSecure = settings.endpoint.lowercased().hasPrefix("https:")
        if let (host, port) = service(settings.endpoint) {
            copy.see(HostObservation.service(host, port ?? (isSecure ? 443 : 80)))
            if isSecure { copy.see(HostObservation.certificate(host, port ?? 443)) }
        }
        copy.traits.insert(CustodyTrait(.bucket, settings.bucket))
        do throws(HikaeError) {
            if let key = try settings.accessKeyID?().text {
                copy.traits.insert(CustodyTrait(.accessKey, key, shown: "\(key.prefix(4))…\(key.suffix(4))"))
            }
            let client = try S3Client(settings, connections: 1)
            defer { client.close() }
            if let owner = try client.bucketOwner() {
                copy.traits.insert(CustodyTrait(.bucketOwner, owner, shown: "\(owner.prefix(12))"))
            } else {
                copy.unseen.append("the server does not say who owns the bucket")
            }
        } catch {
            copy.unseen.append(error.message)
        }
    }

    /// Host and port of "https://host:port".
    static func service(_ endpoint: String) -> (host: String, port: Int?)? {
        guard let mark = endpoint.firstRange(of: "://") else { return nil }
        let place = endpoint[mark.upperBound...].prefix { $0 != "/" }
        let start = place.lastIndex(of: "]") ?? place.startIndex
        let colon = place[start...].lastIndex(of: ":")
        let host = place[..<(colon ?? place.endIndex)].filter { $0 != "[" && $0 != "]" }
        guard !host.isEmpty else { return nil }
        return (String(host), colon.flatMap { Int(place[place.index(after: $0)...]) })
    }
}

// Where a repository in a bucket is, in restic's forms. Pure: no connection, no secret.

public import HikaeCore
public import HikaeS3

/// `s3:https://host/bucket/prefix`, `s3:http://host:9000/bucket`, `s3:host/bucket/prefix`, `s3://host/bucket`.
public struct S3Location: Sendable, Equatable {
    /// Scheme, host and port.
    public let endpoint: String
    public let bucket: String
    /// Without slashes at its ends; empty for the whole bucket.
    public let prefix: String

    /// Throws `.usage` for what names no bucket.
    public init(_ text: String) throws(HikaeError) {
        func wrong(_ why: String) -> HikaeError {
            HikaeError(
                .usage, "this location of an S3 repository makes no sense: \(why)",
                hint: "It looks like s3:https://s3.example.com/bucket/prefix, or s3:s3.example.com/bucket.")
        }
        guard text.lowercased().hasPrefix("s3:") else { throw wrong("it does not begin with s3:") }
        var rest = text.dropFirst(3)
        var scheme = "https"
        if rest.lowercased().hasPrefix("http://") {
            scheme = "http"
            rest = rest.dropFirst(7)
        } else if rest.lowercased().hasPrefix("https://") {
            rest = rest.dropFirst(8)
        } else if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
        }
        guard !rest.contains("@") else {
            throw wrong("keys do not belong there; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else { throw wrong("it has a query") }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }
        guard let host = parts.first, rest.first != "/" else { throw wrong("it names no host") }
        guard parts.count > 1 else { throw wrong("it names no bucket") }
        guard !parts.contains("..") else { throw wrong("it leads upwards") }
        endpoint = "\(scheme)://\(host)"
        bucket = String(parts[1])
        prefix = parts[2...].joined(separator: "/")
    }

    /// As people are to see it.
    public var display: String { "s3:\(endpoint)/\(bucket)\(prefix.isEmpty ? "" : "/\(prefix)")" }

    /// The region that the host's name tells; nil when it tells none.
    public var region: String? {
        let host = endpoint.split(separator: "/").last.map(String.init) ?? ""
        let name = host.split(separator: ":").first.map(String.init) ?? ""
        guard name.hasSuffix(".amazonaws.com") || name.hasSuffix(".amazonaws.com.cn") else { return nil }
        // s3.eu-west-1.amazonaws.com, s3.dualstack.eu-west-1.amazonaws.com, s3-eu-west-1.amazonaws.com
        for label in name.split(separator: ".") {
            let label = label.hasPrefix("s3-") ? label.dropFirst(3) : label
            let parts = label.split(separator: "-")
            if parts.count >= 3, parts.last?.allSatisfy(\.isNumber) == true { return String(label) }
        }
        return nil
    }

    /// The settings of a client for this place.
    public func settings(_ options: RemoteOptions) -> S3Settings {
        var settings = S3Settings(
            endpoint: endpoint, region: options.region ?? region ?? "", bucket: bucket,
            prefix: prefix.isEmpty ? "" : prefix + "/", accessKeyID: options.accessKeyID,
            secretAccessKey: options.secretAccessKey, sessionToken: options.sessionToken)
        settings.pathStyle = options.pathStyle
        settings.trust = options.trust
        settings.connections = options.connections
        return settings
    }
}

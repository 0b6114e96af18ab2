// What has to be known to reach a bucket. The same settings serve the way in and the way back.

public import HikaeCore

/// A bucket, or a part of one, on any server that speaks S3.
public struct S3Settings: Sendable {
    /// "https://s3.ap-northeast-1.amazonaws.com", "http://127.0.0.1:9000": scheme, host and port, no path.
    public var endpoint: String
    /// What requests are signed for: "ap-northeast-1". "us-east-1" suits most servers that are not Amazon's.
    public var region: String
    /// The bucket's name.
    public var bucket: String
    /// Only keys that begin with this; empty for all. It is no part of the names in the snapshot when it ends with "/".
    public var prefix: String
    /// The key's public half. Nil with `secretAccessKey` for a bucket that everyone may read: requests are not signed.
    public var accessKeyID: SecretProvider?
    /// The key's secret half.
    public var secretAccessKey: SecretProvider?
    /// The token that belongs to temporary keys.
    public var sessionToken: SecretProvider?
    /// Whether the bucket's name stands in the path, not in the host's name. Nil: in the path, unless the endpoint is
    /// Amazon's and the bucket's name fits into a host's name.
    public var pathStyle: Bool?
    /// Whether older versions of objects are captured, too.
    public var versions = false
    /// Whether the tags of each object are asked for: one request more for each object that is read.
    public var tags = false
    /// How the server's certificate is judged.
    public var trust = TrustSettings()
    /// Requests in flight at once; 0 for the usual 16.
    public var connections = 0
    /// Whether a restore may make the bucket when there is none.
    public var createsBucket = true

    /// The bucket `bucket` at `endpoint`.
    public init(
        endpoint: String, region: String = "us-east-1", bucket: String, prefix: String = "",
        accessKeyID: SecretProvider? = nil, secretAccessKey: SecretProvider? = nil, sessionToken: SecretProvider? = nil
    ) {
        (self.endpoint, self.region, self.bucket, self.prefix) = (endpoint, region, bucket, prefix)
        (self.accessKeyID, self.secretAccessKey, self.sessionToken) = (accessKeyID, secretAccessKey, sessionToken)
    }
}

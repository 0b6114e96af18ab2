// A bucket as a source: objects read into files, their metadata kept beside them.

public import HikaeCore
public import HikaeSource

/// A bucket, or a part of one, to be captured.
public struct S3Source: CaptureSource {
    private let settings: S3Settings
    private let conditions: S3Client.Conditions

    /// Requests in flight unless the settings say otherwise.
    static let usualConnections = 16

    /// The objects that `settings` name.
    public init(_ settings: S3Settings) { self.init(settings, S3Client.Conditions()) }

    init(_ settings: S3Settings, _ conditions: S3Client.Conditions) {
        (self.settings, self.conditions) = (settings, conditions)
    }

    public var address: String { settings.address }

    public var unit: CaptureUnit { .objects }

    /// Lists one object: when it returns, the keys, the bucket and the way to it are right.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let client = try S3Client(settings, connections: 1, conditions)
        defer { client.close() }
        var isEmpty = true
        try client.list(prefix: Array(settings.prefix.utf8), most: 1) { page throws(HikaeError) in
            isEmpty = page.objects.isEmpty
            return false
        }
        return ServiceIdentity(
            software: client.serverSoftware ?? "an S3 server",
            notes: isEmpty ? ["there are no objects in \(settings.address)"] : [])
    }

    /// Lists one object, so that wrong keys and a missing bucket end a capture before it begins.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        var conditions = conditions
        conditions.cancellation = context.cancellation
        let readers = settings.connections > 0 ? min(settings.connections, 256) : Self.usualConnections
        let client = try S3Client(settings, connections: readers + 2, conditions)
        do throws(HikaeError) {
            // Wrong keys and a missing bucket end the capture here, not in the middle.
            try client.list(prefix: Array(settings.prefix.utf8), most: 1) { _ in false }
            return S3Session(settings, client, context, readers: readers)
        } catch {
            client.close()
            throw error
        }
    }
}

extension S3Settings {
    /// "s3://host:port/bucket/prefix", without any secret.
    var address: String {
        let server = endpoint.split(separator: "://", maxSplits: 1).last.map(String.init) ?? endpoint
        let trimmed = server.hasSuffix("/") ? String(server.dropLast()) : server
        return "s3://\(trimmed)/\(bucket)" + (prefix.isEmpty ? "" : "/\(prefix)")
    }
}

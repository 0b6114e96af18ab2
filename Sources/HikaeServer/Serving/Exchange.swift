// One request and what is to be written down about it.

internal import HTTPTypes
internal import HikaeCore
internal import Hummingbird
internal import NIOCore

/// What Hummingbird hands to the responder beside the request.
struct VaultContext: InitializableFromSource {
    typealias Source = ApplicationRequestContextSource

    /// The address that the request came from.
    let address: String
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        address = channel.remoteAddress?.ipAddress ?? ""
    }

    /// Says that the request's body will be read, to a client that waits for that word.
    func wantBody() { channel.triggerUserOutboundEvent(BodyWanted(), promise: nil) }
}

/// A request under way.
struct Exchange {
    let request: Request
    let address: String
    let method: String
    let path: String
    var user: ServerUser?
    /// Bytes of content that came or go.
    var bytes: UInt64 = 0
    var isDownload = false
    var note = ""
    /// Whether the request's body was read to its end.
    var hasReadBody = false
    private let context: VaultContext

    init(_ request: Request, _ context: VaultContext) {
        (self.request, self.context, address) = (request, context, context.address)
        method = request.head.method.rawValue
        path = request.head.path ?? ""
    }

    /// The bytes that the client says it sends; nil when it does not say.
    var announced: UInt64? { request.headers[.contentLength].flatMap { UInt64($0) } }

    /// Whether the client sends a body, however long.
    var hasBody: Bool { request.headers[.transferEncoding] != nil || (announced ?? 0) > 0 }

    /// What the client expects before it sends the body, in lower case; nil when it just sends it.
    var expectation: String? { request.headers[.expect]?.lowercased() }

    /// To be called once nothing speaks against the request any more, before its body is read.
    func wantBody() { if expectation != nil { context.wantBody() } }

    /// What the log is told.
    func event(_ status: Int) -> AuditEvent {
        var event = AuditEvent(method, Self.printable(path))
        event.user = user?.name ?? ""
        event.address = address
        event.status = status
        event.bytes = bytes
        event.note = note
        return event
    }

    /// A path as it may stand in a log: no control characters that a terminal would obey.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(400).map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }))
    }
}

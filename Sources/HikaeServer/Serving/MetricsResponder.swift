// What is served on the listener for figures, on loopback alone.

internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Answers `/metrics` and `/healthz`.
struct MetricsResponder: HTTPResponder {
    typealias Context = VaultContext

    let vault: VaultFolder
    let metrics: ServerMetrics
    let files: BlockingPool
    let certificate: CertificateKeeper?
    let agreement: AgreementService

    func respond(to request: Request, context: VaultContext) async throws -> Response {
        guard request.head.method == .get || request.head.method == .head else {
            return Response(status: .methodNotAllowed)
        }
        switch request.head.path {
        case "/healthz": return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "ok\n")))
        case "/metrics":
            let (vault, metrics, certificate, agreement) = (vault, metrics, certificate, agreement)
            let text = try await files.run {
                metrics.text(
                    vault.usage, vault.audit.head, vault: vault.path, certificate: certificate,
                    proposals: agreement.openProposals())
            }
            var headers = HTTPFields()
            headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
        default: return Response(status: .notFound)
        }
    }
}

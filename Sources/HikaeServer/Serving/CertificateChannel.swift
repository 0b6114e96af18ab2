// Puts TLS below the server's connections, each with the certificate that holds when it begins.

internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOSSL

/// A connection with TLS around another kind of connection.
struct CertificateChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let certificate: CertificateKeeper
    let base: Base

    init(_ certificate: CertificateKeeper, _ base: Base) { (self.certificate, self.base) = (certificate, base) }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.pair.context))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

// What people are told of a handshake that failed: never a path of the machine that this was built on.

import HikaeCore
import Testing

@Suite struct HandshakeWordsTests {
    private static let source = "at /somewhere/.build/checkouts/swift-nio-ssl/ssl/tls_record.cc:235"

    @Test(arguments: [
        ("WRONG_VERSION_NUMBER", "wrong version number", true),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "tlsv1 alert protocol version", false),
    ])
    func namesTheReasonAlone(_ code: String, _ reason: String, _ isWithoutTLS: Bool) {
        let words = HandshakeWords(
            "handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268435703 error:100000f7:SSL "
                + "routines:OPENSSL_internal:\(code) \(Self.source)]))")
        #expect(words.reason == reason && words.isWithoutTLS == isWithoutTLS)
    }

    @Test func otherErrorsKeepTheirWordsWithoutAPath() {
        #expect(HandshakeWords("EOF during handshake").reason == "the connection ended")
        #expect(HandshakeWords("something odd \(Self.source)").reason == "something odd")
    }
}

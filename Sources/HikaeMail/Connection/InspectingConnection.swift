// A connection that goes as far as STARTTLS, to see the server's certificate, and no further.

import HikaeCore
import NIOCore

/// Speaks just enough to be shown a certificate.
struct InspectingConnection {
    private let stream: ByteStream

    init(_ settings: IMAPSettings, _ trust: ServerTrust) throws(HikaeError) {
        stream = try ByteStream(
            host: settings.host, port: settings.effectivePort, trust: trust, timeLimit: min(settings.timeLimit, 20),
            beginning: .plain)
        try awaitLine()
        try stream.write(Array("i1 STARTTLS\r\n".utf8))
        try awaitLine()
        try stream.secureForInspection()
    }

    func close() { stream.close() }

    private func awaitLine() throws(HikaeError) {
        var taken = 0
        while let buffers = try stream.read(), taken < 64 << 10 {
            for buffer in buffers {
                taken += buffer.readableBytes
                if buffer.readableBytesView.contains(0x0A) { return }
            }
        }
    }
}

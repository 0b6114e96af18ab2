// Something between client and FTP server that cuts the connection on which commands go: also behind a command that
// the server has carried out, and whose answer never comes.

import HikaeCore
import HikaeSource

/// A proxy for control connections; data connections go to the server directly. Stopped when released.
final class ControlProxy: Sendable {
    let port: Int
    private let process: ChildProcess

    /// Cuts each connection after a number of answered lines that is drawn anew: 20 and `mean` more on average.
    init(to target: Int, seed: Int, mean: Int) throws {
        var options = ChildProcess.Options()
        options.takesInput = true
        options.keepsMessages = true
        let started = try ChildProcess(
            ["python3", "-B", "-c", Self.program, String(target), String(seed), String(mean)], options: options)
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64)
        while !line.contains(0x0A) {
            let count = try buffer.withUnsafeMutableBytes { bytes throws(HikaeError) in try started.read(into: bytes) }
            guard count > 0 else { throw HikaeError(.programFailed, "no proxy: \(started.messages)") }
            line += buffer[..<count]
        }
        process = started
        port = Int(String(decoding: line.prefix { $0 != 0x0A }, as: UTF8.self)) ?? 0
    }

    deinit {
        process.closeInput()
        _ = try? process.wait()
    }

    private static let program = #"""
        import os, random, socket, sys, threading
        target, seed, mean = (int(word) for word in sys.argv[1:])
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        print(listener.getsockname()[1], flush=True)
        chance = random.Random(seed)

        def end(*sockets):
            for one in sockets:
                try: one.shutdown(socket.SHUT_RDWR)
                except OSError: pass

        def up(client, server):
            try:
                while data := client.recv(65536): server.sendall(data)
            except OSError: pass
            end(client, server)

        def down(client, server, left):
            try:
                for line in server.makefile("rb"):
                    left -= 1
                    if left < 0: break
                    client.sendall(line)
            except OSError: pass
            end(client, server)

        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", target))
            # Logging in takes about 25 lines: less would never get anywhere.
            left = 20 + int(chance.expovariate(1 / mean))
            threading.Thread(target=up, args=(client, server), daemon=True).start()
            threading.Thread(target=down, args=(client, server, left), daemon=True).start()
        """#
}

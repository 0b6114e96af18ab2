// Something between client and server that breaks, hides or listens: a small program in Python.

import HikaeCore
import HikaeSource
import HikaeTesting

/// A TCP proxy in front of a mail server. Stopped when released.
final class MailProxy: Sendable {
    let port: Int
    private let process: ChildProcess

    /// Starts a proxy to a port of this machine.
    ///
    /// - `--cut SEED BYTES`: each connection is cut after a random number of bytes from the server, BYTES in the mean.
    /// - `--cuts N`: only the first N connections are cut.
    /// - `--hide A,B`: words that are taken out of capabilities.
    /// - `--inject TEXT`: sent right behind the answer to STARTTLS.
    init(to target: Int, _ arguments: [String]) throws {
        var options = ChildProcess.Options()
        options.takesInput = true
        options.keepsMessages = true
        process = try ChildProcess(["python3", "-B", "-c", Self.program, String(target)] + arguments, options: options)
        port = try Self.readPort(process)
    }

    static func readPort(_ process: ChildProcess) throws -> Int {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64)
        while !line.contains(0x0A) {
            let count = try buffer.withUnsafeMutableBytes { bytes throws(HikaeError) in try process.read(into: bytes) }
            guard count > 0 else { throw HikaeError(.programFailed, "no proxy: \(process.messages)") }
            line += buffer[..<count]
        }
        return Int(String(decoding: line.prefix { $0 != 0x0A }, as: UTF8.self)) ?? 0
    }

    deinit {
        process.closeInput()
        _ = try? process.wait()
    }

    private static let program = #"""
        import argparse, os, random, socket, sys, threading
        arguments = argparse.ArgumentParser()
        arguments.add_argument("target", type=int)
        arguments.add_argument("--cut", nargs=2, type=int)
        arguments.add_argument("--cuts", type=int, default=10**9)
        arguments.add_argument("--hide", default="")
        arguments.add_argument("--inject", default="")
        options = arguments.parse_args()
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        print(listener.getsockname()[1], flush=True)
        chance = random.Random(options.cut[0] if options.cut else 0)
        hidden = [word.encode() for word in options.hide.split(",") if word]

        def up(client, server):
            try:
                while data := client.recv(65536): server.sendall(data)
            except OSError: pass
            for end in (client, server):
                try: end.shutdown(socket.SHUT_RDWR)
                except OSError: pass

        def down(client, server, left):
            try:
                while data := server.recv(65536):
                    for word in hidden: data = data.replace(b" " + word, b" X-" + b"Y" * (len(word) - 2))
                    if options.inject and b" OK Begin TLS" in data: data += options.inject.encode() + b"\r\n"
                    if left is not None and len(data) >= left:
                        client.sendall(data[:left])
                        break
                    client.sendall(data)
                    if left is not None: left -= len(data)
            except OSError: pass
            for end in (client, server):
                try: end.shutdown(socket.SHUT_RDWR)
                except OSError: pass

        number = 0
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", options.target))
            left = None
            if options.cut and number < options.cuts: left = max(1, int(chance.expovariate(1 / options.cut[1])))
            number += 1
            threading.Thread(target=up, args=(client, server), daemon=True).start()
            threading.Thread(target=down, args=(client, server, left), daemon=True).start()
        """#
}

// A certificate that is renewed under a server that runs: taken when it is whole and belongs to its key, never before, and
// nobody who is connected notices. Judged by other people's TLS.

import Glibc
import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite(.serialized) struct CertificateTests {
    /// Makes a certificate of its own authority for this machine, with a key of its own; `days` may be in the past.
    static func make(_ name: String, in folder: TemporaryDirectory) throws -> (chain: [UInt8], key: [UInt8]) {
        try Command(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
                "-keyout", folder.path("\(name).key"), "-out", folder.path("\(name).pem"), "-subj", "/CN=\(name)",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ]
        ).succeed()
        return (try Files.read(folder.path("\(name).pem")), try Files.read(folder.path("\(name).key")))
    }

    /// The certificate that Python's TLS is shown on a new connection, its digits only.
    static func shown(_ port: Int) throws -> String {
        let script = "import ssl,sys; print(ssl.get_server_certificate(('127.0.0.1', int(sys.argv[1]))))"
        return digits(try Command("python3", ["-c", script, String(port)]).succeed().output)
    }

    static func digits(_ certificate: [UInt8]) -> String {
        String(decoding: certificate, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
    }

    /// Waits until new connections are shown a certificate; whether they were.
    static func isShown(_ certificate: [UInt8], at port: Int) throws -> Bool {
        let end = MonotonicTime.seconds() + 300
        while MonotonicTime.seconds() < end {
            if try shown(port) == digits(certificate) { return true }
        }
        return false
    }

    /// Uploads through Python's TLS: half of the body, then, once there is a file "go", the other half. The status.
    static let upload = """
        import base64, hashlib, os, socket, ssl, sys, time
        port, folder = int(sys.argv[1]), sys.argv[2]
        context = ssl.create_default_context(cafile=folder + "/old.pem")
        link = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
        body = b"x" * 200000
        token = base64.b64encode(b"writer:writer-no-himitsu").decode()
        link.sendall((f"POST /sakura/main/data/{hashlib.sha256(body).hexdigest()} HTTP/1.1\\r\\nHost: x\\r\\n"
                      f"Authorization: Basic {token}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n").encode())
        link.sendall(body[:100000])
        open(folder + "/half", "w").close()
        end = time.monotonic() + 1000
        while not os.path.exists(folder + "/go") and time.monotonic() < end:
            time.sleep(0.05)
        link.sendall(body[100000:])
        print(link.recv(4096).split()[1].decode())
        """

    @Test("a new pair is taken when it is whole, a half-written one never, and an upload under way goes on")
    func renewal() throws {
        let folder = try TemporaryDirectory()
        let (old, new) = (try Self.make("old", in: folder), try Self.make("new", in: folder))
        let (chain, key) = (folder.path("chain.pem"), folder.path("key.pem"))
        try SystemFile.replace(chain, with: old.chain)
        try SystemFile.replace(key, with: old.key)
        let rig = try ServerRig { settings, _ in
            settings.certificate = ServerCertificate(chain: chain, key: key)
            settings.limits.patienceSeconds = 600
            settings.limits.idleSeconds = 600
        }
        try rig.server.vault.repository(tenant: "sakura", name: "main").create(limit: 9)
        #expect(try Self.shown(rig.port) == Self.digits(old.chain))
        let upload = try Command("python3", ["-c", Self.upload, String(rig.port), folder.path("")]).start()
        let end = MonotonicTime.seconds() + 300
        while !Files.exists(folder.path("half")), MonotonicTime.seconds() < end { usleep(10_000) }
        #expect(Files.exists(folder.path("half")))

        // The certificate without its key; then one that was cut off; then nothing at all.
        for bad in [new.chain, old.chain + new.chain.prefix(300), []] {
            try SystemFile.replace(chain, with: bad)
            rig.server.reload()
            #expect(try Self.shown(rig.port) == Self.digits(old.chain))
        }
        #expect(try Self.metric("hikae_certificate_failures_total", rig) == 3)
        #expect(try Self.metric("hikae_certificate_changes_total", rig) == 0)
        #expect(try rig.log().filter { $0.event.note.contains("a certificate was not taken") }.count == 3)

        try SystemFile.replace(chain, with: new.chain)
        try SystemFile.replace(key, with: new.key)
        // Nobody says so: the server finds it.
        #expect(try Self.isShown(new.chain, at: rig.port))
        #expect(try Self.metric("hikae_certificate_changes_total", rig) == 1)
        #expect(try rig.log().contains { $0.event.note.contains("the certificate is now") })
        try Files.write(folder.path("go"), [])
        #expect(try upload.wait().text == "200\n")
    }

    static func metric(_ name: String, _ rig: ServerRig) throws -> Double {
        let connection = try RawConnection(rig.metricsPort)
        try connection.send(Array("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        let line = try connection.answer().text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.split(separator: " ").last ?? "") } ?? -1
    }

    @Test("the command takes a new pair at once on SIGHUP, and goes on")
    func hangup() throws {
        let server = try PracticeServer("vault", ["--hikae", HikaeProgram.binary, "--tls"])
        let folder = try TemporaryDirectory()
        let new = try Self.make("new", in: folder)
        let place = server.folder.path("server")
        try SystemFile.replace("\(place)/server.pem", with: new.chain)
        try SystemFile.replace("\(place)/server.key", with: new.key)
        try Command("kill", ["-HUP", String(Int(server.facts["pid"]?.number ?? 0))]).succeed()
        #expect(try Self.isShown(new.chain, at: server.port()))
        try Command("curl", ["-sS", "--cacert", folder.path("new.pem"), "https://localhost:\(server.port())/healthz"])
            .succeed()
    }

    @Test("a key that is another certificate's, or no key, starts no server")
    func wrongPair() throws {
        let folder = try TemporaryDirectory()
        let (one, other) = (try Self.make("one", in: folder), try Self.make("other", in: folder))
        for (chain, key) in [(one.chain, other.key), (one.chain, one.chain), ([], one.key), (one.chain, [])] {
            try SystemFile.replace(folder.path("chain.pem"), with: chain)
            try SystemFile.replace(folder.path("key.pem"), with: key)
            let error = #expect(throws: HikaeError.self) {
                try CertificateKeeper(
                    ServerCertificate(chain: folder.path("chain.pem"), key: folder.path("key.pem")))
            }
            #expect(error?.code == .usage && error?.message.contains("cannot be used") == true)
        }
    }
}

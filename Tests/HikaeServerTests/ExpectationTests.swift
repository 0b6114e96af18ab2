// `Expect: 100-continue`: the word to go on comes when the request will be taken, and what speaks against it comes at once,
// before a byte of the body.

import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite(.serialized) struct ExpectationTests {
    static let started = Result {
        let rig = try ServerRig { settings, users in
            settings.limits.packBytes = 1 << 20
            // These tests are slow clients themselves on a busy machine.
            settings.limits.patienceSeconds = 600
            settings.limits.idleSeconds = 600
            users.quotas["fuji"] = TenantQuota(bytes: 1000)
        }
        try rig.create()
        try rig.create("/fuji/main/", as: "stranger")
        return rig
    }

    static let body = Array("what is sent only when it is asked for".utf8)
    static var target: String { "/sakura/main/data/\(ServerRig.hash(body))" }

    static func head(_ path: String, _ length: Int, as user: String?, _ fields: String = "") -> [UInt8] {
        let login = user.map { ServerRig.login($0) } ?? ""
        return Array(
            "POST \(path) HTTP/1.1\r\nHost: x\r\n\(login)Content-Length: \(length)\r\n\(fields)Expect: 100-continue\r\n\r\n"
                .utf8)
    }

    @Test("a client that waits is told to go on, and then answered")
    func goOn() throws {
        let rig = try Self.started.get()
        for path in [Self.target, "/sakura/main/config"] {
            let connection = try RawConnection(rig.port)
            try connection.send(Self.head(path, Self.body.count, as: "writer"))
            #expect(try connection.answer(hasBody: false).status == 100)
            try connection.send(Self.body)
            #expect(try connection.answer().status == 200)
            // On the same connection, and in one go: who does not wait is not told.
            try connection.send(Self.head(path, Self.body.count, as: "writer") + Self.body)
            let second = try connection.answer(hasBody: false)
            #expect([100, 200].contains(second.status))
            #expect(try rig.ask("GET", path).body == Self.body)
        }
        let word = try RawConnection(rig.port)
        try word.send(Self.head("/sakura/main/hikae/proposals", 3, as: "keeper"))
        #expect(try word.answer(hasBody: false).status == 100)
        try word.send(Array("abc".utf8))
        #expect(try word.answer().status == 400)
    }

    @Test("after another request on the same connection it is the same")
    func pipelined() throws {
        let rig = try Self.started.get()
        let connection = try RawConnection(rig.port)
        let first = Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        let path = "/sakura/main/data/\(ServerRig.hash([1]))"
        try connection.send(first + Self.head(path, 1, as: "writer"))
        var text = ""
        while !text.contains("100 Continue\r\n\r\n") {
            let part = try connection.receive()
            #expect(!part.isEmpty)
            if part.isEmpty { return }
            text += String(decoding: part, as: UTF8.self)
        }
        #expect(text.hasPrefix("HTTP/1.1 200"))
        try connection.send([1])
        #expect(try connection.answer().status == 200)
    }

    @Test("what is refused is refused at once, and no body is asked for")
    func refused() throws {
        let rig = try Self.started.get()
        let elsewhere = "/fuji/main/data/\(ServerRig.hash(Self.body))"
        for (path, length, user, status) in [
            (Self.target, 10, nil, 401), (Self.target, 10, "reader", 403), (elsewhere, 10, "writer", 403),
            ("/sakura/nowhere/data/\(ServerRig.hash([7]))", 10, "writer", 404),
            (Self.target, 2 << 20, "writer", 413), (elsewhere, 1001, "stranger", 507),
            ("/sakura/main/hikae/proposals", 10, "writer", 403),
            ("/sakura/nowhere/hikae/proposals", 10, "keeper", 404),
            ("/sakura/main/data/", 10, "writer", 405),
        ] as [(String, Int, String?, Int)] {
            let connection = try RawConnection(rig.port)
            try connection.send(Self.head(path, length, as: user))
            let answer = try connection.answer()
            #expect(answer.status == status, "\(path): \(answer.status)")
            #expect(answer.head.lowercased().contains("connection: close"), "\(path)")
            // Nothing more comes.
            #expect(try connection.receive().isEmpty)
        }
        let other = try RawConnection(rig.port)
        try other.send(
            Array("GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\n\r\n".utf8))
        #expect(try other.answer().status == 417)
        #expect(try rig.isTidy())
    }

    @Test("who waits for the word and then sends nothing is not waited for")
    func silent() throws {
        let rig = try ServerRig { settings, _ in
            settings.limits.patienceSeconds = 2
            settings.limits.idleSeconds = 600
        }
        try rig.create()
        let connection = try RawConnection(rig.port)
        try connection.send(Self.head("/sakura/main/data/\(ServerRig.hash([2]))", 100, as: "writer"))
        #expect(try connection.answer(hasBody: false).status == 100)
        #expect(try connection.receive().isEmpty)
        #expect(try rig.isTidy())
    }

    @Test("curl hears the word and sends; refused, it sends nothing")
    func curl() throws {
        let rig = try Self.started.get()
        let folder = try TemporaryDirectory()
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        try Files.write(folder.path("body"), content)
        for (user, status) in [("writer", "200"), ("reader", "403")] {
            let outcome = try Command(
                "curl",
                [
                    "-sv", "-o", "/dev/null", "-w", "%{http_code} %{size_upload}", "--expect100-timeout", "300",
                    "-H", "Expect: 100-continue", "-u", "\(user):\(user)-no-himitsu", "--data-binary",
                    "@\(folder.path("body"))",
                    "http://127.0.0.1:\(rig.port)/sakura/main/data/\(ServerRig.hash(content))",
                ]
            ).succeed()
            #expect(outcome.text == "\(status) \(status == "200" ? 300_000 : 0)", "\(outcome.errorText)")
            #expect(outcome.errorText.contains("100 Continue") == (status == "200"))
        }
    }
}

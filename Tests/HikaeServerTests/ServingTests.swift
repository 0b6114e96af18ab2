// What the server promises to who is in good faith, and what it refuses everybody else, over real sockets.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite(.serialized) struct ServingTests {
    /// A server with ample patience: on a busy machine the honest clients of these tests are slow themselves.
    static let started = Result {
        try ServerRig { settings, _ in
            settings.limits.packBytes = 1 << 20
            settings.limits.patienceSeconds = 600
            settings.limits.idleSeconds = 600
            settings.limits.failedLogins = 5
            settings.limits.failedLoginSeconds = 100_000
            settings.limits.locks = 20
        }
    }

    static var rig: ServerRig { get throws { try started.get() } }

    /// One that waits for nobody, and a repository on it.
    static let hurried = Result {
        let rig = try ServerRig { settings, _ in
            settings.limits.packBytes = 1 << 20
            settings.limits.patienceSeconds = 1
            settings.limits.bytesPerSecond = 262_144
            settings.limits.idleSeconds = 2
        }
        _ = try rig.server.vault.repository(tenant: "sakura", name: "main").create(limit: 9)
        return rig
    }

    /// A repository that holds one pack, under a name of its own.
    func repository(_ name: String = #function) throws -> (path: String, pack: [UInt8], id: String) {
        let path = "/sakura/\(name.lowercased().filter { $0.isLetter }.prefix(40))/"
        try Self.rig.create(path)
        let pack = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let id = ServerRig.hash(pack)
        #expect(try Self.rig.ask("POST", "\(path)data/\(id)", pack).status == 200)
        return (path, pack, id)
    }

    @Test func whatWasAcknowledgedIsThereWholeAndUnderItsName() throws {
        let (path, pack, id) = try repository()
        let rig = try Self.rig
        #expect(
            try SystemFile.load("\(rig.server.vault.path)\(path)data/\(id.prefix(2))/\(id)", limit: 1 << 20) == pack)
        let whole = try rig.ask("GET", "\(path)data/\(id)")
        #expect(whole.status == 200 && whole.body == pack)
        let part = try rig.ask("GET", "\(path)data/\(id)", fields: "Range: bytes=100-199\r\n")
        #expect(part.status == 206 && part.body == Array(pack[100..<200]))
        #expect(part.head.contains("bytes 100-199/5000"))
        #expect(try rig.ask("GET", "\(path)data/\(id)", fields: "Range: bytes=5000-\r\n").status == 416)
        let head = try rig.ask("HEAD", "\(path)data/\(id)")
        #expect(head.status == 200 && head.head.lowercased().contains("content-length: 5000"))
        #expect(try rig.ask("HEAD", "\(path)data/\(ServerRig.hash([]))").status == 404)
        #expect(try rig.ask("HEAD", "\(path)config").status == 404)
        #expect(try rig.isTidy())
    }

    @Test func listsSpeakBothVersions() throws {
        let (path, _, id) = try repository()
        let first = try Self.rig.ask("GET", "\(path)data/")
        #expect(first.text == "[\"\(id)\"]")
        #expect(first.head.contains("application/vnd.x.restic.rest.v1"))
        let second = try Self.rig.ask(
            "GET", "\(path)data/", fields: "Accept: application/vnd.x.restic.rest.v2\r\n")
        #expect(second.text == "[{\"name\":\"\(id)\",\"size\":5000}]")
        #expect(second.head.contains("application/vnd.x.restic.rest.v2"))
        #expect(try Self.rig.ask("GET", "\(path)keys/").text == "[]")
        #expect(try Self.rig.ask("GET", "/sakura/nowhere/keys/").status == 404)
    }

    @Test func nobodyRemovesOrReplacesAnything() throws {
        let (path, pack, id) = try repository()
        let rig = try Self.rig
        #expect(try rig.ask("POST", "\(path)config", Array("first".utf8)).status == 200)
        for user in ["reader", "writer", "keeper"] {
            for target in ["", "config", "data/\(id)", "index/\(id)", "keys/\(id)", "snapshots/\(id)"] {
                #expect(try rig.ask("DELETE", path + target, as: user).status == 403, "\(user) \(target)")
            }
            #expect(try rig.ask("POST", "\(path)data/\(id)", Array("other".utf8), as: user).status != 200)
        }
        #expect(try rig.ask("POST", "\(path)config", Array("other".utf8)).status == 403)
        #expect(try rig.ask("POST", "\(path)config", Array("first".utf8)).status == 200, "a retry is no harm")
        #expect(try rig.ask("GET", "\(path)config").text == "first")
        #expect(try rig.ask("POST", "\(path)data/\(id)", pack).status == 200, "the same again is no harm")
        #expect(try rig.ask("GET", "\(path)data/\(id)").body == pack)
        let parity = "\(path)hikae/parity/\(id)"
        #expect(try rig.ask("POST", parity, Array("parity".utf8)).status == 200)
        #expect(try rig.ask("POST", parity, Array("parrot".utf8)).status == 403)
        #expect(try rig.ask("GET", parity).text == "parity")
        #expect(try rig.log().contains { $0.event.method == "DELETE" && $0.event.status == 403 })
    }

    @Test func aFileThatHasRottenIsMendedByItsOwnContent() throws {
        let (path, pack, id) = try repository()
        let file = try "\(Self.rig.server.vault.path)\(path)data/\(id.prefix(2))/\(id)"
        try SystemFile.replace(file, with: [9] + pack.dropFirst())
        #expect(try Self.rig.ask("POST", "\(path)data/\(id)", [1] + pack.dropFirst()).status == 400)
        #expect(try Self.rig.ask("POST", "\(path)data/\(id)", pack).status == 200)
        #expect(try SystemFile.load(file, limit: 1 << 20) == pack)
        let event = try Self.rig.log().last { $0.event.path == "\(path)data/\(id)" }?.event
        #expect(event?.note == "a damaged file was mended", "\(String(describing: event))")
    }

    @Test func wrongBytesAreNotStored() throws {
        let (path, pack, _) = try repository()
        let name = ServerRig.hash([1, 2, 3])
        #expect(try Self.rig.ask("POST", "\(path)data/\(name)", pack).status == 400)
        #expect(try Self.rig.ask("HEAD", "\(path)data/\(name)").status == 404)
        #expect(
            try Self.rig.ask("POST", "\(path)data/\(ServerRig.hash([7]))", [UInt8](repeating: 0, count: 1 << 20 + 1))
                .status == 413)
        // Cut off in the middle: the connection is gone before the announced bytes are.
        do {
            let connection = try RawConnection(Self.rig.port)
            try connection.send(
                Array(
                    "POST \(path)config HTTP/1.1\r\nHost: x\r\n\(ServerRig.login("writer"))Content-Length: 99\r\n\r\nhalf"
                        .utf8))
        }
        #expect(try Self.rig.ask("HEAD", "\(path)config").status == 404)
        #expect(try Self.rig.isTidy())
    }

    @Test func locksComeAndGoEvenForReaders() throws {
        let (path, _, _) = try repository()
        let rig = try Self.rig
        for number in 0..<20 {
            let lock = [UInt8(number)]
            #expect(try rig.ask("POST", "\(path)locks/\(ServerRig.hash(lock))", lock, as: "reader").status == 200)
        }
        #expect(try rig.ask("POST", "\(path)locks/\(ServerRig.hash([99]))", [99], as: "reader").status == 507)
        for number in 0..<20 {
            #expect(
                try rig.ask("DELETE", "\(path)locks/\(ServerRig.hash([UInt8(number)]))", as: "reader").status == 200)
        }
        #expect(try rig.ask("DELETE", "\(path)locks/\(ServerRig.hash([0]))", as: "reader").status == 200)
        #expect(try rig.ask("GET", "\(path)locks/").text == "[]")
        #expect(try rig.ask("POST", "\(path)data/\(ServerRig.hash([1]))", [1], as: "reader").status == 403)
    }

    @Test func eachTenantIsFenced() throws {
        let (path, _, id) = try repository()
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            for target in ["", "config", "data/\(id)", "locks/\(id)", "hikae/agreement"] {
                #expect(try Self.rig.ask(method, path + target, as: "stranger").status == 403)
                #expect(try Self.rig.ask(method, path + target, as: nil).status == 401)
            }
        }
        #expect(try Self.rig.ask("GET", "\(path)data/", as: "stranger").status == 403)
    }

    @Test(arguments: RequestTests.tricks.filter { $0.allSatisfy { $0.isASCII && $0 != "\0" } && $0.hasPrefix("/") })
    func trickyPathsReachNothing(_ path: String) throws {
        #expect([400, 404].contains(try Self.rig.ask("GET", path).status))
    }

    @Test func wrongMethodsAreToldTheRightOnes() throws {
        let (path, _, id) = try repository()
        for (method, target) in [
            ("PUT", "config"), ("PATCH", "data/\(id)"), ("OPTIONS", ""), ("POST", "data/"), ("HEAD", "data/"),
            ("GET", ""),
            ("TRACE", "config"),
        ] {
            let answer = try Self.rig.ask(method, path + target)
            #expect(answer.status == 405, "\(method) \(target)")
            #expect(answer.head.lowercased().contains("allow: "))
        }
        #expect(try Self.rig.ask("POST", path).status == 400)
        #expect(try Self.rig.ask("GET", "\(path)config", [1, 2, 3]).status == 400, "a GET with a body")
    }

    @Test func aDripOfBytesIsNotWaitedFor() throws {
        let rig = try Self.hurried.get()
        let head =
            "POST /sakura/main/data/\(ServerRig.hash([5])) HTTP/1.1\r\nHost: x\r\n"
            + "\(ServerRig.login("writer"))Content-Length: 5000\r\n\r\n"
        for request in [head, String(head.prefix(60))] {
            let connection = try RawConnection(rig.port)
            let end = MonotonicTime.seconds() + 120
            var wasCut = false
            do { try connection.send(Array(request.utf8)) } catch { wasCut = true }
            while MonotonicTime.seconds() < end, !wasCut {
                do { try connection.send([0x61]) } catch { wasCut = true }
                usleep(100_000)
            }
            #expect(wasCut)
        }
        #expect(try rig.isTidy())
    }

    @Test func whoNeverReadsIsNotWaitedFor() throws {
        let rig = try Self.hurried.get()
        let large = [UInt8](repeating: 7, count: 1 << 20)
        let id = ServerRig.hash(large)
        // Put there behind the server's back: to bring it, this client might be too slow itself.
        let file = StoredFile(.pack, try #require(FileID(hex: id)))
        try Files.write(rig.server.vault.repository(tenant: "sakura", name: "main").path(file), large)
        let before = try Self.metric("hikae_slow_clients_total", rig)
        let end = MonotonicTime.seconds() + 120
        var isTold = false
        while !isTold, MonotonicTime.seconds() < end {
            // Again, should it be left before it has asked.
            guard let connection = try? RawConnection(rig.port) else { continue }
            // More answers than any buffer between the two holds.
            let request = "GET /sakura/main/data/\(id) HTTP/1.1\r\nHost: x\r\n\(ServerRig.login("writer"))\r\n"
            try? connection.send(Array(String(repeating: request, count: 50).utf8))
            for _ in 0..<100 where !isTold {
                usleep(200_000)
                isTold = (try? Self.metric("hikae_slow_clients_total", rig)).map { $0 > before } ?? false
            }
        }
        #expect(isTold)
    }

    @Test func hugeHeadersAreRefused() throws {
        let (path, _, _) = try repository()
        for fields in [
            "X: \(String(repeating: "a", count: 60_000))\r\n",
            (0..<500).map { "X-\($0): a\r\n" }.joined(),
        ] {
            let connection = try RawConnection(Self.rig.port)
            try? connection.send(Array("GET \(path)config HTTP/1.1\r\nHost: x\r\n\(fields)\r\n".utf8))
            let answer = try? connection.answer()
            #expect(answer == nil || answer?.status == 400 || answer?.status == 431)
        }
        #expect(try Self.rig.ask("GET", "/healthz", as: nil).text == "ok\n")
    }

    @Test func guessingPasswordsIsStoppedAndThoseWhoAreKnownGoOn() throws {
        let (path, _, id) = try repository()
        var statuses: [Int] = []
        for number in 0..<8 {
            let connection = try RawConnection(Self.rig.port)
            let login = ServerRig.login("keeper", "guess number \(number)")
            try connection.send(Array("GET \(path)data/\(id) HTTP/1.1\r\nHost: x\r\n\(login)\r\n".utf8))
            statuses.append(try connection.answer().status)
        }
        #expect(statuses == [401, 401, 401, 401, 401, 429, 429, 429])
        #expect(try Self.rig.ask("GET", "\(path)data/\(id)", as: "writer").status == 200)
        let lines = try Self.rig.log()
        #expect(lines.contains { $0.event.status == 401 && $0.event.note == "login as keeper failed" })
        #expect(lines.allSatisfy { !$0.event.note.contains("guess") })
    }

    @Test func figuresAreForThisMachineAlone() throws {
        let (path, _, _) = try repository()
        #expect(try Self.rig.ask("GET", "/metrics", as: "keeper").status == 404)
        #expect(try Self.metric("hikae_stored_files_total{tenant=\"sakura\"}", Self.rig) >= 1)
        #expect(try Self.metric("hikae_requests_total{method=\"POST\",status=\"200\"}", Self.rig) >= 2)
        _ = path
    }

    static func metric(_ name: String, _ rig: ServerRig) throws -> Double {
        let connection = try RawConnection(rig.metricsPort)
        try connection.send(Array("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        let line = try connection.answer().text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.split(separator: " ").last ?? "") } ?? -1
    }
}

// Whatever comes over a socket, by accident or on purpose: the server answers with a refusal or leaves, nothing on its disk
// changes, the log stays whole, and the next client is served. Each test prints the seed that brings it back.

import Glibc
import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite(.serialized) struct FuzzTests {
    /// A server with ample patience: on a busy machine these clients are slow themselves.
    static let started = Result { try rig(patience: 600, bytesPerSecond: 4096, idle: 600) }
    /// One that waits for nobody.
    static let hurried = Result { try rig(patience: 1, bytesPerSecond: 262_144, idle: 2) }

    private static func rig(patience: Double, bytesPerSecond: Double, idle: Int) throws -> ServerRig {
        let rig = try ServerRig { settings, _ in
            settings.limits.packBytes = 1 << 20
            settings.limits.patienceSeconds = patience
            settings.limits.bytesPerSecond = bytesPerSecond
            settings.limits.idleSeconds = idle
            settings.limits.failedLogins = 1_000_000
        }
        try again { try rig.create() }
        // What could be stored under any name by who may store is there already, so that nothing can change.
        for target in ["data/\(pack.id)", "hikae/parity/\(pack.id)", "config"] {
            let status = try again { try rig.ask("POST", "/sakura/main/\(target)", pack.content).status }
            guard status == 200 else { throw HikaeError(.refused, "no \(target)") }
        }
        // The first question about an agreement begins the repository's book.
        _ = try again { try rig.ask("POST", "/sakura/main/hikae/proposals", [0x61]) }
        _ = try again { try rig.ask("GET", "/sakura/main/hikae/agreement") }
        return rig
    }

    /// A server that waits for nobody may leave this client before it has asked.
    private static func again<Value>(_ body: () throws -> Value) throws -> Value {
        for _ in 0..<50 { if let value = try? body() { return value } }
        return try body()
    }

    static var rig: ServerRig { get throws { try started.get() } }
    static let pack = (content: Array("a pack".utf8), id: ServerRig.hash(Array("a pack".utf8)))

    /// Everything on the server's disk but its log, its own figures and what is still on its way: path and content.
    static func disk(_ rig: ServerRig) throws -> String {
        try Command(
            "sh",
            [
                "-c",
                "cd \"$1\" && find . -type f ! -path './audit/*' ! -path './hikae/*' ! -path '*/.incoming/*' ! -name usage.json | sort | xargs sha256sum",
                "sh", rig.server.vault.path,
            ]
        ).succeed().text
    }

    /// What has come to the disk, gone from it or changed, a line each.
    static func changes(_ rig: ServerRig, since before: String) throws -> [Substring] {
        let (was, now) = (Set(before.split(separator: "\n")), Set(try disk(rig).split(separator: "\n")))
        return was.symmetricDifference(now).sorted()
    }

    /// Sends bytes on a connection of its own, and reads what comes until the server closes or says no more.
    static func send(_ bytes: [UInt8], to rig: ServerRig) throws -> [UInt8] {
        let connection = try RawConnection(rig.port)
        // The server may close before it has all of it.
        try? connection.send(bytes)
        connection.endSending()
        var answer: [UInt8] = []
        while let part = try? connection.receive(), !part.isEmpty, answer.count < 1 << 20 { answer += part }
        return answer
    }

    /// The statuses in what came back, as far as they can be told.
    static func statuses(_ answer: [UInt8]) -> [Int] {
        String(decoding: answer, as: UTF8.self).split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
    }

    static func isAlive(_ rig: ServerRig) throws -> Bool {
        try rig.ask("GET", "/sakura/main/data/\(pack.id)").body == pack.content
    }

    @Test("requests with bytes changed, cut, doubled and mixed")
    func mutatedRequests() throws {
        let rig = try Self.rig
        let before = try Self.disk(rig)
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of the changed requests: \(seed)")
        var generator = SeededGenerator(seed: seed)
        let login = ServerRig.login("writer")
        let wrong = ServerRig.hash([9])
        let requests = [
            "GET /sakura/main/data/\(Self.pack.id) HTTP/1.1\r\nHost: x\r\n\(login)Range: bytes=1-3\r\n\r\n",
            "POST /sakura/main/data/\(wrong) HTTP/1.1\r\nHost: x\r\n\(login)Content-Length: 5\r\n\r\nhello",
            "POST /sakura/main/keys/\(wrong) HTTP/1.1\r\nHost: x\r\n\(login)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "DELETE /sakura/main/snapshots/\(wrong) HTTP/1.1\r\nHost: x\r\n\(login)\r\n",
            "POST /sakura/main/hikae/proposals HTTP/1.1\r\nHost: x\r\n\(login)Content-Length: 3\r\n\r\nabc",
            "POST /sakura/main/hikae/ledger/\(wrong) HTTP/1.1\r\nHost: x\r\n\(login)Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        ].map { Array($0.utf8) }
        for round in 0..<400 {
            var bytes = requests[round % requests.count]
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes = Array(bytes[..<Int.random(in: 0..<bytes.count, using: &generator)])
            case 1: bytes += requests[Int.random(in: 0..<requests.count, using: &generator)]
            case 2: bytes = generator.bytes(Int.random(in: 1...2000, using: &generator))
            case 3: bytes.insert(contentsOf: generator.bytes(3), at: Int.random(in: 0...bytes.count, using: &generator))
            default:
                for _ in 0...Int.random(in: 0..<4, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
            }
            let statuses = Self.statuses(try Self.send(bytes, to: rig))
            #expect(statuses.allSatisfy { $0 < 500 }, "seed \(seed), round \(round): \(statuses)")
        }
        #expect(try Self.isAlive(rig), "seed \(seed)")
        #expect(try Self.changes(rig, since: before) == [], "seed \(seed)")
        #expect(try rig.isTidy(), "seed \(seed)")
        _ = try rig.log()
    }

    @Test("paths put together from everything that means something to somebody, asked in every way")
    func paths() throws {
        let rig = try Self.rig
        let before = try Self.disk(rig)
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of the paths: \(seed)")
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "/", "//", ".", "..", "/../", "%2e%2e", "%2f", "%00", "\\", "sakura", "fuji", "main", "config", "data",
            "keys",
            "locks", "snapshots", "index", "hikae", "parity", "agreement", "proposals", "ledger", "approvals", "audit",
            "users.json", ".incoming", "etc/passwd", Self.pack.id, String(Self.pack.id.prefix(2)), "*", "?", "a=b", "#",
            ";",
            ":", "@", "~", "http://x", "\u{7F}", "\u{E9}", " ", "\t",
        ]
        let methods = [
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X",
        ]
        for round in 0..<600 {
            var path = Bool.random(using: &generator) ? "/sakura/main/" : "/"
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                path += pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                if Bool.random(using: &generator) { path += "/" }
            }
            let method = methods[Int.random(in: 0..<methods.count, using: &generator)]
            let body = method == "POST" ? "Content-Length: 2\r\n\r\nno" : "\r\n"
            let bytes = Array("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(ServerRig.login("keeper"))\(body)".utf8)
            let answer = try Self.send(bytes, to: rig)
            let text = String(decoding: answer, as: UTF8.self)
            #expect(
                Self.statuses(answer).allSatisfy { $0 < 500 }, "seed \(seed), round \(round): \(method) \(path) \(text)"
            )
            #expect(!text.contains("root:") && !text.contains(rig.server.vault.path), "seed \(seed), round \(round)")
        }
        #expect(try Self.isAlive(rig), "seed \(seed)")
        // Locks may come; their names would have to be their hashes, which "no" is not the name of.
        #expect(try Self.changes(rig, since: before) == [], "seed \(seed)")
    }

    @Test("lengths that lie, twice, in two ways, or not at all")
    func lengths() throws {
        let rig = try Self.rig
        let before = try Self.disk(rig)
        let target = "/sakura/main/hikae/parity/\(ServerRig.hash([9]))"
        let head = "POST \(target) HTTP/1.1\r\nHost: x\r\n\(ServerRig.login("writer"))"
        for fields in [
            "Content-Length: -1\r\n\r\nabc", "Content-Length: 3x\r\n\r\nabc",
            "Content-Length: 99999999999999999999\r\n\r\nabc",
            "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "Content-Length: +3\r\n\r\nabc",
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "Content-Length: 0x3\r\n\r\nabc",
            "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
            "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "Transfer-Encoding: identity\r\n\r\nabc", "\r\nabc", "Content-Length: 10\r\n\r\nabc",
        ] {
            let statuses = Self.statuses(try Self.send(Array((head + fields).utf8), to: rig))
            #expect(statuses.allSatisfy { (400..<500).contains($0) }, "\(fields.debugDescription): \(statuses)")
            #expect(try Self.changes(rig, since: before) == [], "\(fields.debugDescription)")
        }
        #expect(try rig.ask("HEAD", target).status == 404)
    }

    @Test(
        "bodies larger than any such thing is: refused by their announcement, and where none is made as soon as they are"
    )
    func oversize() throws {
        let rig = try Self.rig
        let before = try Self.disk(rig)
        let (id, login) = (ServerRig.hash([9]), ServerRig.login("keeper"))
        let targets = [
            "data/\(id)", "keys/\(id)", "locks/\(id)", "snapshots/\(id)", "index/\(id)", "hikae/proposals",
            "hikae/proposals/\(id)/approvals", "hikae/proposals/\(id)/vetoes", "hikae/ledger/\(id)",
            "hikae/parity/\(id)",
        ]
        for target in targets + ["config"] {
            let announced =
                "POST /sakura/main/\(target) HTTP/1.1\r\nHost: x\r\n\(login)Content-Length: 9000000000\r\n\r\n"
            // What follows is the answer to the end that came too early.
            #expect(Self.statuses(try Self.send(Array(announced.utf8), to: rig)).first == 413, "\(target)")
        }
        let chunk = "100000\r\n" + String(repeating: "a", count: 1 << 20) + "\r\n"
        for target in ["data/\(id)", "keys/\(id)", "locks/\(id)", "hikae/proposals/\(id)/approvals"] {
            let head = "POST /sakura/main/\(target) HTTP/1.1\r\nHost: x\r\n\(login)Transfer-Encoding: chunked\r\n\r\n"
            let statuses = Self.statuses(try Self.send(Array((head + chunk + chunk).utf8), to: rig))
            #expect(statuses.first ?? 413 == 413, "\(target): \(statuses)")
        }
        #expect(try Self.changes(rig, since: before) == [])
        #expect(try rig.isTidy())
        // Each is written down, or counted where so many come that they would fill the log.
        #expect(try rig.log().contains { $0.event.status == 413 || $0.suppressed > 0 })
    }

    @Test("a hundred clients that bring a byte now and then are left, and others are served meanwhile")
    func slowLoris() throws {
        let rig = try Self.hurried.get()
        var slow: [RawConnection] = []
        for number in 0..<100 {
            let connection = try RawConnection(rig.port)
            let head = "POST /sakura/main/hikae/proposals/\(Self.pack.id)/approvals HTTP/1.1\r\nHost: x\r\n"
            let rest = number.isMultiple(of: 2) ? "\(ServerRig.login("reader"))Content-Length: 900\r\n\r\n" : ""
            // Those that come late themselves may be left before they have said anything.
            try? connection.send(Array((head + rest).utf8))
            slow.append(connection)
        }
        var (cut, served) = (0, 0)
        let end = MonotonicTime.seconds() + 180
        while !slow.isEmpty || served == 0, MonotonicTime.seconds() < end {
            // Not served when this client is too slow itself: it asks on a connection that the server does not wait for.
            if let isRight = try? Self.isAlive(rig) {
                served += 1
                #expect(isRight)
            }
            slow = slow.filter { connection in
                do { try connection.send([0x61]) } catch {
                    cut += 1
                    return false
                }
                return true
            }
            usleep(200_000)
        }
        #expect(cut == 100 && served > 0)
    }
}

@Suite(.serialized) struct AgreementFuzzTests {
    @Test("signed words with bits changed, cut, lengthened, of others, for others: none counts, each is in the log")
    func words() throws {
        let vault = try AgreementRig()
        let (proposal, other) = (try vault.proposal([0]), try vault.proposal([1]))
        for proposal in [proposal, other] {
            #expect(try vault.post("proposals", proposal.encoded(), as: "keeper").status == 201)
        }
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of the words: \(seed)")
        var generator = SeededGenerator(seed: seed)
        let key = try #require(vault.keys["Sato"])
        let elsewhere = VaultIdentity(book: BookID(words: 1, 2, 3, 4), repository: proposal.vault.repository)
        let name = try PersonName("Sato")
        let genuine = SignedWord(.approve, on: other.id, of: other.vault, by: name, expiry: .max, key: key).encoded()
        let templates = [
            genuine,
            SignedWord(.approve, on: proposal.id, of: elsewhere, by: name, expiry: .max, key: key).encoded(),
            SignedWord(.approve, on: proposal.id, of: proposal.vault, by: name, expiry: 1, key: key).encoded(),
            SignedWord(
                .approve, on: proposal.id, of: proposal.vault, by: name, expiry: .max, key: PersonPrivateKey()
            ).encoded(),
            SignedWord(
                .approve, on: proposal.id, of: proposal.vault, by: try PersonName("Nobody"), expiry: .max, key: key
            ).encoded(),
            SignedWord(.veto, on: proposal.id, of: proposal.vault, by: name, expiry: .max, key: key).encoded(),
            SignedWord(.approve, on: proposal.id, of: proposal.vault, by: name, expiry: .max, key: key).encoded(),
        ]
        for round in 0..<300 {
            let kind = round % templates.count
            var bytes = templates[kind]
            // The last two would count as they are, the last as an approval, the one before as a veto.
            if kind >= 5 || Bool.random(using: &generator) {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes = Array(bytes[..<Int.random(in: 0..<bytes.count, using: &generator)])
                case 1: bytes += generator.bytes(Int.random(in: 1...64, using: &generator))
                default:
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                }
            }
            for path in ["approvals", "vetoes"] {
                let status = try vault.post("proposals/\(proposal.id.hex)/\(path)", bytes, as: "reader").status
                #expect([400, 403].contains(status), "seed \(seed), round \(round): \(status)")
            }
        }
        let item = try #require(try vault.report().proposals.first { $0.id == proposal.id })
        #expect(item.standing.approvals.isEmpty && item.veto == nil, "seed \(seed)")
        // Shown again where it belongs it counts, and once.
        for status in [201, 200, 200] {
            #expect(try vault.post("proposals/\(other.id.hex)/approvals", genuine, as: "reader").status == status)
        }
        #expect(
            try vault.report().proposals.first { $0.id == other.id }?.standing.approvals.map(\.text) == ["Sato"])
        // Each is written down, or counted where so many come that they would fill the log.
        let refused = try vault.rig.log().reduce(0) { sum, line in
            sum + ([400, 403].contains(line.event.status) && line.event.method == "POST" ? 1 : 0) + Int(line.suppressed)
        }
        #expect(refused >= 600, "seed \(seed): \(refused)")
        vault.ticks.advance(31 * AgreementRig.day)
        vault.rig.server.agreement.wake()
        #expect(try vault.there() == ([0, 1, 2, 3], [0, 1, 2, 3]), "seed \(seed)")
    }

    @Test("proposals and ledger entries with bytes changed: nothing goes, no entry changes, the server goes on")
    func proposalsAndEntries() throws {
        let vault = try AgreementRig()
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of the proposals: \(seed)")
        var generator = SeededGenerator(seed: seed)
        let proposal = try vault.proposal([0, 1]).encoded()
        let entry = LedgerEntry(
            snapshot: vault.snapshots[0], source: SourceDigest(words: 1, 1, 1, 1), verdict: .rejected, run: 0,
            packs: [],
            subjects: [vault.snapshots[3]]
        ).encoded()
        for round in 0..<400 {
            var bytes = round.isMultiple(of: 2) ? proposal : entry
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if round.isMultiple(of: 5) { bytes = Array(bytes[..<Int.random(in: 0..<bytes.count, using: &generator)]) }
            let path = round.isMultiple(of: 2) ? "proposals" : "ledger/\(vault.snapshots[0].hex)"
            let status = try vault.post(path, bytes, as: "keeper").status
            // A changed reason is another proposal, as good as the first; an entry is written once.
            let known = round.isMultiple(of: 2) ? [201, 400, 403, 409] : [400, 403, 404, 409]
            #expect(known.contains(status), "seed \(seed), round \(round): \(status)")
        }
        #expect(try vault.report().proposals.count <= AgreementState.maximumWaiting)
        #expect(try vault.report().registered == 4)
        vault.ticks.advance(31 * AgreementRig.day)
        vault.rig.server.agreement.wake()
        #expect(try vault.there() == ([0, 1, 2, 3], [0, 1, 2, 3]), "seed \(seed)")
        _ = try vault.rig.log()
    }
}

// What a path, a range and a login may look like, and that everything else is refused before it touches anything.

import HikaeCore
import HikaeStore
import Testing

@testable import HikaeServer

@Suite struct RequestTests {
    static let id = String(repeating: "0123456789abcdef", count: 4)

    @Test func eachThingHasOneSpelling() throws {
        let file = StoredFile(.pack, try #require(FileID(hex: Self.id)))
        let expected: [(String, RequestTarget)] = [
            ("/healthz", .health),
            ("/sakura/main/", .repository(tenant: "sakura", name: "main", .root)),
            ("/sakura/main", .repository(tenant: "sakura", name: "main", .root)),
            ("/sakura/main/config", .repository(tenant: "sakura", name: "main", .file(.config))),
            ("/sakura/main/data/", .repository(tenant: "sakura", name: "main", .list(.pack))),
            ("/sakura/main/data/\(Self.id)", .repository(tenant: "sakura", name: "main", .file(file))),
            (
                "/a-1/b_2.c/hikae/proposals/7/vetoes",
                .repository(tenant: "a-1", name: "b_2.c", .route(["proposals", "7", "vetoes"]))
            ),
        ]
        for (path, target) in expected { #expect(try RequestTarget.parse(path, limit: 1024).target == target) }
        #expect(try RequestTarget.parse("/sakura/main/?create=true", limit: 1024).query == "create=true")
    }

    /// Every way that is known to leave a folder or to give one thing two names.
    static let tricks: [String] = [
        "", "/", "//", "/..", "/../../etc/passwd", "/sakura/../fuji/main/config", "/sakura/main/../../fuji/config",
        "/sakura/%2e%2e/main/config", "/sakura/main/%2E%2E/config", "/sakura/%252e%252e/config", "/sakura//main/config",
        "/sakura/main//config", "/sakura/main/config/", "/sakura/main/./config", "/sakura/main/config%00",
        "/sakura/main/config\u{0}", "/sakura/main/co\u{301}nfig", "/sakura/ma\u{FF49}n/config", "/sakura\\main\\config",
        "/sakura/main/data/\(id.uppercased())", "/sakura/main/data/\(id)0", "/sakura/main/data/\(id.dropLast())",
        "/sakura/main/data/\(id)/", "/sakura/main/data/01/\(id)", "/sakura/main/DATA/\(id)", "/SAKURA/main/config",
        "/sakura/data/config", "/data/\(id)", "/config", "/users.json", "/audit/000001.jsonl", "/sakura/.incoming/",
        "/sakura/main/hikae/", "/sakura/main/hikae/parity/../config", "/sakura/main/locks/x;rm",
        "http://x/sakura/main/config",
        "/sakura/main/config#x", "/sakura/main/hikae/a..b/c", "/sakura/main/" + String(repeating: "a", count: 2000),
    ]

    @Test(arguments: tricks) func trickyPathsMeanNothing(_ path: String) {
        #expect(throws: RequestTarget.Refusal.self) { try RequestTarget.parse(path, limit: 1024) }
    }

    @Test func rangesStayWithinTheFile() {
        #expect(ByteRange(header: nil, size: 10) == .whole)
        #expect(ByteRange(header: "bytes=0-3", size: 10) == .part(0..<4))
        #expect(ByteRange(header: "bytes=4-", size: 10) == .part(4..<10))
        #expect(ByteRange(header: "bytes=4-99", size: 10) == .part(4..<10))
        #expect(ByteRange(header: "bytes=-3", size: 10) == .part(7..<10))
        #expect(ByteRange(header: "bytes=-30", size: 10) == .part(0..<10))
        #expect(ByteRange(header: "bytes=10-", size: 10) == .unsatisfiable)
        #expect(ByteRange(header: "bytes=0-0", size: 0) == .unsatisfiable)
        for odd in ["bytes=3-1", "bytes=-", "bytes=1-2,4-5", "lines=1-2", "bytes=+1-2", "bytes=99999999999999999999-"] {
            #expect(ByteRange(header: odd, size: 10) == .whole)
        }
    }

    @Test func patienceCountsOnlyTheClientsTime() {
        var patience = ClientPatience(grace: 10, bytesPerSecond: 1000)
        patience.begin()
        // The server takes a minute over its disk: not the client's fault.
        patience.wait(at: 0)
        patience.move(1000, at: 1)
        #expect(!patience.isOver(at: 60))
        // One byte every five seconds is.
        for second in stride(from: 60.0, to: 100, by: 5) {
            patience.wait(at: second)
            patience.move(1, at: second + 5)
        }
        #expect(patience.isOver(at: 100))
        patience.begin()
        #expect(!patience.isOver(at: 100))
        // A megabyte taken at once is no credit for standing still afterwards.
        patience.move(1_000_000, at: 100)
        patience.wait(at: 100)
        #expect(!patience.isOver(at: 109))
        #expect(patience.isOver(at: 111))
    }

    @Test func aBucketGivesItsBurstAndThenItsRate() {
        var bucket = TokenBucket(rate: 2, burst: 3)
        let taken = [0, 0, 0, 0, 0.6, 0.6].map { bucket.take(at: $0) }
        #expect(taken == [true, true, true, false, true, false])
        let wait = bucket.secondsIfEmpty(at: 0.6)
        #expect(wait == 1)
        let isFull = bucket.isFull(at: 10)
        #expect(isFull)
    }

    @Test func addressesBeyondThisMachineNeedTLS() throws {
        for (text, isLoopback) in [
            ("127.0.0.1:80", true), ("[::1]:80", true), ("localhost:80", true), (":80", false), ("0.0.0.0:80", false),
            ("[::]:80", false), ("127.0.0.1.example.com:80", false), ("192.168.1.2:80", false),
        ] {
            let address = try ListenAddress(text)
            #expect(address.isLoopback == isLoopback, "\(text)")
            var settings = VaultServerSettings(folder: "/nowhere", listen: address)
            if isLoopback { try settings.check() } else { #expect(throws: HikaeError.self) { try settings.check() } }
            settings.allowsPlainHTTP = true
            try settings.check()
            settings.metrics = try ListenAddress(":9000")
            #expect(throws: HikaeError.self) { try settings.check() }
        }
        for odd in ["80", "x", "1.2.3.4:", "1.2.3.4:70000", "::1:80:", "a b:1"] {
            #expect(throws: HikaeError.self) { try ListenAddress(odd) }
        }
    }
}

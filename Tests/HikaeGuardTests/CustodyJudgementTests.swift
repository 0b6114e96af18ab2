// What two copies share is found, whatever they are called; what nobody knows is never called independent.

import HikaeCore
import Testing

@testable import HikaeGuard

@Suite("Custody of copies")
struct CustodyJudgementTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    private func copy(
        _ name: String, _ traits: [CustodyTrait], holder: String? = nil, provider: String = "own",
        account: String = "none", place: String? = nil, daysAgo: Int64? = 10,
        erasure: CopyCustody.Erasure = .possible
    ) -> CopyCustody {
        var said = CustodyStatement(
            holder: holder ?? name, provider: provider, account: account, place: place ?? name)
        if let daysAgo { (said.who, said.when) = ("佐藤", Timestamp(seconds: now.seconds - daysAgo * 86_400)) }
        return CopyCustody(
            .vault, name, address: name, traits: Set(traits), erasure: erasure, statement: said)
    }

    private func pair(_ first: CopyCustody, _ second: CopyCustody) throws -> CustodyPair {
        try #require(CustodyJudgement([first, second], now: now).pairs.first)
    }

    @Test(
        "An equal trait that one finger ends is red, with its reason in both languages",
        arguments: [
            CustodyTrait.Kind.folder, .filesystem, .disk, .export, .machine, .hostKey, .certificate, .service, .login,
            .accessKey, .identity, .repository, .bucketOwner,
        ])
    func shared(_ kind: CustodyTrait.Kind) throws {
        let trait = CustodyTrait(kind, "x", shown: "what it is")
        let found = try pair(copy("a", [trait]), copy("b", [trait, CustodyTrait(.host, "h")]))
        #expect(found.light == .red)
        let finding = try #require(found.findings.first)
        #expect(finding.reason == .shared(trait))
        for japanese in [true, false] { #expect(finding.sentence(japanese: japanese).contains("what it is")) }
        #expect(try pair(copy("a", [trait]), copy("b", [CustodyTrait(kind, "y")])).light < .red)
    }

    @Test("Copies that share nothing are green only when nobody here can end both and people have said so lately")
    func apart() throws {
        let far = copy("b", [CustodyTrait(.hostKey, "2")], erasure: .refused)
        let found = try pair(copy("a", [CustodyTrait(.hostKey, "1")]), far)
        #expect(found.light == .green)
        #expect(found.findings.isEmpty)
        let reachable = try pair(copy("a", []), copy("b", []))
        #expect(reachable.light == .amber)
        #expect(reachable.findings.map(\.reason) == [.erasableHere])
        #expect(try pair(copy("a", [], daysAgo: 366), far).light == .amber)
        #expect(try pair(copy("a", [], daysAgo: nil), far).light == .amber)
    }

    @Test("A bucket's name proves nothing alone, and the same bucket with a common owner, key or server")
    func buckets() throws {
        let bucket = CustodyTrait(.bucket, "vault")
        let apart = try pair(
            copy("a", [bucket, CustodyTrait(.bucketOwner, "1")], erasure: .refused),
            copy("b", [bucket, CustodyTrait(.bucketOwner, "2")], erasure: .refused))
        #expect(apart.light == .green)
        let service = CustodyTrait(.service, "192.0.2.1 port 443")
        let same = try pair(copy("a", [bucket, service]), copy("b", [bucket, service]))
        #expect(same.findings.contains { $0.reason == .sameBucket("vault") && $0.light == .red })
    }

    @Test("One person, one account, one building: each is red by itself, whatever the case and spaces of the words")
    func said() throws {
        func light(_ first: CopyCustody, _ second: CopyCustody, _ finger: CustodyFinger) throws -> CustodyLight {
            try pair(first, second).light(of: finger)
        }
        let one = copy("a", [], holder: "佐藤 一", provider: "Rental", account: "12", place: "本社", erasure: .refused)
        #expect(try light(one, copy("b", [], holder: "佐藤一"), .person) == .red)
        #expect(try light(one, copy("b", [], place: " 本社"), .building) == .red)
        #expect(try light(one, copy("b", [], provider: "rental", account: "12"), .bill) == .red)
        #expect(try light(one, copy("b", [], provider: "rental", account: "13"), .bill) == .amber)
        #expect(try light(one, copy("b", [], provider: "own"), .bill) == .green)
    }

    @Test("What nobody said and what could not be looked at is amber, and named")
    func unknown() throws {
        var silent = copy("b", [], erasure: .refused)
        silent.statement = nil
        let found = try pair(copy("a", [], erasure: .refused), silent)
        for finger in [CustodyFinger.person, .bill, .building] { #expect(found.light(of: finger) == .amber) }
        #expect(found.findings.contains { $0.reason == .unsaid(.building, copies: ["b"]) })
        var blind = copy("b", [], erasure: .refused)
        blind.unseen = ["the owner is not told"]
        #expect(try pair(copy("a", []), blind).light == .amber)
    }

    @Test("Two vaults of which nobody can tell whether this machine can delete them are not green")
    func perhaps() throws {
        let (sure, unsure) = (copy("a", [], erasure: .possible), copy("b", [], erasure: .unknown))
        for (first, names) in [(sure, ["b"]), (copy("a", [], erasure: .unknown), ["a", "b"])] {
            let found = try pair(first, unsure)
            #expect(found.light == .amber)
            #expect(found.findings.map(\.reason) == [.perhapsErasable(copies: names)])
        }
        #expect(try pair(copy("a", [], erasure: .refused), unsure).light == .green)
        let password = CustodyTrait(.password, "hash", shown: "file:/etc/one")
        let place = CustodyTrait(.passwordPlace, "file:/etc/one")
        let same = try pair(copy("a", [password, place], erasure: .refused), copy("b", [password, place]))
        #expect(same.findings.map(\.reason) == [.shared(password)] && same.light == .amber)
    }

    @Test("A contract that ends soon is told of")
    func contract() throws {
        var ending = copy("b", [], erasure: .refused)
        ending.statement?.contractEnd = "2027-02-01"
        #expect(try pair(copy("a", []), ending).light(of: .bill) == .amber)
        ending.statement?.contractEnd = "2028-01-01"
        #expect(try pair(copy("a", []), ending).light(of: .bill) == .green)
    }

    @Test("One vault is red; two that share all are red; a third that stands apart makes the whole as good as it is")
    func whole() {
        let disk = CustodyTrait(.filesystem, "1")
        let (one, two) = (copy("a", [disk]), copy("b", [disk]))
        let three = copy("c", [], erasure: .refused)
        #expect(CustodyJudgement([one], now: now).light == .red)
        #expect(CustodyJudgement([one, two], now: now).light == .red)
        #expect(CustodyJudgement([one, two, three], now: now).light == .green)
        let reach = CustodyJudgement([one, two, three], now: now).reaches
        #expect(reach.contains { $0.kind == "filesystem" && $0.copies == ["a", "b"] })
        // What is seen of it in several ways, and looks the same to people, is one row.
        let ways = ["device 1", "/dev/vda", "fsid 2"].map { CustodyTrait(.filesystem, $0, shown: "/dev/vda") }
        let rows = CustodyJudgement([copy("a", ways), copy("b", ways)], now: now).reaches
        #expect(rows.filter { $0.kind == "filesystem" }.map(\.copies) == [["a", "b"]])
        #expect(reach.contains { $0.kind == "holder" && $0.copies == ["c"] })
    }
}

// The book on the disk: it tells the same after every restart, takes the administrator's changes beside the server's,
// and nobody can change a line of it unseen.

import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeAgreement

@Suite struct BookTests {
    private let repository = FileID(words: 1, 1, 1, 1)

    private func open(_ folder: String, clock: String = "c", now: UInt64 = 100) throws -> AgreementBook {
        try AgreementBook(folder: folder, repository: repository, clock: clock, now: now)
    }

    @Test("what was written is there after a restart, and others' lines are seen without one")
    func restart() throws {
        let folder = try TemporaryDirectory()
        let (server, administrator) = (try open(folder.path + "/b"), try open(folder.path + "/b"))
        let person = Person(name: try PersonName("佐藤"), key: PersonPrivateKey().publicKey)
        try administrator.change(at: 90) { _ in ((), [.personAdded(person), .ruled(threshold: 1, delay: 60)]) }
        #expect(try server.state().terms.map(\.person) == [person])
        try server.change(at: 200) { _ in ((), [.seen([FileID(words: 3, 0, 0, 0)])]) }
        #expect(try administrator.state().sightings.count == 1)
        let again = try open(folder.path + "/b", now: 300).state()
        #expect(again.terms.map(\.person) == [person])
        #expect(again.rule(at: 300) == AgreementRule(threshold: 1, delay: 60))
        #expect(try server.state().vault == again.vault)
    }

    @Test("a changed, missing or inserted line is found; a torn last one is cut off")
    func tampering() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/b"
        do {
            let book = try open(path)
            for number in 0..<5 as Range<UInt64> {
                try book.change(at: 100 + number) { _ in ((), [.seen([FileID(words: number, 0, 0, 0)])]) }
            }
        }
        let good = try SystemFile.load(path + "/book", limit: 1 << 20)
        let lines = good.split(separator: UInt8(ascii: "\n")).map(Array.init)
        func reads(_ lines: [[UInt8]], tail: String = "") throws -> UInt64? {
            try SystemFile.replace(path + "/book", with: lines.flatMap { $0 + [10] } + Array(tail.utf8))
            return try? open(path, now: 500).state().count
        }
        #expect(try reads(lines) == 6)
        #expect(try reads(lines, tail: "{\"n\":6,\"ti") == 6)
        var changed = lines
        changed[2] = Array(String(decoding: lines[2], as: UTF8.self).replacing("101", with: "102").utf8)
        #expect(changed != lines)
        #expect(try reads(changed) == nil)
        changed = lines
        changed.remove(at: 3)
        #expect(try reads(changed) == nil)
        changed = lines
        changed.insert(lines[3], at: 3)
        #expect(try reads(changed) == nil)
    }

    @Test("a line that nobody signed is refused even with the right hashes")
    func forgedWord() throws {
        let folder = try TemporaryDirectory()
        let book = try open(folder.path + "/b")
        let key = PersonPrivateKey()
        let person = Person(name: try PersonName("Sato"), key: key.publicKey)
        try book.change(at: 100) { _ in ((), [.personAdded(person), .ruled(threshold: 1, delay: 60)]) }
        let vault = try #require(try book.state().vault)
        let proposal = ProposalID(words: 1, 2, 3, 4)
        try book.change(at: 100) { _ in ((), [.proposed(proposal, by: "admin")]) }
        let word = SignedWord(
            .approve, on: proposal, of: vault, by: person.name, expiry: .max, key: PersonPrivateKey())
        #expect(throws: HikaeError.self) { try book.change(at: 100) { _ in ((), [.said(word)]) } }
        #expect(try book.state().standing(proposal, at: 100)?.approvals.isEmpty == true)
        #expect(try open(folder.path + "/b").state().count == 4)
    }

    @Test("a book of another repository is not used")
    func wrongRepository() throws {
        let folder = try TemporaryDirectory()
        _ = try open(folder.path + "/b")
        #expect(throws: HikaeError.self) {
            try AgreementBook(
                folder: folder.path + "/b", repository: FileID(words: 2, 2, 2, 2), clock: "c", now: 0)
        }
    }

    @Test("vault time counts running only: not while it is off, not back, and hardly any is lost")
    func vaultTime() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/clock"
        let ticks = Mutex(50_000.0)
        func clock() throws -> VaultClock { try VaultClock(path: path) { ticks.withLock { $0 } } }
        do {
            let clock = try clock()
            #expect(clock.now == 0)
            ticks.withLock { $0 += 59 }
            try clock.record(every: 60)
            #expect(try RecordedTime.load(path).seconds == 0)
            ticks.withLock { $0 += 1 }
            try clock.record(every: 60)
            #expect(try RecordedTime.load(path).seconds == 60)
            ticks.withLock { $0 -= 1000 }
            #expect(clock.now == 60)
            ticks.withLock { $0 += 40 }
            #expect(clock.now == 100)
            try clock.record()
        }
        // Off for sixty days; the machine's own count goes on, or begins anew.
        for start in [50_000.0 + 60 * 86400, 3] {
            ticks.withLock { $0 = start }
            #expect(try clock().now == 100)
        }
        let name = try clock().clock
        // A digit that has rotted would be years.
        let text = String(decoding: try SystemFile.load(path, limit: 4096), as: UTF8.self)
        try SystemFile.replace(path, with: Array(text.replacing("\"seconds\":100", with: "\"seconds\":900").utf8))
        #expect(throws: HikaeError.self) { try RecordedTime.load(path) }
        let rotten = try clock()
        #expect(rotten.now == 0 && rotten.clock != name)
        try SystemFile.replace(path, with: [UInt8](repeating: 0x20, count: 5000))
        #expect(try clock().now == 0)
        try SystemFile.replace(path, with: Array("{}".utf8))
        let other = try clock()
        #expect(other.now == 0)
        #expect(other.clock != name)
    }
}

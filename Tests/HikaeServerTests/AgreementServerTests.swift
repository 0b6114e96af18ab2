// Deletion by agreement over the wire, on a real server whose count of time the tests move: nothing goes before its
// time, without its signatures, or against the ledger; what goes is in the log.

import HikaeAgreement
import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeServer

/// A repository of four registered snapshots on a server, two people of whom both must agree, thirty days.
final class AgreementRig: Sendable {
    static let day = 86400.0
    let rig: ServerRig
    let ticks: Ticks
    let keys = ["Sato": PersonPrivateKey(), "Anna": PersonPrivateKey()]
    /// Names of the snapshots, oldest first, and of a pack for each.
    let snapshots: [FileID]
    let packs: [FileID]

    /// Seconds that only tests move.
    final class Ticks: Sendable {
        private let value = Mutex(1000.0)
        var now: Double { value.withLock { $0 } }
        func advance(_ seconds: Double) { value.withLock { $0 += seconds } }
    }

    init(in folder: String? = nil) throws {
        let ticks = Ticks()
        self.ticks = ticks
        let rig = try ServerRig(
            { settings, _ in
                settings.ticks = { ticks.now }
                // What is due is carried out when a test says so, and at no other moment.
                settings.tickSeconds = 1_000_000
            }, in: folder)
        self.rig = rig
        try rig.create()
        _ = try store("/sakura/main/config", Array("config".utf8), rig)
        packs = try (1...4).map { try putFile("data", "pack \($0)", rig) }
        _ = try putFile("index", "index", rig)
        snapshots = try (1...4).map { try putFile("snapshots", "snapshot \($0)", rig) }
        let local = try LocalAgreement(folder: rig.server.vault.path, repository: "sakura/main")
        for (name, key) in keys.sorted(by: { $0.key < $1.key }) {
            try local.add(Person(name: try PersonName(name), key: key.publicKey))
        }
        try local.set(threshold: 2, delay: UInt64(30 * Self.day))
        for number in 0..<4 {
            ticks.advance(40 * Self.day)
            let entry = LedgerEntry(
                snapshot: snapshots[number], source: SourceDigest(words: 1, 1, 1, 1), verdict: .good,
                run: UInt64(number), packs: [packs[number]])
            guard try post("ledger/\(snapshots[number].hex)", entry.encoded(), as: "writer").status == 201 else {
                throw HikaeError(.refused, "not registered")
            }
        }
    }

    func post(_ path: String, _ body: [UInt8], as user: String) throws -> RawConnection.Answer {
        try rig.ask("POST", "/sakura/main/hikae/\(path)", body, as: user)
    }

    func report() throws -> AgreementReport {
        try AgreementReport(decoding: try rig.ask("GET", "/sakura/main/hikae/agreement", as: "reader").body)
    }

    func proposal(_ numbers: [Int], packs: [Int]? = nil) throws -> Proposal {
        let report = try report()
        return Proposal(
            vault: report.vault, snapshots: numbers.map { .init(id: snapshots[$0], label: "shop/site") },
            packs: (packs ?? numbers).map { self.packs[$0] }, indexes: [], parity: [], newIndexes: [],
            reason: "old", proposer: "keeper", nonce: SecureRandom.bytes(16), vaultTime: report.vaultTime)
    }

    /// Hands in a person's word; the status.
    func say(_ word: AgreementWord, _ name: String, on proposal: Proposal, key: PersonPrivateKey? = nil) throws -> Int {
        let signed = SignedWord(
            word, on: proposal.id, of: proposal.vault, by: try PersonName(name), expiry: .max,
            key: key ?? keys[name] ?? PersonPrivateKey())
        return try post(
            "proposals/\(proposal.id.hex)/\(word == .approve ? "approvals" : "vetoes")", signed.encoded(), as: "reader"
        ).status
    }

    /// Writes that a removal begins: what a crash right after that leaves behind.
    static func begin(_ proposal: Proposal, _ rig: ServerRig) throws {
        let clock = rig.server.agreement.clock
        let book = try AgreementBook(
            folder: AgreementDesk.folder("\(rig.server.vault.path)/sakura/main"),
            repository: Digest.fileID(Array("config".utf8)), clock: clock.clock, now: clock.now)
        try book.change(at: clock.now) { _ in ((), [.began(proposal.id)]) }
    }

    func stage(_ proposal: Proposal) throws -> ProposalStanding.Stage? {
        try report().proposals.first { $0.id == proposal.id }?.standing.stage
    }

    /// Which snapshots and packs are there, by number.
    func there() throws -> (snapshots: [Int], packs: [Int]) {
        let folder = rig.server.vault.path + "/sakura/main"
        return (
            try (0..<4).filter { try SystemFile.size("\(folder)/snapshots/\(snapshots[$0].hex)") != nil },
            try (0..<4).filter {
                try SystemFile.size("\(folder)/data/\(packs[$0].hex.prefix(2))/\(packs[$0].hex)") != nil
            }
        )
    }
}

private func store(_ path: String, _ bytes: [UInt8], _ rig: ServerRig) throws -> Int {
    try rig.ask("POST", path, bytes).status
}

private func putFile(_ kind: String, _ text: String, _ rig: ServerRig) throws -> FileID {
    let bytes = Array(text.utf8)
    let name = ServerRig.hash(bytes)
    guard try store("/sakura/main/\(kind)/\(name)", bytes, rig) == 200, let id = FileID(hex: name) else {
        throw HikaeError(.refused, "no \(kind)")
    }
    return id
}

@Suite(.serialized) struct AgreementServerTests {
    @Test("two signatures and thirty days of running remove what was proposed, and only that, and the log says so")
    func removal() throws {
        let vault = try AgreementRig()
        let proposal = try vault.proposal([0, 1])
        #expect(try vault.post("proposals", proposal.encoded(), as: "writer").status == 403)
        #expect(try vault.post("proposals", proposal.encoded(), as: "keeper").status == 201)
        #expect(try vault.say(.approve, "Sato", on: proposal) == 201)
        #expect(try vault.say(.approve, "Sato", on: proposal) == 200, "said again, it is no news")
        vault.ticks.advance(31 * AgreementRig.day)
        vault.rig.server.agreement.wake()
        #expect(try vault.stage(proposal) == .waiting)
        #expect(try vault.there() == ([0, 1, 2, 3], [0, 1, 2, 3]))
        #expect(try vault.say(.approve, "Anna", on: proposal, key: PersonPrivateKey()) == 403)
        #expect(try vault.say(.approve, "Anna", on: proposal) == 201)
        vault.rig.server.agreement.wake()
        #expect(try vault.stage(proposal) == .done)
        #expect(try vault.there() == ([2, 3], [2, 3]))
        let log = try vault.rig.log()
        #expect(log.filter { $0.event.method == "REMOVE" }.count == 4)
        #expect(log.filter { $0.event.method == "REMOVE" }.allSatisfy { $0.event.note.contains("Anna, Sato") })
        #expect(log.contains { $0.event.note.contains("refused") })
    }

    @Test("no time that the server does not count frees anything, and a veto ends it")
    func timeAndVeto() throws {
        let vault = try AgreementRig()
        let proposal = try vault.proposal([0])
        #expect(try vault.post("proposals", proposal.encoded(), as: "keeper").status == 201)
        for name in ["Sato", "Anna"] { #expect(try vault.say(.approve, name, on: proposal) == 201) }
        vault.ticks.advance(30 * AgreementRig.day - 2)
        vault.rig.server.agreement.wake()
        #expect(try vault.stage(proposal) == .waiting)
        #expect(try vault.say(.veto, "Anna", on: proposal) == 201)
        vault.ticks.advance(40 * AgreementRig.day)
        vault.rig.server.agreement.wake()
        #expect(try vault.stage(proposal) == .vetoed)
        #expect(try vault.there().snapshots == [0, 1, 2, 3])
    }

    @Test("the last good captures, packs that others need and what is not there cannot even be proposed")
    func refused() throws {
        let vault = try AgreementRig()
        for (numbers, packs) in [([3], []), ([2], []), ([0], [1]), ([], [3])] as [([Int], [Int])] {
            let answer = try vault.post("proposals", try vault.proposal(numbers, packs: packs).encoded(), as: "keeper")
            #expect(answer.status == 403, "\(numbers) \(packs)")
        }
        var absent = try vault.proposal([0])
        absent.packs = [FileID(words: 1, 2, 3, 4)]
        #expect(try vault.post("proposals", absent.encoded(), as: "keeper").status == 403)
        #expect(try vault.post("proposals", [1, 2, 3], as: "keeper").status == 400)
        #expect(try vault.report().proposals.isEmpty)
    }

    @Test("a capture that came meanwhile and needs a pack keeps it, and an entry cannot be written again")
    func lateCapture() throws {
        let vault = try AgreementRig()
        let proposal = try vault.proposal([0])
        #expect(try vault.post("proposals", proposal.encoded(), as: "keeper").status == 201)
        for name in ["Sato", "Anna"] { #expect(try vault.say(.approve, name, on: proposal) == 201) }
        let bytes = Array("snapshot 5".utf8)
        let late = try #require(FileID(hex: ServerRig.hash(bytes)))
        #expect(try vault.rig.ask("POST", "/sakura/main/snapshots/\(late.hex)", bytes).status == 200)
        vault.ticks.advance(31 * AgreementRig.day)
        vault.rig.server.agreement.wake()
        #expect(try vault.stage(proposal) == .due)
        #expect(try vault.report().proposals.first?.obstacles.isEmpty == false)
        var entry = LedgerEntry(
            snapshot: late, source: SourceDigest(words: 1, 1, 1, 1), verdict: .suspect, run: 5, packs: [vault.packs[0]])
        #expect(try vault.post("ledger/\(late.hex)", entry.encoded(), as: "writer").status == 201)
        #expect(try vault.post("ledger/\(late.hex)", entry.encoded(), as: "writer").status == 200)
        entry.packs = []
        #expect(try vault.post("ledger/\(late.hex)", entry.encoded(), as: "writer").status == 409)
        vault.rig.server.agreement.wake()
        #expect(try vault.there().packs == [0, 1, 2, 3])
    }

    @Test("while a removal that was begun cannot be finished nobody takes a lock, and it is written down once")
    func unfinished() throws {
        let vault = try AgreementRig()
        let proposal = try vault.proposal([0])
        #expect(try vault.post("proposals", proposal.encoded(), as: "keeper").status == 201)
        for name in ["Sato", "Anna"] { #expect(try vault.say(.approve, name, on: proposal) == 201) }
        vault.ticks.advance(31 * AgreementRig.day)
        let book = AgreementDesk.folder("\(vault.rig.server.vault.path)/sakura/main")
        try AgreementRig.begin(proposal, vault.rig)
        let kept = try Files.read("\(book)/proposals/\(proposal.id.hex)")
        try Files.write("\(book)/proposals/\(proposal.id.hex)", [1])
        let lock = Array("lock".utf8)
        for _ in 0..<3 {
            vault.rig.server.agreement.wake()
            #expect(try vault.rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash(lock))", lock).status == 409)
        }
        #expect(try vault.there() == ([0, 1, 2, 3], [0, 1, 2, 3]))
        let notes = try vault.rig.log().map(\.event.note).filter { $0.hasPrefix("agreement: ") }
        #expect(notes.count == 1, "\(notes)")
        try Files.write("\(book)/proposals/\(proposal.id.hex)", kept)
        vault.rig.server.agreement.wake()
        #expect(try vault.stage(proposal) == .done)
        #expect(try vault.there() == ([1, 2, 3], [1, 2, 3]))
        #expect(try vault.rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash(lock))", lock).status == 200)
    }

    @Test("what a snapshot that went needed is let go with it, and taken again should it come back")
    func entriesThatGo() throws {
        let vault = try AgreementRig()
        let before = vault.rig.server.vault.usage.tallies["sakura"]?.files ?? 0
        let proposal = try vault.proposal([0])
        #expect(try vault.post("proposals", proposal.encoded(), as: "keeper").status == 201)
        for name in ["Sato", "Anna"] { #expect(try vault.say(.approve, name, on: proposal) == 201) }
        vault.ticks.advance(31 * AgreementRig.day)
        vault.rig.server.agreement.wake()
        let entry =
            AgreementDesk.folder("\(vault.rig.server.vault.path)/sakura/main") + "/ledger/"
            + vault.snapshots[0].hex
        #expect(!Files.exists(entry))
        // The snapshot, its pack and its entry.
        #expect(vault.rig.server.vault.usage.tallies["sakura"]?.files == before - 3)
        let bytes = Array("snapshot 1".utf8)
        #expect(try vault.rig.ask("POST", "/sakura/main/snapshots/\(vault.snapshots[0].hex)", bytes).status == 200)
        let again = LedgerEntry(
            snapshot: vault.snapshots[0], source: SourceDigest(words: 1, 1, 1, 1), verdict: .good, run: 0,
            packs: [vault.packs[0]])
        #expect(try vault.post("ledger/\(vault.snapshots[0].hex)", again.encoded(), as: "writer").status == 200)
        #expect(Files.exists(entry))
        let other = try vault.proposal([1])
        #expect(try vault.post("proposals", other.encoded(), as: "keeper").status == 201, "nothing is in its way")
    }

    @Test("a lock that is held puts it off; a removal that a crash interrupted is finished at the next start")
    func lockAndCrash() throws {
        let folder = try TemporaryDirectory()
        let place = folder.path("vault")
        let proposal: Proposal
        do {
            let vault = try AgreementRig(in: place)
            proposal = try vault.proposal([0])
            #expect(try vault.post("proposals", proposal.encoded(), as: "keeper").status == 201)
            for name in ["Sato", "Anna"] { #expect(try vault.say(.approve, name, on: proposal) == 201) }
            vault.ticks.advance(31 * AgreementRig.day)
            let lock = Array("lock".utf8)
            #expect(try vault.rig.ask("POST", "/sakura/main/locks/\(ServerRig.hash(lock))", lock).status == 200)
            vault.rig.server.agreement.wake()
            #expect(try vault.there().snapshots == [0, 1, 2, 3])
            try AgreementRig.begin(proposal, vault.rig)
            vault.rig.server.stop()
        }
        let again = try ServerRig(in: place)
        let snapshot = try #require(proposal.snapshots.first?.id)
        #expect(try again.ask("HEAD", "/sakura/main/snapshots/\(snapshot.hex)").status == 404)
        let report = try AgreementReport(
            decoding: try again.ask("GET", "/sakura/main/hikae/agreement", as: "reader").body)
        #expect(report.proposals.first?.standing.stage == .done)
    }
}

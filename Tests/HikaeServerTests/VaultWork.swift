// A real repository on a real server whose count of time the tests move: captures of one source, people, proposals.

import HikaeAgreement
import HikaeArchive
import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaeRemote
import HikaeRepository
import HikaeSource
import HikaeStore
import HikaeTesting
import Synchronization

@testable import HikaeOperations
@testable import HikaeServer

/// A company's work with its vault: captures, registration, proposals, examination.
final class VaultWork {
    static let day = 86400.0
    static let name = SourceName(organisation: "さくら", system: "shop", source: "site")
    let folder: TemporaryDirectory
    let rig: ServerRig
    let ticks = AgreementRig.Ticks()
    let client: AgreementClient
    let repository: Repository
    let keys = ["Sato": PersonPrivateKey(), "Anna": PersonPrivateKey()]
    private var runs: UInt64 = 0

    /// A repository without captures; two people of whom both must agree, thirty days.
    init() throws {
        folder = try TemporaryDirectory()
        let ticks = ticks
        rig = try ServerRig { settings, _ in
            settings.ticks = { ticks.now }
            settings.tickSeconds = 1_000_000
        }
        var options = RemoteOptions()
        options.user = "keeper"
        options.password = { () throws(HikaeError) in Secret("keeper-no-himitsu") }
        let location = "rest:http://127.0.0.1:\(rig.port)/sakura/main/"
        guard let client = try AgreementClient(location, options) else { throw HikaeError(.unsupported, location) }
        self.client = client
        var creating = CreateOptions()
        creating.scrypt = .insecureForTests
        repository = try Repository.create(
            try RemoteLocation.open(location, options), password: Array("rig".utf8), options: creating)
        try repository.loadIndex()
        _ = try client.report()
        let local = try LocalAgreement(folder: rig.server.vault.path, repository: "sakura/main")
        for (name, key) in keys.sorted(by: { $0.key < $1.key }) {
            try local.add(Person(name: try PersonName(name), key: key.publicKey))
        }
        try local.set(threshold: 2, delay: UInt64(30 * Self.day))
    }

    deinit { client.close() }

    func pass(days: Double) { ticks.advance(days * Self.day) }

    /// Captures a page that stays and one that is of this capture alone.
    @discardableResult
    func capture(_ verdict: Verdict = .good, registers: Bool = true) throws -> NamedSnapshot {
        runs += 1
        try Command("rm", ["-rf", folder.path("site")]).succeed()
        var generator = SeededGenerator(seed: runs)
        try folder.write("site/index.html", "<p>welcome</p>")
        try Files.write(folder.path("site/film-\(runs)"), generator.bytes(50_000))
        let id = Hex.encode(generator.bytes(8))
        return try save(
            folder.path("site"), tags: CaptureTags.capture(id, of: Self.name, verdict: verdict, run: runs), registers)
    }

    /// A person's word on a capture.
    @discardableResult
    func decide(_ word: Decision.Word, on capture: NamedSnapshot, registers: Bool = true) throws -> NamedSnapshot {
        runs += 1
        try folder.write("word/decision.json", "\(word.rawValue) \(runs)")
        let id = CaptureEntry(capture)?.capture ?? ""
        return try save(folder.path("word"), tags: CaptureTags.decision(word, on: id, of: Self.name), registers)
    }

    private func save(_ path: String, tags: [String], _ registers: Bool) throws -> NamedSnapshot {
        var options = ArchiveOptions(time: Timestamp(seconds: Int64(runs) * 86400), paths: [path])
        options.hostname = Self.name.organisation
        options.tags = tags
        options.workers = 1
        let summary = try Archiver(repository, options: options).run(LocalFileTree(targets: [path]).root)
        guard let id = summary.snapshot else { throw HikaeError(.notFound, "no snapshot") }
        try repository.loadIndex()
        if registers { try LedgerRegistration.registerNew(repository, client, failed: { print($0) }) }
        return NamedSnapshot(id: id, snapshot: try repository.snapshot(id))
    }

    /// What `hikae forget` does; `isRoutine` as by a plan.
    func propose(
        _ snapshots: [NamedSnapshot], pruning: Bool = true, isRoutine: Bool = false
    ) throws -> ProposalMaking.Outcome {
        try ProposalMaking.propose(
            removing: snapshots, pruning: pruning, from: repository, client, reason: "old", proposer: "keeper",
            isRoutine: isRoutine, cancellation: Cancellation())
    }

    /// A proposal of whatever files, as a liar makes one.
    func lie(_ snapshots: [FileID], packs: [FileID] = [], indexes: [FileID] = [], label: String = "old") throws
        -> Proposal
    {
        guard let report = try client.report() else { throw HikaeError(.unsupported, "no agreement") }
        return Proposal(
            vault: report.vault, snapshots: snapshots.map { .init(id: $0, label: label) }, packs: packs,
            indexes: indexes, parity: [], newIndexes: [], reason: "old", proposer: "keeper",
            nonce: SecureRandom.bytes(16), vaultTime: report.vaultTime)
    }

    /// What a person's own machine finds in a proposal.
    func findings(_ proposal: Proposal) throws -> [ProposalReview.Finding] {
        try ProposalReview(proposal, of: repository).findings
    }

    func approve(_ proposal: Proposal) throws {
        for (name, key) in keys {
            _ = try client.say(
                SignedWord(
                    .approve, on: proposal.id, of: proposal.vault, by: try PersonName(name), expiry: .max, key: key))
        }
    }

    /// Packs that a snapshot alone needs, of all that are there.
    func packs(of snapshot: NamedSnapshot) throws -> Set<FileID> {
        try repository.loadIndex()
        let others = try repository.snapshots().filter { $0.id != snapshot.id }.map(\.snapshot.tree)
        let own = try PackNeeds(repository, roots: [snapshot.snapshot.tree]).packs()
        return own.subtracting(try PackNeeds(repository, roots: others).packs())
    }

    /// Throws unless everything that is there is whole, every byte read.
    func check() throws {
        var options = CheckOptions()
        options.readData = .all
        let found = Mutex<[String]>([])
        _ = try Checker(repository: repository, options: options) { finding in
            // A proposal that waits leaves packs named twice, which harms nothing.
            if finding.severity == .error { found.withLock { $0.append("\(finding)") } }
        }.run()
        if let first = found.withLock({ $0.first }) { throw HikaeError(.damaged, first) }
    }
}

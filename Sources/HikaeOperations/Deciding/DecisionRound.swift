// A person's word on a capture, written into every vault as a snapshot of its own. Nothing that is there is changed.

import HikaeArchive
public import HikaeCore
import HikaeFormat
public import HikaeGuard
public import HikaePlan
import HikaeRepository
import HikaeSource

/// Writes one decision.
public struct DecisionRound: Sendable {
    /// What came of it.
    public struct Outcome: Sendable {
        public var decision: Decision
        /// When the capture decided on was made.
        public var captureTime: Timestamp
        /// Vaults that have it now.
        public var vaults: [String]
        /// Vaults that could not be used, or that could not be told what they cannot read: they get it at a later round.
        public var unavailable: [(vault: String, error: HikaeError)]
        /// Whether another capture of the source still waits.
        public var stillSuspect: Bool
    }

    private let plan: Plan
    private let vaults: VaultOpener.Options
    private let context: WorkContext
    private let program: String

    public init(_ plan: Plan, program: String, vaults: VaultOpener.Options, context: WorkContext) {
        (self.plan, self.program, self.vaults, self.context) = (plan, program, vaults, context)
    }

    /// Decides on a capture of a source.
    ///
    /// - Parameters:
    ///   - capture: the beginning of a capture's name or of its snapshot's ID; nil for the newest undecided one.
    /// Throws `.notFound` when nothing waits for a decision or there is no such capture.
    public func decide(
        _ word: Decision.Word, on name: SourceName, capture: String?, who: String, why: String, when: Timestamp
    ) throws(HikaeError) -> Outcome {
        var unavailable: [(vault: String, error: HikaeError)] = []
        let opened = try VaultOpener(plan, options: vaults, context: context)
            .openAll(lock: .shared, loadingIndex: true) { unavailable.append(($0, $1)) }
        defer { for vault in opened { vault.close() } }
        guard let first = opened.first else { throw HikaeError(.usage, "\(plan.file) names no vault") }
        let catchUp = CatchUp(plan, context: context)
        // The capture must stand where its decision does.
        for other in opened.dropFirst() {
            do throws(HikaeError) {
                try catchUp.bring(from: other.repository, to: first.repository)
            } catch {
                if error.code == .cancelled { throw error }
                unavailable.append((other.name, error))
            }
        }
        let history = SourceHistory.of(name, in: try first.repository.snapshots { _, _ in })
        let entry = try Self.find(capture, in: history)
        let decision = Decision(word, capture: entry.capture, name: name, who: who, why: why, when: when)
        // The last word counts, whatever a clock says that was wrong then or is now.
        let last = history.decisions.last { $0.capture == entry.capture }?.snapshot.snapshot.time
        try write(decision, at: last.map { $0 < when ? when : $0.adding(seconds: 1) } ?? when, into: first)
        var reached = [first.name]
        for other in opened.dropFirst() {
            do throws(HikaeError) {
                try other.confirm()
                try catchUp.bring(from: first.repository, to: other.repository)
                reached.append(other.name)
            } catch {
                if error.code == .cancelled { throw error }
                unavailable.append((other.name, error))
            }
        }
        // A vault that cannot read what it keeps is told what was decided.
        try VaultOpener(plan, options: vaults, context: context).registerCaptures(
            in: opened.filter { reached.contains($0.name) }, of: plan
        ) { vault, error in
            if !unavailable.contains(where: { $0.vault == vault }) { unavailable.append((vault, error)) }
        }
        let after = SourceHistory.of(name, in: try first.repository.snapshots { _, _ in })
        return Outcome(
            decision: decision, captureTime: entry.snapshot.snapshot.time, vaults: reached,
            unavailable: unavailable, stillSuspect: after.isSuspect)
    }

    private static func find(_ text: String?, in history: SourceHistory) throws(HikaeError) -> CaptureEntry {
        guard let text else {
            guard let newest = history.undecided.last else {
                throw HikaeError(
                    .notFound, "no capture of \(history.name) waits for a decision",
                    hint: "Name one with --capture; `hikae snapshots` shows them.")
            }
            return newest
        }
        let found = history.captures.filter {
            $0.capture.hasPrefix(text) || $0.snapshot.id.hex.hasPrefix(text)
        }
        guard let entry = found.last, !text.isEmpty else {
            throw HikaeError(.notFound, "there is no capture \(text) of \(history.name)")
        }
        guard Set(found.map(\.capture)).count == 1 else {
            throw HikaeError(.ambiguous, "several captures of \(history.name) begin with \(text)")
        }
        return entry
    }

    /// - Parameter time: the snapshot's, which orders it among the others.
    private func write(_ decision: Decision, at time: Timestamp, into vault: VaultSession) throws(HikaeError) {
        var options = ArchiveOptions(time: time, paths: [CaptureTags.decisionPath])
        options.hostname = decision.name.organisation
        let identity = ProcessIdentity.current()
        (options.username, options.uid, options.gid) = (identity.username, identity.uid, identity.gid)
        options.tags = CaptureTags.decision(decision.word, on: decision.capture, of: decision.name)
        options.programVersion = program
        let archiver = Archiver(vault.repository, options: options, cancellation: context.cancellation)
        let lock = vault.lock
        let file = RecordFile(name: Decision.fileName, bytes: decision.encoded(), time: decision.when)
        _ = try archiver.run(
            file.root(folder: ArchiveSeal.folder), beforeCommit: { () throws(HikaeError) in try lock?.confirm() })
    }
}

/// A record as a tree of its own.
private struct RecordFile: SourceFile {
    let name: String
    let bytes: [UInt8]
    let time: Timestamp

    var displayPath: String { name }

    func root(folder: String) -> any SourceDirectory {
        var file = Node(name: Array(name.utf8), kind: .file)
        file.mode = 0o644
        (file.mtime, file.atime, file.ctime, file.size) = (time, time, time, UInt64(bytes.count))
        var directory = Node(name: Array(folder.utf8), kind: .dir)
        directory.mode = FileMode.directory | 0o755
        (directory.mtime, directory.atime, directory.ctime) = (time, time, time)
        let inner = SingleEntry(entry: SourceEntry(node: file, body: .file(self)), displayPath: "/" + folder)
        return SingleEntry(entry: SourceEntry(node: directory, body: .directory(inner)), displayPath: "/")
    }

    func open() throws(HikaeError) -> any SourceReader { BytesReader(bytes) }
}

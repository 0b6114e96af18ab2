// Which capture of a source is put back: the last good one, or the one that was true at a given time.

public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeGuard
public import HikaeRepository

/// A vault as a restore sees it: what it has, and how it is read.
public struct VaultView: Sendable {
    /// The vault's name in the plan.
    public let name: String
    /// Its index is loaded.
    public let repository: Repository
    /// All its snapshots, oldest first.
    public let snapshots: [NamedSnapshot]

    public init(name: String, repository: Repository, snapshots: [NamedSnapshot]) {
        self.name = name
        self.repository = repository
        self.snapshots = snapshots
    }
}

/// A capture chosen from a vault, ready to be put back.
public struct ChosenCapture: Sendable {
    public let name: SourceName
    public let entry: CaptureEntry
    /// What was written down when it was made; nil when that cannot be read.
    public let record: CaptureRecord?
    public let content: SnapshotContent
    /// The vault it is taken from.
    public let vault: String
    /// What a person should know of the choice.
    public let notes: [Note]

    /// Something to know of a choice.
    public enum Note: Sendable, Equatable {
        /// Later captures are suspect or rejected, and were passed over.
        case passedOver(Int)
        /// The one that was asked for does not count as good.
        case notGood(Verdict)
        /// So many of its files come from older captures.
        case olderFiles(Int)

        /// The note as a sentence.
        public func sentence(in language: ReasonLanguage) -> String {
            let isJapanese = language == .japanese
            switch self {
            case .passedOver(let count):
                return isJapanese
                    ? "より新しい控え \(count) 件は、要確認または却下のため使いません"
                    : "\(count) later capture\(count > 1 ? "s are" : " is") suspect or rejected and passed over"
            case .notGood(let verdict):
                return isJapanese ? "この控えは正常ではありません" : "this capture is not good: \(verdict.rawValue)"
            case .olderFiles(let count):
                return isJapanese
                    ? "ファイル \(count) 個は、より古い控えから取ります"
                    : "\(count) of its files \(count > 1 ? "are" : "is") taken from older captures"
            }
        }
    }

    /// When the capture began: what comes back is the truth of this moment.
    public var time: Timestamp { entry.snapshot.snapshot.time }
}

/// Chooses captures from the vaults that are open.
public struct CaptureChooser: Sendable {
    private let vaults: [VaultView]
    private let histories: [[SourceName: SourceHistory]]

    public init(_ vaults: [VaultView]) {
        self.vaults = vaults
        histories = vaults.map { vault in
            Dictionary(SourceHistory.all(vault.snapshots).map { ($0.name, $0) }) { first, _ in first }
        }
    }

    /// The last good capture of a source, or of those no later than `time`.
    ///
    /// Vaults need not be level: the newest that any of them has is taken, from the first vault that has it. Throws
    /// `.notFound` when there is none, saying what there is instead.
    public func choose(_ name: SourceName, at time: Timestamp? = nil) throws(HikaeError) -> ChosenCapture {
        var best: (vault: Int, entry: CaptureEntry)?
        for (number, known) in histories.enumerated() {
            guard let history = known[name], let entry = Self.pick(history, at: time) else { continue }
            if let found = best, !Self.isNewer(entry, than: found.entry) { continue }
            best = (number, entry)
        }
        guard let best else { throw nothing(name, at: time) }
        return try chosen(best.entry, vaults[best.vault], notes: notes(name, best.entry, at: time))
    }

    /// Any one capture by its snapshot's ID or its beginning, or by the capture's own.
    public func choose(_ name: SourceName, capture: String) throws(HikaeError) -> ChosenCapture {
        for (number, known) in histories.enumerated() {
            let entries = known[name]?.captures ?? []
            let found = entries.filter { $0.capture.hasPrefix(capture) || $0.snapshot.id.hex.hasPrefix(capture) }
            guard let entry = found.last else { continue }
            guard Set(found.map(\.capture)).count == 1 else {
                throw HikaeError(.ambiguous, "\(found.count) captures of \(name) begin with \(capture)")
            }
            return try chosen(
                entry, vaults[number],
                notes: entry.isGood ? [] : [.notGood(entry.verdict)])
        }
        throw HikaeError(.notFound, "no capture of \(name) begins with \(capture)")
    }

    private func chosen(
        _ entry: CaptureEntry, _ vault: VaultView, notes: [ChosenCapture.Note]
    ) throws(HikaeError) -> ChosenCapture {
        let reading = CaptureReading(vault.repository)
        // Without its record a capture can still be put back; only the facts to compare with are missing.
        return ChosenCapture(
            name: entry.name, entry: entry, record: try? reading.record(entry), content: try reading.content(entry),
            vault: vault.name, notes: notes)
    }

    /// Every capture of a source in any vault, oldest first, each once.
    public func captures(_ name: SourceName) -> [CaptureEntry] {
        var seen = Set<String>()
        return histories.flatMap { $0[name]?.captures ?? [] }.filter { seen.insert($0.capture).inserted }
            .sorted { Self.isNewer($1, than: $0) }
    }

    private static func pick(_ history: SourceHistory, at time: Timestamp?) -> CaptureEntry? {
        guard let time else { return history.lastGood }
        return history.captures.last { $0.isGood && $0.snapshot.snapshot.time <= time }
    }

    private static func isNewer(_ entry: CaptureEntry, than other: CaptureEntry) -> Bool {
        (entry.run, entry.snapshot.snapshot.time) > (other.run, other.snapshot.snapshot.time)
    }

    private func nothing(_ name: SourceName, at time: Timestamp?) -> HikaeError {
        let all = captures(name)
        if all.isEmpty {
            return HikaeError(
                .notFound, "no vault has a capture of \(name)", hint: "`hikae status` shows what each vault has.")
        }
        if let time, let oldest = all.first(where: \.isGood)?.snapshot.snapshot.time {
            return HikaeError(
                .notFound, "there is no good capture of \(name) from before \(TimeWords.minute(time))",
                hint: "The oldest good one is of \(TimeWords.minute(oldest)).")
        }
        let which = all.count == 1 ? "the one capture is not" : "none of the \(all.count) captures is"
        return HikaeError(
            .notFound, "\(name): \(which) good",
            hint: "Look at them with `hikae status`; `hikae accept \(name)` makes one count.")
    }

    private func notes(_ name: SourceName, _ chosen: CaptureEntry, at time: Timestamp?) -> [ChosenCapture.Note] {
        let later = captures(name).filter { Self.isNewer($0, than: chosen) }
        let passed = later.filter { entry in time.map { entry.snapshot.snapshot.time <= $0 } ?? true }
        return passed.isEmpty ? [] : [.passedOver(passed.count)]
    }
}

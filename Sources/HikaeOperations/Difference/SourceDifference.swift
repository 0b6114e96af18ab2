// What happened at a source between two captures, in the source's own language: files, messages, tables.

public import HikaeCore
public import HikaeDatabase
public import HikaeDestination
import HikaeFormat
public import HikaeMail
import HikaeRepository
public import HikaeSource

/// One thing that happened.
public enum SourceChange: Sendable, Equatable {
    /// A file or object: restic's modifier (`+`, `-`, `M`, `T`, `U`), and the path.
    case file(modifier: String, path: [UInt8])
    /// A message came, went, moved or got other flags.
    case message(MessageChange)
    /// A table: what became of its rows.
    case table(TableDifference)
}

/// What happened to a message.
public struct MessageChange: Sendable, Equatable {
    /// What it was.
    public enum Kind: String, Sendable { case added, removed, moved, flags }

    public var kind: Kind
    /// Where it is; where it was when it is gone.
    public var mailbox: String
    /// Where it was before, when it moved.
    public var formerMailbox: String?
    public var headers: MessageHeaders
    public var bytes: UInt64
}

/// The figures of a comparison.
public struct SourceDifferenceTotals: Sendable, Equatable {
    public var added: UInt64 = 0
    public var removed: UInt64 = 0
    public var changed: UInt64 = 0
    public var unchanged: UInt64 = 0

    public init() {}

    public var isEmpty: Bool { added + removed + changed == 0 }
}

/// Compares two captures of one source that stand in the same repository.
public struct SourceDifference: Sendable {
    private let old: SnapshotContent
    private let new: SnapshotContent
    private let cancellation: Cancellation
    private let report: @Sendable (HikaeError) -> Void

    /// - Parameter report: told of what cannot be read; the comparison goes on without it.
    public init(
        from old: SnapshotContent, to new: SnapshotContent, cancellation: Cancellation = Cancellation(),
        report: @escaping @Sendable (HikaeError) -> Void = { _ in }
    ) {
        self.old = old
        self.new = new
        self.cancellation = cancellation
        self.report = report
    }

    /// Files and objects, in the order of their paths.
    public func files(_ onChange: (SourceChange) -> Void) throws(HikaeError) -> SourceDifferenceTotals {
        var totals = SourceDifferenceTotals()
        let comparison = SnapshotDifference(
            repository: new.repository, cancellation: cancellation, report: report)
        let statistics = try comparison.compare(old.tree, new.tree) { change in
            onChange(.file(modifier: change.modifier, path: change.pathBytes))
        }
        totals.added = UInt64(statistics.added.files)
        totals.removed = UInt64(statistics.removed.files)
        totals.changed = UInt64(statistics.changedFiles)
        return totals
    }

    /// Tables, from the facts of both captures, in the order of their names. A table whose rows are as many and as long
    /// as before counts as unchanged: single rows are not compared.
    public static func tables(
        from old: CaptureFacts, to new: CaptureFacts, _ onChange: (SourceChange) -> Void
    ) -> SourceDifferenceTotals {
        var totals = SourceDifferenceTotals()
        for difference in TableDifference.between(old, new) {
            onChange(.table(difference))
            if difference.before == nil {
                totals.added += 1
            } else if difference.after == nil {
                totals.removed += 1
            } else {
                totals.changed += 1
            }
        }
        totals.unchanged = UInt64(new.groups.count) - totals.added - totals.changed
        return totals
    }

    /// Messages, told apart by their bytes: one that was only moved, or got other flags, is the same message. Those
    /// that came and went are told with their headers, a mailbox after the other.
    public func messages(_ onChange: (SourceChange) -> Void) throws(HikaeError) -> SourceDifferenceTotals {
        var totals = SourceDifferenceTotals()
        var before = try MessageInventory(old, cancellation)
        let after = try MessageInventory(new, cancellation)
        var arrived: [MessageInventory.Message] = []
        for message in after.messages {
            guard let former = before.take(message) else {
                arrived.append(message)
                continue
            }
            if former.mailbox == message.mailbox, former.flags == message.flags {
                totals.unchanged += 1
                continue
            }
            totals.changed += 1
            let hasMoved = former.mailbox != message.mailbox
            onChange(
                .message(
                    try change(
                        hasMoved ? .moved : .flags, message, in: new, from: hasMoved ? former.mailbox : nil)))
        }
        for message in before.messages where before.isLeft(message) {
            totals.removed += 1
            onChange(.message(try change(.removed, message, in: old)))
        }
        for message in arrived {
            totals.added += 1
            onChange(.message(try change(.added, message, in: new)))
        }
        return totals
    }

    private func change(
        _ kind: MessageChange.Kind, _ message: MessageInventory.Message, in content: SnapshotContent,
        from former: String? = nil
    ) throws(HikaeError) -> MessageChange {
        try cancellation.check()
        var headers = MessageHeaders([])
        do throws(HikaeError) {
            if let first = message.content.first {
                headers = MessageHeaders(try content.repository.blob(first, .data))
            }
        } catch {
            report(error)
        }
        return MessageChange(
            kind: kind, mailbox: message.mailbox, formerMailbox: former, headers: headers, bytes: message.bytes)
    }
}

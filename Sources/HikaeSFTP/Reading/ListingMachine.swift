// What happens while a directory is listed, as decisions only: which request comes next, and when the list is whole.

import HikaeCore

/// An entry of a listed directory.
struct RemoteEntry: Sendable, Equatable {
    var name: [UInt8]
    var attributes: FileAttributes
    /// Owner and group by name; empty when the server does not tell them beyond doubt.
    var owners = OwnerNames(user: "", group: "")
    /// A symlink's target.
    var linkTarget: [UInt8] = []
}

/// A directory's listing on its way. Pure: whoever uses it sends what it asks for, and tells it the answers.
struct ListingMachine {
    /// What is to be asked next.
    enum Step: Equatable {
        case open
        case read(handle: [UInt8])
        case close(handle: [UInt8])
        /// The attributes, or the link target, of the entry with that number.
        case attributes(Int)
        case target(Int)
    }

    /// Entries and bytes of names that one directory may have: more is no directory but a trap.
    struct Bounds: Sendable {
        var entries = 1_000_000
        var nameBytes = 64 << 20
    }

    let path: [UInt8]
    private let bounds: Bounds
    private let wants: @Sendable (RemoteName) -> Bool
    private(set) var entries: [RemoteEntry?] = []
    /// Entries that were left out, and why.
    private(set) var problems: [HikaeError] = []
    private(set) var failure: HikaeError?
    private var handle: [UInt8] = []
    private var nameBytes = 0
    /// Names that the server has listed, wanted or not.
    private var seen = 0
    private var awaited = 0
    private var isAtEnd = false
    /// How many reads are under way at most; grows with the directory.
    private var window = 2
    private var readsUnderWay = 0

    private static let widest = 8
    /// OpenSSH gives 100 names at a time.
    private static let fullAnswer = 50
    private static let problemLimit = 1000
    static let longestTarget = 64 << 10

    /// - Parameter wants: whether an entry is to be looked at, asked for each name that is fit to be one.
    init(path: [UInt8], bounds: Bounds = Bounds(), wants: @escaping @Sendable (RemoteName) -> Bool = { _ in true }) {
        self.path = path
        self.bounds = bounds
        self.wants = wants
    }

    /// Whether nothing more comes.
    var isDone: Bool { awaited == 0 && (isAtEnd || failure != nil) }

    /// The first step.
    mutating func begin() -> [Step] {
        awaited += 1
        return [.open]
    }

    /// Takes the answer to a step; returns what is to be asked now.
    mutating func take(_ reply: Reply, of step: Step) -> [Step] {
        awaited -= 1
        switch step {
        case .open: return opened(reply)
        case .read: return read(reply)
        case .close: return []
        case .attributes(let number): return described(reply, number)
        case .target(let number):
            pointed(reply, number)
            return []
        }
    }

    private mutating func asking(_ steps: [Step]) -> [Step] {
        awaited += steps.count
        return steps
    }

    private mutating func opened(_ reply: Reply) -> [Step] {
        guard case .handle(let handle) = reply else {
            failure = reply.failure("list", path)
            return []
        }
        self.handle = handle
        return readOn()
    }

    private mutating func readOn() -> [Step] {
        var steps: [Step] = []
        while readsUnderWay < window {
            readsUnderWay += 1
            steps.append(.read(handle: handle))
        }
        return asking(steps)
    }

    private mutating func read(_ reply: Reply) -> [Step] {
        readsUnderWay -= 1
        var steps: [Step] = []
        var isFull = false
        if case .names(let names) = reply, failure == nil {
            for name in names { steps += take(name) }
            // No name at all is no end in the protocol's words, but asking on for ever would be ours.
            if names.isEmpty { isAtEnd = true }
            // Servers fill their answers: a short one is the last, most likely, and its end is asked for already.
            isFull = names.count >= Self.fullAnswer
            if isFull { window = min(window * 2, Self.widest) }
        } else if case .status(let status) = reply, status.code == ReplyStatus.endOfFile {
            isAtEnd = true
        } else if failure == nil {
            failure = reply.failure("list", path)
        }
        steps = asking(steps)
        if isAtEnd || failure != nil {
            return readsUnderWay == 0 ? steps + asking([.close(handle: handle)]) : steps
        }
        return isFull || readsUnderWay == 0 ? steps + readOn() : steps
    }

    /// Takes a name in; the steps still to be counted.
    private mutating func take(_ name: RemoteName) -> [Step] {
        guard failure == nil else { return [] }
        seen += 1
        nameBytes += name.name.count
        guard seen <= bounds.entries, nameBytes <= bounds.nameBytes else {
            failure = HikaeError(
                .limit, "\(Printable.path(path)) has more than \(seen - 1) entries, which is more than Hikae lists")
            entries = []
            return []
        }
        if name.name == [0x2E] || name.name == [0x2E, 0x2E] { return [] }
        guard RemotePath.isEntryName(name.name) else {
            problem(
                HikaeError(
                    .protocolViolation,
                    "the server lists the name “\(Printable.path(name.name.prefix(200)))” in \(Printable.path(path)): it was"
                        + " left out, as no file can have it"))
            return []
        }
        guard wants(name) else { return [] }
        var entry = RemoteEntry(name: name.name, attributes: name.attributes)
        entry.owners = OwnerNames(longName: name.longName, attributes: name.attributes)
        entries.append(entry)
        let number = entries.count - 1
        switch entry.attributes.kind {
        case .unknown: return [.attributes(number)]
        case .symlink: return [.target(number)]
        default: return []
        }
    }

    private mutating func described(_ reply: Reply, _ number: Int) -> [Step] {
        guard failure == nil else { return [] }
        guard case .attributes(let attributes) = reply, attributes.kind != .unknown else {
            leaveOut(number, reply, "read the metadata of")
            return []
        }
        entries[number]?.attributes = attributes
        return attributes.kind == .symlink ? asking([.target(number)]) : []
    }

    private mutating func pointed(_ reply: Reply, _ number: Int) {
        guard failure == nil else { return }
        guard case .names(let names) = reply, let target = names.first?.name, !target.isEmpty, !target.contains(0),
            target.count <= Self.longestTarget
        else { return leaveOut(number, reply, "read the link") }
        entries[number]?.linkTarget = target
    }

    private mutating func leaveOut(_ number: Int, _ reply: Reply, _ action: String) {
        let whole = RemotePath.child(of: path, entries[number]?.name ?? [])
        problem(reply.failure(action, whole))
        entries[number] = nil
    }

    private mutating func problem(_ error: HikaeError) {
        if problems.count < Self.problemLimit { problems.append(error) }
    }

    /// The entries sorted by name, no name twice.
    mutating func takeEntries() -> [RemoteEntry] {
        var list = entries.compactMap { $0 }
        entries = []
        list.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var kept: [RemoteEntry] = []
        kept.reserveCapacity(list.count)
        for entry in list {
            if let last = kept.last, last.name == entry.name {
                // A directory that changes while it is listed may show a name twice.
                continue
            }
            kept.append(entry)
        }
        return kept
    }
}

// Which messages are fetched next, which wait to be taken, and how many bytes all that is. Decides; does nothing.

import HikaeCore

/// One message of one mailbox of a session.
struct MessageKey: Sendable, Hashable {
    /// The mailbox's number in the session.
    var mailbox: Int
    var uid: UInt32
}

/// The order of fetching.
///
/// Messages are fetched in the order in which they will be taken, and only while what is fetched and not yet taken
/// stays below a limit. The lowest message that was not taken is always fetched or being fetched, so whoever takes in
/// order never waits for room. One that somebody waits for out of order is fetched alone, whatever the limit says.
struct PrefetchPlan: Sendable {
    /// A message to be fetched, and its size as the server gave it.
    struct Wanted: Sendable, Equatable {
        var key: MessageKey
        var size: Int
        /// Asked for by itself and with a bound: its size is not known, or a batch with it went wrong.
        var isAlone = false
    }

    /// What came of fetching.
    enum Delivery: Sendable {
        case bytes([UInt8])
        /// To be read in pieces by whoever takes it: it is larger than was said.
        case inPieces
        case failure(HikaeError)
    }

    /// What a taker is told.
    enum Answer: Sendable {
        case taken(Delivery)
        case wait
    }

    private enum Slot: Sendable {
        case fetching(Int)
        case fetched(Delivery, Int)
    }

    /// Messages and bytes of one batch.
    static let batchCount = 256
    static let batchBytes = 1 << 20
    /// How far ahead in the queue a message is still "coming soon".
    private static let nearness = 1024

    private let limit: Int
    private var queue: [Wanted] = []
    private var head = 0
    private var returned: [Wanted] = []
    private var slots: [MessageKey: Slot] = [:]
    private var urgent: [MessageKey] = []
    /// Fetched ahead of their turn.
    private var early: Set<MessageKey> = []
    /// Bytes fetched or being fetched, and not taken.
    private(set) var reserved = 0

    init(limit: Int) { self.limit = limit }

    /// Adds messages behind all others.
    mutating func enqueue(_ messages: some Sequence<Wanted>) {
        if head > 4096, head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
        queue.append(contentsOf: messages)
    }

    /// The messages to fetch next, all of one mailbox, in rising order of UIDs; none when nothing is to be fetched now.
    mutating func nextBatch() -> [Wanted] {
        if let first = returned.first {
            let batch =
                first.isAlone
                ? returned.prefix(1)
                : returned.prefix(Self.batchCount).prefix { !$0.isAlone && $0.key.mailbox == first.key.mailbox }
            returned.removeFirst(batch.count)
            return batch.sorted { $0.key.uid < $1.key.uid }
        }
        if let lone = takeUrgent() { return [reserve(Wanted(key: lone, size: 0, isAlone: true))] }
        skipEarly()
        guard head < queue.count, reserved == 0 || reserved + queue[head].size <= limit else { return [] }
        var batch = [reserve(queue[head])]
        var bytes = batch[0].size
        head += 1
        while head < queue.count, batch.count < Self.batchCount {
            let next = queue[head]
            if !early.isEmpty, early.remove(next.key) != nil {
                head += 1
                continue
            }
            guard next.key.mailbox == batch[0].key.mailbox, next.key.uid > batch[batch.count - 1].key.uid,
                bytes + next.size <= Self.batchBytes, reserved + next.size <= limit
            else { break }
            bytes += next.size
            batch.append(reserve(next))
            head += 1
        }
        return batch
    }

    private mutating func reserve(_ wanted: Wanted) -> Wanted {
        reserved += wanted.size
        slots[wanted.key] = .fetching(wanted.size)
        if !urgent.isEmpty { urgent.removeAll { $0 == wanted.key } }
        return wanted
    }

    private mutating func skipEarly() {
        while head < queue.count, !early.isEmpty, early.remove(queue[head].key) != nil { head += 1 }
    }

    /// A message that somebody waits for and that will not come by itself soon, or not at all while they wait.
    private mutating func takeUrgent() -> MessageKey? {
        for index in urgent.indices {
            let key = urgent[index]
            let near = queue[head..<min(head + Self.nearness, queue.count)].contains { $0.key == key }
            let isStuck = head < queue.count && reserved > 0 && reserved + queue[head].size > limit
            if near, !isStuck { continue }
            urgent.remove(at: index)
            if queue[head...].contains(where: { $0.key == key }) { early.insert(key) }
            return key
        }
        return nil
    }

    /// Takes what came of fetching a message.
    mutating func deliver(_ key: MessageKey, _ delivery: Delivery) {
        guard case .fetching(let size) = slots[key] else { return }
        slots[key] = .fetched(delivery, size)
    }

    /// Takes back messages that were to be fetched and were not.
    mutating func giveBack(_ messages: some Sequence<Wanted>, alone: Bool = false) {
        for var message in messages {
            guard case .fetching = slots[message.key] else { continue }
            message.isAlone = message.isAlone || alone
            returned.append(message)
        }
    }

    /// Takes a message, or says that it must be waited for. A message is taken once.
    mutating func take(_ key: MessageKey) -> Answer {
        switch slots[key] {
        case .fetched(let delivery, let size):
            slots[key] = nil
            reserved -= size
            return .taken(delivery)
        case .fetching: return .wait
        case nil:
            if !urgent.contains(key) { urgent.append(key) }
            return .wait
        }
    }
}

// Several FETCH commands on their way on one connection. They end in order; their answers may mix.

import HikaeCore

/// The batches that one connection was asked for, and the one it will be asked for next.
struct FetchPipeline {
    typealias Wanted = PrefetchPlan.Wanted
    typealias Deliver = ([(MessageKey, PrefetchPlan.Delivery)]) -> Void

    private struct Asked {
        var tag: String?
        /// Those not delivered, by UID.
        var open: [UInt32: Wanted]
        let isAlone: Bool
    }

    private var asked: [Asked] = []
    private var mailbox: MailboxIdentity?
    /// Taken, and not asked for yet: it is in another mailbox than those on their way.
    private var held: (batch: [Wanted], mailbox: MailboxIdentity)?

    var count: Int { asked.count + (held == nil ? 0 : 1) }
    var isEmpty: Bool { count == 0 }

    /// Takes on a batch; `advance` asks for it.
    mutating func add(_ batch: [Wanted], in mailbox: MailboxIdentity) {
        precondition(held == nil, "one batch is held at a time")
        held = (batch, mailbox)
    }

    /// Whether another batch may be taken on.
    func hasRoom(depth: Int) -> Bool { held == nil && asked.count < depth }

    /// Asks for the batch that is held if it may be asked for by now, else reads the answer to the oldest one.
    ///
    /// Returns messages that were refused in a batch, and may be had alone.
    mutating func advance(_ link: MailboxLink, _ deliver: Deliver) throws(HikaeError) -> [Wanted] {
        guard let next = held, asked.isEmpty || mailbox == next.mailbox else {
            return asked.isEmpty ? [] : try finishOldest(link, deliver)
        }
        held = nil
        mailbox = next.mailbox
        let isAlone = next.batch[0].isAlone
        // Kept first: whatever fails below, these messages are not forgotten.
        asked.append(
            Asked(
                open: Dictionary(next.batch.map { ($0.key.uid, $0) }, uniquingKeysWith: { first, _ in first }),
                isAlone: isAlone))
        let section = isAlone ? "BODY.PEEK[]<0.\(MessageFile.pieceSize)>" : "BODY.PEEK[]"
        let connection = try link.connected(to: next.mailbox)
        asked[asked.count - 1].tag = try connection.beginFetch(
            UIDSet(rising: next.batch.map(\.key.uid)).text, section)
        return []
    }

    private mutating func finishOldest(_ link: MailboxLink, _ deliver: Deliver) throws(HikaeError) -> [Wanted] {
        let connection = try link.connected()
        guard let tag = asked[0].tag else { return [] }
        var fresh: [(MessageKey, PrefetchPlan.Delivery)] = []
        let isAlone = asked[0].isAlone
        // Of all batches: a server may answer the second while the first still waits for the line.
        var batches = asked
        let status: ServerReply.Status
        do throws(HikaeError) {
            status = try connection.finish(tag) { reply throws(HikaeError) in
                guard case .fetch(let message) = reply, let uid = message.uid, let body = message.body,
                    body.section.isEmpty, let batch = batches.firstIndex(where: { $0.open[uid] != nil }),
                    let wanted = batches[batch].open.removeValue(forKey: uid)
                else { return }
                fresh.append((wanted.key, delivery(body, wanted)))
                if fresh.count >= 32 || !connection.hasReceived {
                    deliver(fresh)
                    fresh = []
                }
            }
        } catch {
            asked = batches
            deliver(fresh)
            throw error
        }
        let open = batches.removeFirst().open
        asked = batches
        if status.condition != .ok, !isAlone {
            deliver(fresh)
            return Array(open.values)
        }
        let place = MailboxPath.display(mailbox?.name ?? [])
        for wanted in open.values {
            let error =
                status.condition == .ok
                ? HikaeError(.notFound, "message \(wanted.key.uid) of \(place) was removed while it was captured")
                : connection.refusal(status, "read message \(wanted.key.uid) of \(place)")
            fresh.append((wanted.key, .failure(error)))
        }
        deliver(fresh)
        return []
    }

    private func delivery(_ body: FetchReply.Body, _ wanted: Wanted) -> PrefetchPlan.Delivery {
        guard let bytes = body.bytes else {
            let place = MailboxPath.display(mailbox?.name ?? [])
            return .failure(
                HikaeError(.inputOutput, "the server cannot read message \(wanted.key.uid) of \(place)"))
        }
        return wanted.isAlone && bytes.count >= MessageFile.pieceSize ? .inPieces : .bytes(bytes)
    }

    /// Forgets everything after a failure: the messages whose answer was being read or who were being asked for when
    /// it came, and the others.
    mutating func abandon() -> (concerned: [Wanted], others: [Wanted]) {
        defer { (asked, held, mailbox) = ([], nil, nil) }
        let guilty = asked.firstIndex { $0.tag == nil } ?? 0
        var found: (concerned: [Wanted], others: [Wanted]) = ([], held?.batch ?? [])
        for (index, batch) in asked.enumerated() {
            let open = batch.open.values.sorted { $0.key.uid < $1.key.uid }
            if index == guilty { found.concerned = open } else { found.others += open }
        }
        return found
    }
}

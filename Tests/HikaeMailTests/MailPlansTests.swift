// Decisions that need no server: what is fetched next, and what a mailbox has already.

import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeMail

struct MailPlansTests {
    func wanted(_ uid: UInt32, _ size: Int, mailbox: Int = 0) -> PrefetchPlan.Wanted {
        PrefetchPlan.Wanted(key: MessageKey(mailbox: mailbox, uid: uid), size: size)
    }

    /// However takers run ahead of each other, everything is delivered once and the limit holds.
    @Test func takersNeverStarveAndMemoryIsBounded() {
        var random = SeededGenerator()
        for _ in 0..<100 {
            let limit = 50_000
            var plan = PrefetchPlan(limit: limit)
            let sizes = (0..<300).map { _ in Int.random(in: 0...20_000, using: &random) }
            plan.enqueue(sizes.enumerated().map { wanted(UInt32($0 + 1), $1, mailbox: $0 / 100) })
            // Workers take batches of 8 in order; each may be anywhere in its own.
            var batches = stride(from: 0, to: 300, by: 8).map { Array($0..<min($0 + 8, 300)) }
            var workers: [[Int]] = [[], [], []]
            var flight: [[PrefetchPlan.Wanted]] = []
            var taken: [Int] = []
            var idle = 0
            while taken.count < 300, idle < 5000 {
                idle += 1
                let batch = plan.nextBatch()
                if !batch.isEmpty { flight.append(batch) }
                #expect(plan.reserved <= limit + 20_000)
                if !flight.isEmpty, Bool.random(using: &random) {
                    for message in flight.remove(at: Int.random(in: flight.indices, using: &random)) {
                        plan.deliver(message.key, .bytes([]))
                    }
                }
                for index in workers.indices where Bool.random(using: &random) {
                    if workers[index].isEmpty, !batches.isEmpty { workers[index] = batches.removeFirst() }
                    guard let next = workers[index].first else { continue }
                    let key = MessageKey(mailbox: next / 100, uid: UInt32(next + 1))
                    if case .taken = plan.take(key) {
                        taken.append(next)
                        workers[index].removeFirst()
                        idle = 0
                    }
                }
            }
            #expect(taken.sorted() == Array(0..<300))
            #expect(plan.reserved == 0)
        }
    }

    @Test func aMessageOutOfOrderIsFetchedAloneAndOnce() {
        var plan = PrefetchPlan(limit: 100)
        plan.enqueue((1...3000).map { wanted(UInt32($0), 60) })
        #expect(plan.nextBatch().count == 1)
        #expect(plan.nextBatch().isEmpty)
        guard case .wait = plan.take(MessageKey(mailbox: 0, uid: 2900)) else { return }
        let alone = plan.nextBatch()
        #expect(alone.map(\.key.uid) == [2900] && alone[0].isAlone)
        plan.deliver(alone[0].key, .bytes([1]))
        guard case .taken = plan.take(alone[0].key) else {
            Issue.record("not delivered")
            return
        }
        // One that was never to be fetched ahead is fetched when it is asked for.
        _ = plan.take(MessageKey(mailbox: 3, uid: 5))
        #expect(plan.nextBatch().map(\.key.mailbox) == [3])
    }

    func existing(_ uid: UInt32, _ size: UInt64, _ messageID: String?) -> ExistingMessage {
        ExistingMessage(
            uid: uid, size: size, date: nil, flags: MessageFlags(), messageID: messageID.map { Array($0.utf8) })
    }

    /// The plan for messages given as (Message-ID, content) on both sides; contents stand for sizes and digests.
    func merge(_ ours: [(String?, String)], _ theirs: [(String?, String)]) throws -> [UInt32?] {
        let there = theirs.enumerated().map { existing(UInt32($0 + 1), UInt64($1.1.utf8.count), $1.0) }
        return try MergePlan(sizes: ours.map { UInt64($0.1.utf8.count) }, existing: there) {
            ours[$0].0.map { Array($0.utf8) }
        } digest: {
            Digest.blobID(Array(ours[$0].1.utf8))
        } digests: { wanted throws(HikaeError) in
            Dictionary(
                uniqueKeysWithValues: wanted.map { ($0.uid, Digest.blobID(Array(theirs[Int($0.uid) - 1].1.utf8))) })
        }.matches
    }

    @Test func whatIsThereIsNotWrittenAgain() throws {
        #expect(try merge([("a", "one"), ("b", "two")], [("b", "two")]) == [nil, 1])
        // The same Message-ID with another size is another message.
        #expect(try merge([("a", "one")], [("a", "longer")]) == [nil])
        // Without a Message-ID, or with one that several share, the bytes decide.
        #expect(try merge([(nil, "one"), (nil, "two")], [(nil, "two"), (nil, "six")]) == [nil, 1])
        #expect(try merge([("a", "one"), ("a", "two")], [("a", "two")]) == [nil, 1])
        // Twice in the snapshot is twice in the mailbox.
        #expect(try merge([("a", "one"), ("a", "one")], [("a", "one")]) == [1, nil])
        #expect(try merge([("a", "one")], [("a", "one"), ("a", "one")]) == [1])
    }

    @Test func recordsComeBackAndBrokenOnesAreRefused() throws {
        var record = MailboxRecord(name: Array("Work/&ToCBagDB-".utf8), uidValidity: 7, messages: 3)
        (record.delimiter, record.uidNext, record.highestModSeq) = (0x2F, 9, 1 << 40)
        (record.isSubscribed, record.specialUse, record.keywords) = (true, "\\Sent", ["a", "b\"c"])
        record.otherKeywords = [3: ["z"]]
        record.labels = [1: ["Inbox", "仕事"]]
        #expect(try MailboxRecord(record.encoded()) == record)
        for broken in [
            "", "{}", "{\"server_name\":\"\",\"uidvalidity\":1}", "[]", "{\"server_name\":\"QQ==\",\"uidvalidity\":-1}",
        ] {
            #expect(throws: HikaeError.self) { try MailboxRecord(Array(broken.utf8)) }
        }
    }

    @Test func messageIDsAreFoundWhereverTheyStand() {
        for (text, id) in [
            ("Subject: x\r\nMessage-ID: <1@x>\r\n\r\nbody", "<1@x>"), ("message-id:\r\n <2@x>\r\n\r\n", "<2@x>"),
            ("MESSAGE-Id:<3@x>", "<3@x>"), ("Subject: x\n\nMessage-ID: <4@x>\n", nil), ("", nil), ("\r\n", nil),
        ] {
            #expect(MessageHeader.messageID(Array(text.utf8)) == id.map { Array($0.utf8) })
        }
    }
}

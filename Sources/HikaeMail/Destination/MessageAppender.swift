// Puts messages into a mailbox: several a command and several commands on their way, where the server lets us.

import HikaeCore
import HikaeDestination

/// Appends messages to one mailbox on one connection, in order.
struct MessageAppender {
    /// What became of a message.
    enum Outcome {
        case written
        case refused(HikaeError)
    }

    private struct Sent {
        var tag: String
        var numbers: [Int]
    }

    /// Commands on their way at once, bytes and messages of one.
    private static let depth = 4
    private static let batchBytes: UInt64 = 1 << 20
    private static let batchCount = 64

    let connection: IMAPConnection
    let content: SnapshotContent
    let mailbox: [UInt8]
    let messages: [SnapshotMessage]
    private var sent: [Sent] = []

    init(_ connection: IMAPConnection, _ content: SnapshotContent, mailbox: [UInt8], messages: [SnapshotMessage]) {
        (self.connection, self.content, self.mailbox, self.messages) = (connection, content, mailbox, messages)
    }

    /// Appends the messages with these numbers. `done` is told of each, in order of their being answered.
    ///
    /// Throws when the connection breaks, and `.quota` when there is no room: what was not told as done may then be
    /// there or not.
    mutating func append(_ numbers: [Int], _ cancellation: Cancellation, _ done: (Int, Outcome) -> Void)
        throws(HikaeError)
    {
        var next = 0
        while next < numbers.count || !sent.isEmpty {
            try cancellation.check()
            if next < numbers.count, sent.count < Self.depth {
                let batch = batch(numbers[next...])
                next += batch.count
                if connection.takesUnasked(Int(clamping: batch.reduce(0) { $0 + messages[$1].size })), !batch.isEmpty,
                    messages[batch[0]].size <= Self.batchBytes
                {
                    if let command = command(batch, done) { sent.append(try send(command)) }
                } else {
                    while !sent.isEmpty { try finishOldest(done) }
                    try appendAlone(batch[0], done)
                }
            } else {
                try finishOldest(done)
            }
        }
    }

    /// The numbers that go into the next command.
    private func batch(_ numbers: ArraySlice<Int>) -> [Int] {
        let most = connection.offers("MULTIAPPEND") && connection.offers("LITERAL+") ? Self.batchCount : 1
        var batch: [Int] = []
        var bytes: UInt64 = 0
        for number in numbers.prefix(most) {
            bytes += messages[number].size
            if !batch.isEmpty, bytes > Self.batchBytes { break }
            batch.append(number)
        }
        return batch
    }

    private struct Command {
        var bytes: [UInt8] = []
        var numbers: [Int] = []
    }

    /// The messages' part of a command. Those that cannot be read are reported and left out; nil when none is left.
    private func command(_ batch: [Int], _ done: (Int, Outcome) -> Void) -> Command? {
        var command = Command()
        command.bytes.reserveCapacity(batch.reduce(0) { $0 + Int(messages[$1].size) + 128 })
        for number in batch {
            let before = command.bytes.count
            do throws(HikaeError) {
                command.bytes += head(number, isUnasked: true)
                let start = command.bytes.count
                try content.read(messages[number].node) { part throws(HikaeError) in command.bytes += part }
                guard command.bytes.count - start == Int(messages[number].size) else {
                    throw HikaeError(.damaged, "\(messages[number].display) has another size than its node says")
                }
                command.numbers.append(number)
            } catch {
                command.bytes.removeLast(command.bytes.count - before)
                done(number, .refused(error))
            }
        }
        return command.numbers.isEmpty ? nil : command
    }

    /// Flags, date and the literal's announcement.
    private func head(_ number: Int, isUnasked: Bool, withKeywords: Bool = true) -> [UInt8] {
        let message = messages[number]
        var flags = message.flags
        if !withKeywords { flags.keywords = [] }
        let words = flags.commandWords
        let text = " (\(words)) \"\(MessageDate.text(message.date))\" {\(message.size)\(isUnasked ? "+" : "")}\r\n"
        return Array(text.utf8)
    }

    private func start() throws(HikaeError) -> (tag: String, bytes: [UInt8]) {
        let parts = CommandText("").string(mailbox).parts
        // Names are in modified UTF-7, and so are always quoted. A command without one would be followed by a message
        // that the server takes for commands.
        guard parts.count == 1, case .text(let name) = parts[0] else {
            throw HikaeError(.unsupported, "no mail can be put into a mailbox \(MailboxPath.display(mailbox))")
        }
        let tag = connection.newTag()
        return (tag, Array("\(tag) APPEND ".utf8) + name)
    }

    private func send(_ command: Command) throws(HikaeError) -> Sent {
        let (tag, bytes) = try start()
        try connection.send(bytes + command.bytes + [0x0D, 0x0A])
        return Sent(tag: tag, numbers: command.numbers)
    }

    private mutating func finishOldest(_ done: (Int, Outcome) -> Void) throws(HikaeError) {
        let oldest = sent.removeFirst()
        let status = try connection.finish(oldest.tag)
        if status.condition == .ok {
            for number in oldest.numbers { done(number, .written) }
            return
        }
        // All of it or nothing was taken. One by one they may fit, and the one to blame is known.
        while !sent.isEmpty { try finishOldest(done) }
        for number in oldest.numbers { try appendAlone(number, done) }
    }

    /// Appends one message in a command of its own; a large one is streamed.
    private func appendAlone(_ number: Int, _ done: (Int, Outcome) -> Void) throws(HikaeError) {
        var status = try tryAlone(number, withKeywords: true, done)
        if let refused = status, refused.condition != .ok, Self.mayBeKeywords(refused),
            !messages[number].flags.keywords.isEmpty
        {
            status = try tryAlone(number, withKeywords: false, done)
        }
        guard let status else { return }
        if status.condition == .ok { return done(number, .written) }
        let error = connection.refusal(status, "take \(messages[number].display)")
        if error.code == .quota { throw error }
        done(number, .refused(error))
    }

    private static func mayBeKeywords(_ status: ServerReply.Status) -> Bool {
        status.condition == .bad || status.code == nil || status.code == "CANNOT" || status.code == "LIMIT"
    }

    /// Nil when the message could not be read, which `done` was told.
    private func tryAlone(_ number: Int, withKeywords: Bool, _ done: (Int, Outcome) -> Void) throws(HikaeError)
        -> ServerReply.Status?
    {
        let message = messages[number]
        let isUnasked = connection.takesUnasked(Int(clamping: message.size))
        let (tag, beginning) = try start()
        try connection.send(beginning + head(number, isUnasked: isUnasked, withKeywords: withKeywords))
        if !isUnasked, !(try connection.awaitContinuation(of: tag)) { return try connection.finish(tag) }
        var broken: HikaeError?
        var count: UInt64 = 0
        do throws(HikaeError) {
            try content.read(message.node) { part throws(HikaeError) in
                count += UInt64(part.count)
                // What goes beyond the size that was announced would be taken for commands.
                guard count <= message.size else {
                    throw HikaeError(.damaged, "\(message.display) is longer than its node says")
                }
                do throws(HikaeError) { try connection.send(Array(part)) } catch {
                    broken = error
                    throw error
                }
            }
            guard count == message.size else {
                throw HikaeError(.damaged, "\(message.display) has another size than its node says")
            }
        } catch {
            // A literal cannot be taken back: the connection ends in the middle of it, and nothing of it stays.
            connection.abandon()
            if let broken { throw broken }
            done(number, .refused(error))
            throw HikaeError(.unreachable, "the connection was ended to leave out a message", isRetryable: true)
        }
        try connection.send([0x0D, 0x0A])
        return try connection.finish(tag)
    }
}

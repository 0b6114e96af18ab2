// The messages of a capture of mail, found in its Maildirs, known by their bytes.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// What a capture of mail holds.
struct MessageInventory {
    /// A message in a mailbox.
    struct Message {
        let mailbox: String
        /// The letters behind ":2," in the file's name.
        let flags: String
        let content: [BlobID]
        let bytes: UInt64
        let number: Int
    }

    private(set) var messages: [Message] = []
    /// Messages of the same bytes that are not taken yet, by their numbers, the last first.
    private var left: [[BlobID]: [Int]] = [:]
    private var taken: [Bool] = []

    /// Reads the directories; of the messages nothing.
    init(_ content: SnapshotContent, _ cancellation: Cancellation) throws(HikaeError) {
        try content.walk { path, node throws(HikaeError) in
            try cancellation.check()
            guard node.kind == .file, path.count >= 2 else { return }
            let folder = path[path.count - 2]
            guard folder == Array("cur".utf8) || folder == Array("new".utf8) else { return }
            let mailbox = path.dropLast(2).map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
            let name = String(decoding: node.name, as: UTF8.self)
            let flags = name.split(separator: ":", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
            messages.append(
                Message(
                    mailbox: mailbox, flags: flags, content: node.content ?? [], bytes: node.size,
                    number: messages.count))
        }
        for message in messages.reversed() { left[message.content, default: []].append(message.number) }
        taken = [Bool](repeating: false, count: messages.count)
    }

    /// Takes a message of the same bytes: one in the same mailbox if there is one, else any.
    mutating func take(_ wanted: Message) -> Message? {
        guard var numbers = left[wanted.content], !numbers.isEmpty else { return nil }
        let position = numbers.lastIndex { messages[$0].mailbox == wanted.mailbox } ?? numbers.count - 1
        let number = numbers.remove(at: position)
        left[wanted.content] = numbers
        taken[number] = true
        return messages[number]
    }

    /// Whether nobody took it.
    func isLeft(_ message: Message) -> Bool { !taken[message.number] }
}

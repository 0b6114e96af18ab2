// A mailbox's place: its name at a server, its levels for people, and its folder in a snapshot.

import HikaeCore
import HikaeFormat

/// Names of mailboxes on the way between servers and folders.
///
/// A level becomes a folder of the same name. What a folder cannot be called, or what a Maildir needs for itself, is
/// written with `%` and two hexadecimal digits a byte: `%`, `/`, control characters, a leading dot, a leading byte of
/// "cur", "new", "tmp" and "dovecot-keywords". A name that is not in the protocol's encoding has its bytes written so behind `%%`. So no two mailboxes share a
/// folder, and none leads out of its place.
enum MailboxPath {
    /// Levels of a mailbox that are followed at most, and bytes of a folder's name.
    static let maximumLevels = 64
    private static let maximumName = 240
    private static let reserved = ["cur", "new", "tmp", KeywordTable.fileName]

    /// What the folder of a name begins with that is not in the protocol's encoding.
    private static let foreignMark = Array("%%".utf8)

    /// The folders that a mailbox stands in, from the content's root. Nil for a name that no folder can stand for:
    /// one with an empty level.
    static func folders(_ mailbox: ListedMailbox, personalPrefix: [UInt8]?) -> [[UInt8]]? {
        var name = mailbox.name[...]
        if isInbox(mailbox.name) { return [Array("INBOX".utf8)] }
        if let prefix = personalPrefix, !prefix.isEmpty, name.starts(with: prefix), name.count > prefix.count,
            !isInbox(Array(name.dropFirst(prefix.count).prefix { $0 != mailbox.delimiter }))
        {
            name = name.dropFirst(prefix.count)
        }
        var levels = [name]
        if let delimiter = mailbox.delimiter {
            levels = name.split(separator: delimiter, omittingEmptySubsequences: false)
            // A name that ends with the delimiter names a folder of mailboxes.
            if levels.count > 1, levels.last?.isEmpty == true { levels.removeLast() }
        }
        guard levels.count <= maximumLevels, levels.allSatisfy({ !$0.isEmpty }) else { return nil }
        if isInbox(Array(levels[0])) { levels[0] = Array("INBOX".utf8)[...] }
        return levels.map { folder(Array($0)) }
    }

    /// The folder's name for one level.
    static func folder(_ level: [UInt8]) -> [UInt8] {
        let name: [UInt8]
        if let decoded = ModifiedUTF7.decode(level) {
            name = Array(decoded.utf8).flatMap { isPlain($0) ? [$0] : escaped($0) }
        } else {
            name = foreignMark + level.flatMap { isPlain($0) && $0 < 0x80 ? [$0] : escaped($0) }
        }
        var safe = name
        if name.first == UInt8(ascii: ".") || reserved.contains(String(decoding: name, as: UTF8.self)) {
            safe = escaped(name[0]) + name.dropFirst()
        }
        guard safe.count > maximumName else { return safe }
        // Too long for a folder: its beginning, and a digest that keeps it apart. The true name stands in the state.
        var end = 180
        while end > 0, safe[end] & 0xC0 == 0x80 { end -= 1 }
        return safe[..<end] + Array("%~\(Digest.blobID(level).hex.prefix(32))".utf8)
    }

    /// The level that a folder stands for, in the protocol's encoding; nil for a folder that stands for none.
    static func level(_ folder: [UInt8]) -> [UInt8]? {
        let isForeign = folder.starts(with: foreignMark)
        var text: [UInt8] = []
        var index = isForeign ? foreignMark.count : 0
        while index < folder.count {
            guard folder[index] == UInt8(ascii: "%") else {
                text.append(folder[index])
                index += 1
                continue
            }
            guard index + 2 < folder.count, let bytes = Hex.decode(Array(folder[index + 1...index + 2])) else {
                return nil
            }
            text += bytes
            index += 3
        }
        if isForeign { return text }
        guard let name = String(validating: text, as: UTF8.self) else { return nil }
        return ModifiedUTF7.encode(name)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "%")
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        [UInt8(ascii: "%")] + Array(Hex.encode([byte]).uppercased().utf8)
    }

    static func isInbox(_ name: [UInt8]) -> Bool { ResponseCursor.upper(name[...]) == "INBOX" }

    /// The name for people.
    static func display(_ name: [UInt8]) -> String {
        ServerWords.printable(Array((ModifiedUTF7.decode(name) ?? String(decoding: name, as: UTF8.self)).utf8)[...])
    }

    /// Folders as one path for people: "仕事/見積".
    static func display(_ folders: [[UInt8]]) -> String {
        ServerWords.printable(Array(folders.joined(separator: [UInt8(ascii: "/")]))[...], limit: 1000)
    }
}

// What a mailbox was when it was captured: the small file beside its Maildir.

import HikaeCore
import HikaeFormat

/// The file `.hikae-mailbox.json`: what cannot be told from the messages' files.
struct MailboxRecord: Sendable, Equatable {
    static let fileName = ".hikae-mailbox.json"
    /// Bytes of it that are read at most.
    static let maximumSize = 256 << 20

    /// The name at the server.
    var name: [UInt8]
    var delimiter: UInt8?
    var uidValidity: UInt32
    var uidNext: UInt64?
    var highestModSeq: UInt64?
    var messages: UInt64
    var isSubscribed = false
    /// "\Sent" and the like.
    var specialUse: String?
    /// In the order of their letters.
    var keywords: [String] = []
    /// Keywords of messages for which there was no letter, by UID.
    var otherKeywords: [UInt32: [String]] = [:]
    /// Gmail's labels, by UID.
    var labels: [UInt32: [String]] = [:]

    init(name: [UInt8], uidValidity: UInt32, messages: UInt64) {
        (self.name, self.uidValidity, self.messages) = (name, uidValidity, messages)
    }

    /// The file's content; the same for the same record.
    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("name")
        json.string(MailboxPath.display(name))
        json.key("server_name")
        json.base64(name)
        if let delimiter {
            json.key("delimiter")
            json.string([delimiter])
        }
        json.key("uidvalidity")
        json.number(uidValidity)
        if let uidNext {
            json.key("uidnext")
            json.number(uidNext)
        }
        if let highestModSeq {
            json.key("highestmodseq")
            json.number(highestModSeq)
        }
        json.key("messages")
        json.number(messages)
        json.key("subscribed")
        json.bool(isSubscribed)
        if let specialUse {
            json.key("special_use")
            json.string(specialUse)
        }
        json.key("keywords")
        json.strings(keywords)
        Self.write(otherKeywords, "other_keywords", to: &json)
        Self.write(labels, "labels", to: &json)
        json.endObject()
        return json.bytes + [0x0A]
    }

    private static func write(_ table: [UInt32: [String]], _ key: StaticString, to json: inout JSONWriter) {
        guard !table.isEmpty else { return }
        json.key(key)
        json.beginArray()
        for (uid, words) in table.sorted(by: { $0.key < $1.key }) {
            json.beginObject()
            json.key("uid")
            json.number(uid)
            json.key("words")
            json.strings(words)
            json.endObject()
        }
        json.endArray()
    }

    /// Reads the file. Throws `.damaged`.
    init(_ content: [UInt8]) throws(HikaeError) {
        var found = MailboxRecord(name: [], uidValidity: 0, messages: 0)
        try JSONReader.read(content, of: "record of a mailbox") { json, key throws(HikaeError) in
            if key.is("server_name") {
                found.name = try json.base64()
            } else if key.is("delimiter") {
                found.delimiter = try json.string().first
            } else if key.is("uidvalidity") {
                found.uidValidity = try json.unsigned32()
            } else if key.is("uidnext") {
                found.uidNext = try json.unsigned()
            } else if key.is("highestmodseq") {
                found.highestModSeq = try json.unsigned()
            } else if key.is("messages") {
                found.messages = try json.unsigned()
            } else if key.is("subscribed") {
                found.isSubscribed = try json.bool()
            } else if key.is("special_use") {
                found.specialUse = try json.text()
            } else if key.is("keywords") {
                found.keywords = try json.texts()
            } else if key.is("other_keywords") {
                found.otherKeywords = try Self.table(&json)
            } else if key.is("labels") {
                found.labels = try Self.table(&json)
            } else {
                try json.skip()
            }
        }
        guard !found.name.isEmpty, found.uidValidity > 0 else {
            throw HikaeError(.damaged, "the record of a mailbox lacks its name or its UIDVALIDITY")
        }
        self = found
    }

    private static func table(_ json: inout JSONReader) throws(HikaeError) -> [UInt32: [String]] {
        var table: [UInt32: [String]] = [:]
        try json.beginArray()
        while try json.nextElement() {
            var entry: (uid: UInt32, words: [String]) = (0, [])
            try json.beginObject()
            while let key = try json.nextKey() {
                if key.is("uid") {
                    entry.uid = try json.unsigned32()
                } else if key.is("words") {
                    entry.words = try json.texts()
                } else {
                    try json.skip()
                }
            }
            table[entry.uid] = entry.words
        }
        return table
    }
}

// One line of the book: an event, when it was by the vault's own time, and the hash of the line before.

public import HikaeCore
import HikaeFormat

/// An event at its place in the chain.
public struct BookLine: Sendable, Equatable {
    /// No line is longer.
    public static let maximumBytes = 256 << 10

    /// From 0.
    public var number: UInt64
    /// Seconds of the vault's own time.
    public var time: UInt64
    /// SHA-256 of the line before, without its line feed; all zeros for the first.
    public var previous: FileID
    public var event: AgreementEvent

    /// A line of these values.
    public init(number: UInt64, time: UInt64, previous: FileID, event: AgreementEvent) {
        (self.number, self.time, self.previous, self.event) = (number, time, previous, event)
    }

    /// What the first line has in place of a hash.
    public static let origin = FileID(words: 0, 0, 0, 0)

    /// The line without its line feed.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("n")
        json.number(number)
        json.key("time")
        json.number(time)
        json.key("previous")
        json.identifier(previous)
        event.write(to: &json)
        json.endObject()
        return json.bytes
    }

    /// Reads a line. Throws `.damaged`.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        guard bytes.count <= Self.maximumBytes else {
            throw HikaeError(.damaged, "the book of agreement is damaged: a line is too long")
        }
        var (number, time) = (UInt64?.none, UInt64?.none)
        var previous: FileID?
        var fields = EventFields()
        try JSONReader.read(bytes, of: "book of agreement") { json, key throws(HikaeError) in
            if key.is("n") {
                number = try json.unsigned()
            } else if key.is("time") {
                time = try json.unsigned()
            } else if key.is("previous") {
                previous = try json.identifier()
            } else {
                try fields.take(key, &json)
            }
        }
        guard let number, let time, let previous, let event = fields.event else {
            throw HikaeError(
                .damaged, "the book of agreement is damaged: a line says nothing that is known",
                hint: "A newer Hikae may have written it. Nothing is removed by a book that cannot be read.")
        }
        self.init(number: number, time: time, previous: previous, event: event)
    }
}

extension AgreementEvent {
    /// The event's word in the book.
    public var word: String {
        switch self {
        case .opened: "opened"
        case .clockChanged: "clock"
        case .ruled: "rule"
        case .personAdded: "person-added"
        case .personRemoved: "person-removed"
        case .proposed: "proposed"
        case .said: "said"
        case .registered: "registered"
        case .seen: "seen"
        case .began: "began"
        case .finished: "finished"
        }
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.put("event", word)
        switch self {
        case .opened(let vault, let clock):
            json.key("book")
            json.identifier(vault.book)
            json.key("repository")
            json.identifier(vault.repository)
            json.put("clock", clock)
        case .clockChanged(let clock): json.put("clock", clock)
        case .ruled(let threshold, let delay):
            json.key("threshold")
            json.number(threshold)
            json.key("delay")
            json.number(delay)
        case .personAdded(let person): json.put("person", person.line)
        case .personRemoved(let name): json.put("name", name.text)
        case .proposed(let id, let user):
            json.key("proposal")
            json.identifier(id)
            json.put("by", user)
        case .said(let word):
            json.key("word")
            json.base64(word.encoded())
        case .registered(let record):
            json.key("snapshot")
            json.identifier(record.snapshot)
            json.key("source")
            json.identifier(record.source)
            json.put("verdict", record.verdict.rawValue)
            json.key("run")
            json.number(record.run)
            json.key("digest")
            json.identifier(record.digest)
            if !record.subjects.isEmpty {
                json.key("subjects")
                json.strings(record.subjects.map(\.hex))
            }
        case .seen(let ids):
            json.key("snapshots")
            json.strings(ids.map(\.hex))
        case .began(let id):
            json.key("proposal")
            json.identifier(id)
        case .finished(let id, let removed):
            json.key("proposal")
            json.identifier(id)
            json.key("removed")
            json.number(removed)
        }
    }
}

extension JSONWriter {
    mutating func put(_ key: StaticString, _ value: String) {
        self.key(key)
        string(value)
    }
}

/// The members of a line while it is read, in whatever order they come.
private struct EventFields {
    var word = ""
    var book: BookID?
    var repository: FileID?
    var clock: String?
    var threshold: UInt64?
    var delay: UInt64?
    var person: Person?
    var name: PersonName?
    var proposal: ProposalID?
    var by: String?
    var said: SignedWord?
    var snapshot: FileID?
    var source: SourceDigest?
    var verdict: LedgerEntry.Verdict?
    var run: UInt64?
    var digest: FileID?
    var snapshots: [FileID]?
    var subjects: [FileID] = []
    var removed: UInt64?

    mutating func take(_ key: JSONKey, _ json: inout JSONReader) throws(HikaeError) {
        if key.is("event") {
            word = try json.text()
        } else if key.is("book") {
            book = try json.identifier()
        } else if key.is("repository") {
            repository = try json.identifier()
        } else if key.is("clock") {
            clock = try json.text()
        } else if key.is("threshold") {
            threshold = try json.unsigned()
        } else if key.is("delay") {
            delay = try json.unsigned()
        } else if key.is("person") {
            person = try Person(line: try json.text())
        } else if key.is("name") {
            name = try PersonName(try json.text())
        } else if key.is("proposal") {
            proposal = try json.identifier()
        } else if key.is("by") {
            by = try json.text()
        } else if key.is("word") {
            said = try SignedWord(decoding: try json.base64())
        } else {
            try takeOfLedger(key, &json)
        }
    }

    private mutating func takeOfLedger(_ key: JSONKey, _ json: inout JSONReader) throws(HikaeError) {
        if key.is("snapshot") {
            snapshot = try json.identifier()
        } else if key.is("source") {
            source = try json.identifier()
        } else if key.is("verdict") {
            verdict = LedgerEntry.Verdict(rawValue: try json.text())
        } else if key.is("run") {
            run = try json.unsigned()
        } else if key.is("digest") {
            digest = try json.identifier()
        } else if key.is("removed") {
            removed = try json.unsigned()
        } else if key.is("snapshots") {
            snapshots = try Self.identifiers(&json)
        } else if key.is("subjects") {
            subjects = try Self.identifiers(&json)
        } else {
            try json.skip()
        }
    }

    private static func identifiers(_ json: inout JSONReader) throws(HikaeError) -> [FileID] {
        var ids: [FileID] = []
        try json.beginArray()
        while try json.nextElement() { ids.append(try json.identifier()) }
        return ids
    }

    /// The event that the members make up; nil when they make up none.
    var event: AgreementEvent? {
        switch word {
        case "opened":
            guard let book, let repository, let clock else { return nil }
            return .opened(VaultIdentity(book: book, repository: repository), clock: clock)
        case "clock": return clock.map { .clockChanged($0) }
        case "rule":
            guard let threshold = threshold.flatMap({ Int(exactly: $0) }), let delay else { return nil }
            return .ruled(threshold: threshold, delay: delay)
        case "person-added": return person.map { .personAdded($0) }
        case "person-removed": return name.map { .personRemoved($0) }
        case "proposed":
            guard let proposal, let by else { return nil }
            return .proposed(proposal, by: by)
        case "said": return said.map { .said($0) }
        case "registered":
            guard let snapshot, let source, let verdict, let run, let digest else { return nil }
            return .registered(
                LedgerRecord(
                    snapshot: snapshot, source: source, verdict: verdict, run: run, digest: digest, subjects: subjects))
        case "seen": return snapshots.map { .seen($0) }
        case "began": return proposal.map { .began($0) }
        case "finished":
            guard let proposal, let removed else { return nil }
            return .finished(proposal, removed: removed)
        default: return nil
        }
    }
}

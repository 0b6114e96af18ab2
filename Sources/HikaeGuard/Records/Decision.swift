// What a person decided about a capture. It stands in a snapshot of its own, so that it travels with every copy and
// nothing that was written is ever written again.

public import HikaeCore
import HikaeFormat

/// A person's word on one capture.
public struct Decision: Sendable, Equatable {
    /// The record's name in the snapshot's folder of records.
    public static let fileName = "decision.json"

    /// The two things that can be said.
    public enum Word: String, Sendable, CaseIterable {
        /// It is as it should be, whatever the rules say: it counts as good.
        case accepted
        /// It is not as it should be: it never counts as good.
        case rejected
    }

    public var word: Word
    /// The capture decided on.
    public var capture: String
    public var name: SourceName
    public var who: String
    public var why: String
    public var when: Timestamp

    public init(_ word: Word, capture: String, name: SourceName, who: String, why: String, when: Timestamp) {
        (self.word, self.capture, self.name) = (word, capture, name)
        (self.who, self.why, self.when) = (who, why, when)
    }

    /// The record as JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.put("version", 1)
        json.put("decision", word.rawValue)
        json.put("capture", capture)
        json.put("organisation", name.organisation)
        json.put("system", name.system)
        json.put("source", name.source)
        json.put("who", who)
        json.put("why", why)
        json.key("when")
        json.time(when)
        json.endObject()
        return json.bytes
    }

    /// Reads a record. Throws `.damaged` for what is none.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        var word: Word?
        self.init(
            .rejected, capture: "", name: SourceName(organisation: "", system: "", source: ""), who: "", why: "",
            when: .zero)
        try JSONReader.read(bytes, of: "record of a decision") { json, key throws(HikaeError) in
            if key.is("decision") {
                word = Word(rawValue: try json.text())
            } else if key.is("capture") {
                capture = try json.text()
            } else if key.is("organisation") {
                name.organisation = try json.text()
            } else if key.is("system") {
                name.system = try json.text()
            } else if key.is("source") {
                name.source = try json.text()
            } else if key.is("who") {
                who = try json.text()
            } else if key.is("why") {
                why = try json.text()
            } else if key.is("when") {
                when = try json.time()
            } else {
                try json.skip()
            }
        }
        guard let word, !capture.isEmpty else {
            throw HikaeError(.damaged, "the record of a decision is damaged: it names no capture or no word")
        }
        self.word = word
    }
}

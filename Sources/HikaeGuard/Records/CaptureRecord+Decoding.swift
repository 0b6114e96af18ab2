// Reading the record of a capture. Members that are not known are passed over, so that newer records can be read.

public import HikaeCore
import HikaeFormat
import HikaeSource

extension CaptureRecord {
    /// Reads a record. Throws `.damaged` for what is none.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        var record = CaptureRecord(
            capture: "", name: SourceName(organisation: "", system: "", source: ""), run: 0, address: "",
            started: .zero, finished: .zero, program: "", facts: CaptureFacts(unit: .files), changes: Changes())
        var verdict: Verdict?
        try JSONReader.read(bytes, of: "record of a capture") { json, key throws(HikaeError) in
            if key.is("capture") {
                record.capture = try json.text()
            } else if key.is("run") {
                record.run = try json.unsigned()
            } else if key.is("organisation") {
                record.name.organisation = try json.text()
            } else if key.is("system") {
                record.name.system = try json.text()
            } else if key.is("source") {
                record.name.source = try json.text()
            } else if key.is("address") {
                record.address = try json.text()
            } else if key.is("started") {
                record.started = try json.time()
            } else if key.is("finished") {
                record.finished = try json.time()
            } else if key.is("program") {
                record.program = try json.text()
            } else if key.is("facts") {
                record.facts = try CaptureFacts(from: &json)
            } else if key.is("changes") {
                record.changes = try Changes(from: &json)
            } else if key.is("verdict") {
                verdict = Verdict(rawValue: try json.text())
            } else if key.is("reasons") {
                record.reasons = try Self.reasons(&json)
            } else if key.is("compared_with") {
                record.comparedWith = try json.text()
            } else if key.is("peak") {
                record.peak = try CapturePeak(from: &json)
            } else if key.is("thresholds") {
                record.thresholds = try GuardThresholds(from: &json)
            } else {
                try json.skip()
            }
        }
        guard let verdict, !record.capture.isEmpty else {
            throw HikaeError(.damaged, "the record of a capture is damaged: it names no capture or no verdict")
        }
        record.verdict = verdict
        self = record
    }

    private static func reasons(_ json: inout JSONReader) throws(HikaeError) -> [VerdictReason] {
        var reasons: [VerdictReason] = []
        try json.beginArray()
        while try json.nextElement() {
            var (rule, sentence) = ("", "")
            try json.beginObject()
            while let key = try json.nextKey() {
                if key.is("rule") {
                    rule = try json.text()
                } else if key.is("sentence") {
                    sentence = try json.text()
                } else {
                    try json.skip()
                }
            }
            // A rule of a newer version: its sentence cannot be kept under a name that is not known here.
            if let rule = VerdictReason.Rule(rawValue: rule) { reasons.append(VerdictReason(rule, sentence)) }
        }
        return reasons
    }
}

extension CaptureRecord.Changes {
    init(from json: inout JSONReader) throws(HikaeError) {
        self.init()
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("new") {
                new = Int(clamping: try json.unsigned())
            } else if key.is("changed") {
                changed = Int(clamping: try json.unsigned())
            } else if key.is("unchanged") {
                unchanged = Int(clamping: try json.unsigned())
            } else if key.is("unreadable") {
                unreadable = Int(clamping: try json.unsigned())
            } else if key.is("unlisted") {
                unlisted = Int(clamping: try json.unsigned())
            } else if key.is("unlisted_filled") {
                unlistedFilled = Int(clamping: try json.unsigned())
            } else if key.is("rotten") {
                rotten = Int(clamping: try json.unsigned())
            } else {
                try json.skip()
            }
        }
    }
}

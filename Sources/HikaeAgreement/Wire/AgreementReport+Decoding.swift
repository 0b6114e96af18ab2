// Reading a vault's report. It comes from a server that may be in anybody's hands: bounded, and nothing in it is
// believed that a signature could prove.

public import HikaeCore
import HikaeFormat

extension AgreementReport {
    /// Reads a report. Throws `.damaged`, `.limit` or `.usage` for what is none.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        guard bytes.count <= Self.maximumBytes else { throw HikaeError(.limit, "the vault's report is too long") }
        var (book, repository) = (BookID?.none, FileID?.none)
        var report = AgreementReport(
            vault: VaultIdentity(book: BookID(words: 0, 0, 0, 0), repository: FileID(words: 0, 0, 0, 0)), vaultTime: 0)
        try JSONReader.read(bytes, of: "vault's report") { json, key throws(HikaeError) in
            if key.is("book") {
                book = try json.identifier()
            } else if key.is("repository") {
                repository = try json.identifier()
            } else if key.is("vault_time") {
                report.vaultTime = try json.unsigned()
            } else if key.is("rule") {
                report.rule = try Self.rule(&json)
            } else if key.is("coming_rule") {
                report.coming = try Self.rule(&json)
            } else if key.is("coming_from") {
                report.comingFrom = try json.unsigned()
            } else if key.is("people") {
                try json.beginArray()
                while try json.nextElement() { report.members.append(try Member(from: &json)) }
            } else if key.is("proposals") {
                try json.beginArray()
                while try json.nextElement() { report.proposals.append(try Item(from: &json)) }
            } else if key.is("registered") {
                report.registered = try json.unsigned()
            } else {
                try json.skip()
            }
        }
        guard let book, let repository else { throw HikaeError(.damaged, "the vault's report names no vault") }
        report.vault = VaultIdentity(book: book, repository: repository)
        self = report
    }

    private static func rule(_ json: inout JSONReader) throws(HikaeError) -> AgreementRule {
        var rule = AgreementRule(threshold: 0, delay: 0)
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("threshold") {
                rule.threshold = Int(try json.unsigned32())
            } else if key.is("delay") {
                rule.delay = try json.unsigned()
            } else {
                try json.skip()
            }
        }
        return rule
    }
}

extension AgreementReport.Member {
    fileprivate init(from json: inout JSONReader) throws(HikaeError) {
        var person: Person?
        var from = UInt64(0)
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("person") {
                person = try Person(line: try json.text())
            } else if key.is("approves_from") {
                from = try json.unsigned()
            } else {
                try json.skip()
            }
        }
        guard let person else { throw json.fault("a member without a person") }
        self.init(person: person, approvesFrom: from)
    }
}

extension AgreementReport.Item {
    fileprivate init(from json: inout JSONReader) throws(HikaeError) {
        var id: ProposalID?
        var standing = ProposalStanding(stage: .waiting, approvals: [], threshold: 0, due: 0)
        var item = (by: "", submitted: UInt64(0), veto: String?.none, obstacles: [String](), removed: UInt64?.none)
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("id") {
                id = try json.identifier()
            } else if key.is("by") {
                item.by = try json.text()
            } else if key.is("submitted") {
                item.submitted = try json.unsigned()
            } else if key.is("stage") {
                guard let stage = ProposalStanding.Stage(rawValue: try json.text()) else {
                    throw json.fault("a stage that is not known")
                }
                standing.stage = stage
            } else if key.is("due") {
                standing.due = try json.unsigned()
            } else if key.is("threshold") {
                standing.threshold = Int(try json.unsigned32())
            } else if key.is("approvals") {
                try json.beginArray()
                while try json.nextElement() { standing.approvals.append(try PersonName(try json.text())) }
            } else if key.is("veto") {
                item.veto = try json.text()
            } else if key.is("obstacles") {
                item.obstacles = try json.texts()
            } else if key.is("removed") {
                item.removed = try json.unsigned()
            } else {
                try json.skip()
            }
        }
        guard let id else { throw json.fault("a proposal without a name") }
        self.init(
            id: id, by: item.by, submitted: item.submitted, standing: standing, veto: item.veto,
            obstacles: item.obstacles, removed: item.removed)
    }
}

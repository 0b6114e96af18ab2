// The JSON Schema of a plan, for editors, made of the same sections that the reader checks plans against.

import HikaeFormat

/// The schema, 2020-12.
public enum PlanSchema {
    /// The schema's JSON, in one line.
    public static func json() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("$schema", "https://json-schema.org/draft/2020-12/schema")
        json.member("title", "hikae.yaml")
        write(.root, &json)
        json.key("$defs")
        json.beginObject()
        for section in definitions {
            json.key(Array(identifier(section).utf8))
            json.beginObject()
            write(section, &json)
            json.endObject()
        }
        for (name, shape) in patterns {
            json.key(Array(name.utf8))
            json.beginObject()
            shape(&json)
            json.endObject()
        }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    /// Every section but the root, each once.
    private static var definitions: [PlanSection] {
        [
            .vault, .custody, .system, .objectives, .verdicts, .retention, .person, .alarm, .limits, .trust, .authority,
            .objectLock,
        ]
            + SourceKindName.allCases.map { .source($0) } + SourceKindName.destinations.map { .destination($0) }
    }

    /// "sftp source" as a name in `$defs`: "sftp-source".
    private static func identifier(_ section: PlanSection) -> String {
        String(section.name.map { $0 == " " ? "-" : $0 })
    }

    /// The shapes that many keys share.
    private static let patterns: [(String, @Sendable (inout JSONWriter) -> Void)] = [
        ("name", { string(&$0, pattern: #"^[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}._-]{0,63}$"#) }),
        ("secret", { string(&$0, pattern: "^(file: *.+|env: *[A-Za-z_][A-Za-z0-9_]*|command: *.+)$") }),
        ("duration", { string(&$0, pattern: "^[0-9]{1,6}[mhdw]$") }),
        (
            "percent",
            { json in
                json.member("type", ["number", "string"])
                json.member("minimum", 0)
                json.member("maximum", 100)
                json.member("pattern", "^[0-9]+([.][0-9]+)?%?$")
            }
        ),
        (
            "keep",
            { json in
                json.key("anyOf")
                json.beginArray()
                json.beginObject()
                json.member("type", "integer")
                json.member("minimum", 0)
                json.member("maximum", 100_000)
                json.endObject()
                json.beginObject()
                json.member("const", "unlimited")
                json.endObject()
                json.endArray()
            }
        ),
        (
            "rate",
            { json in
                json.member("type", ["integer", "string"])
                json.member("minimum", 1024)
                json.member("pattern", "^[0-9]+([.][0-9]+)? *([kKmMgGtT]([iI]?[bB])?)?$")
            }
        ),
        (
            "text",
            { json in
                // YAML takes a bare 2012 as a number, and Hikae takes it as it is written.
                json.member("type", ["string", "number", "boolean"])
                json.member("minLength", 1)
            }
        ),
        ("source", { choice(&$0, SourceKindName.allCases.map { .source($0) }) }),
        ("destination", { choice(&$0, SourceKindName.destinations.map { .destination($0) }) }),
    ]

    private static func string(_ json: inout JSONWriter, pattern: String) {
        json.member("type", "string")
        json.member("pattern", pattern)
    }

    /// One of several sections, told apart by the key of their kind.
    private static func choice(_ json: inout JSONWriter, _ sections: [PlanSection]) {
        json.key("oneOf")
        json.beginArray()
        for section in sections { reference(&json, identifier(section)) }
        json.endArray()
    }

    private static func reference(_ json: inout JSONWriter, _ name: String) {
        json.beginObject()
        json.member("$ref", "#/$defs/\(name)")
        json.endObject()
    }

    /// The members of a section's schema, into an object that is open.
    private static func write(_ section: PlanSection, _ json: inout JSONWriter) {
        json.member("description", section.summary)
        json.member("type", "object")
        json.key("properties")
        json.beginObject()
        for key in section.keys {
            json.key(Array(key.name.utf8))
            json.beginObject()
            json.member("description", key.summary)
            write(key.shape, &json)
            json.endObject()
        }
        json.endObject()
        let required = section.keys.filter(\.isRequired).map(\.name)
        if !required.isEmpty { json.member("required", required) }
        if section == .retention { json.member("minProperties", 1) }
        json.member("additionalProperties", false)
    }

    private static func write(_ shape: PlanShape, _ json: inout JSONWriter) {
        switch shape {
        case .text, .path: json.member("$ref", "#/$defs/text")
        case .name: json.member("$ref", "#/$defs/name")
        case .secret: json.member("$ref", "#/$defs/secret")
        case .duration: json.member("$ref", "#/$defs/duration")
        case .percent: json.member("$ref", "#/$defs/percent")
        case .keep: json.member("$ref", "#/$defs/keep")
        case .rate: json.member("$ref", "#/$defs/rate")
        case .destination: json.member("$ref", "#/$defs/destination")
        case .address(let schemes): string(&json, pattern: "^(\(schemes.joined(separator: "|")))://.*$")
        case .count(let range):
            json.member("type", "integer")
            json.member("minimum", range.lowerBound)
            json.member("maximum", range.upperBound)
        case .flag: json.member("type", "boolean")
        case .choice(let words): json.member("enum", words)
        case .choices(let words): list(&json) { $0.member("enum", words) }
        case .texts: list(&json) { $0.member("$ref", "#/$defs/text") }
        case .pathOrPaths:
            json.key("anyOf")
            json.beginArray()
            reference(&json, "text")
            json.beginObject()
            list(&json, minimum: 1) { $0.member("$ref", "#/$defs/text") }
            json.endObject()
            json.endArray()
        case .section(let section): json.member("$ref", "#/$defs/\(identifier(section))")
        case .sections(let section, let minimum):
            list(&json, minimum: minimum) { $0.member("$ref", "#/$defs/\(identifier(section))") }
        case .sources: list(&json, minimum: 1) { $0.member("$ref", "#/$defs/source") }
        }
    }

    private static func list(_ json: inout JSONWriter, minimum: Int? = nil, _ item: (inout JSONWriter) -> Void) {
        json.member("type", "array")
        if let minimum { json.member("minItems", minimum) }
        json.key("items")
        json.beginObject()
        item(&json)
        json.endObject()
    }
}

// Which object a line of a dump's definitions begins, in words that are the same for every version of server and program.

/// Reads the lines that name objects.
enum DumpObject {
    /// What makes a difference when it is not there. Comments, rights and defaults are written otherwise by versions.
    private static let kinds: Set<String> = [
        "TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "FUNCTION", "PROCEDURE", "AGGREGATE", "TRIGGER", "INDEX",
        "CONSTRAINT", "FK CONSTRAINT", "TYPE", "DOMAIN", "RULE", "POLICY", "EVENT TRIGGER",
    ]
    private static let name = Array("-- Name: ".utf8)
    /// Comments of MariaDB's and MySQL's programs, and what they announce.
    private static let comments = [
        ("-- Table structure for table ", "TABLE"), ("-- Final view structure for view ", "VIEW"),
    ].map { (Array($0.0.utf8), $0.1) }
    private static let creations = ["/*!50003 CREATE", "/*!50020 CREATE", "/*!50106 CREATE", "CREATE DEFINER="].map {
        Array($0.utf8)
    }
    private static let routines = [" TRIGGER ", " PROCEDURE ", " FUNCTION ", " EVENT "]

    /// "VIEW public.newest", or nil when the line names nothing.
    static func name(in line: [UInt8]) -> String? {
        if line.starts(with: name) { return ofPostgreSQL(String(decoding: line, as: UTF8.self)) }
        for (comment, kind) in comments where line.starts(with: comment) {
            return "\(kind) \(String(decoding: line.dropFirst(comment.count), as: UTF8.self))"
        }
        guard creations.contains(where: { line.starts(with: $0) }) else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        for routine in routines {
            guard let range = text.firstRange(of: routine) else { continue }
            let name = text[range.upperBound...].prefix { $0 != " " && $0 != "(" }.filter { $0 != "`" }
            return "\(routine.dropFirst())\(name)"
        }
        return nil
    }

    /// "-- Name: newest; Type: VIEW; Schema: public; Owner: postgres"
    private static func ofPostgreSQL(_ text: String) -> String? {
        guard let type = text.firstRange(of: "; Type: "), let schema = text.firstRange(of: "; Schema: ") else {
            return nil
        }
        guard type.upperBound <= schema.lowerBound else { return nil }
        let kind = String(text[type.upperBound..<schema.lowerBound])
        guard kinds.contains(kind) else { return nil }
        let object = text[..<type.lowerBound].dropFirst(name.count)
        let place = text[schema.upperBound...].prefix { $0 != ";" }
        return "\(kind) \(place == "-" ? "" : "\(place).")\(object)"
    }
}

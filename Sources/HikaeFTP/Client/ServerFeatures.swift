// What a server can do, as FEAT tells.

/// The features that matter here.
struct ServerFeatures: Sendable, Equatable {
    /// Listings for machines, with exact times.
    var hasMachineListing = false
    /// The facts offered, in lower case.
    var facts: [String] = []
    var hasUTF8 = false
    /// Times can be asked for, and set.
    var hasModifyTime = false
    var setsModifyTime = false
    /// The server's own name for itself.
    var software = ""

    init() {}

    /// Reads the reply to FEAT; what is no list of features offers nothing.
    init(_ reply: ServerReply) {
        guard reply.code == 211 else { return }
        for line in reply.lines.dropFirst() {
            let text = String(decoding: line.drop { $0 == 0x20 }.prefix(500), as: UTF8.self)
            let words = text.split(separator: " ", maxSplits: 1)
            switch words.first?.uppercased() ?? "" {
            case "MLST":
                hasMachineListing = true
                let list = words.count > 1 ? String(words[1]) : ""
                facts = list.split(separator: ";").map { fact in
                    fact.lowercased().filter { $0 != "*" && $0 != " " }
                }
            case "MLSD": hasMachineListing = true
            case "UTF8": hasUTF8 = true
            case "MDTM": hasModifyTime = true
            case "MFMT": setsModifyTime = true
            default: break
            }
        }
    }

    private static let wanted = [
        "type", "size", "modify", "unique", "unix.mode", "unix.uid", "unix.gid", "unix.owner", "unix.group",
    ]

    /// What is said at the start of each connection: that names are UTF-8, and which facts are wanted.
    func opening(_ encoding: FTPSettings.Encoding) -> [[UInt8]] {
        var commands: [String] = []
        if hasUTF8, encoding == .automatic || encoding == .utf8 { commands.append("OPTS UTF8 ON") }
        let facts = Self.wanted.filter { self.facts.contains($0) }
        if hasMachineListing, !facts.isEmpty { commands.append("OPTS MLST \(facts.joined(separator: ";"));") }
        return commands.map { Array($0.utf8) }
    }
}

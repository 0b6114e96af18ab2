// Which version a program says it has, and whether that is new enough for a server. A dump tool that is older than its
// server writes a few bytes and fails, and once nobody noticed: it is refused before it starts.

import HikaeCore

/// A version as a program prints it for `--version`.
struct ToolVersion: Sendable, Equatable {
    let program: String
    /// "15.18", "10.11.14-MariaDB", "8.0.36".
    let version: String

    /// Finds the version in what the program said. Throws `.programFailed` when there is none.
    init(_ said: [UInt8], program: String) throws(HikaeError) {
        let text = String(decoding: said.prefix(1000), as: UTF8.self)
        let words = text.split(whereSeparator: { " \n,()".contains($0) }).map(String.init)
        // "mariadb-dump  Ver 10.19 Distrib 10.11.14-MariaDB, for …": the distribution's version is the one that counts.
        var found = words.first { $0.first?.isNumber == true && $0.contains(".") || $0.hasSuffix("devel") }
        if let place = words.firstIndex(of: "Distrib"), place + 1 < words.count { found = words[place + 1] }
        if found == nil { found = words.first { $0.first?.isNumber == true } }
        guard let found else {
            throw HikaeError(.programFailed, "\(program) does not say its version: \(text.prefix(100))")
        }
        self.program = program
        version = found
    }

    /// The first number of a version; nil for none.
    static func major(_ version: String) -> Int? { Int(version.prefix { $0.isASCII && $0.isNumber }) }

    /// Throws `.unsupported` when the program is of an older major version than the server.
    func check(reaches serverVersion: String, server: String, place: String) throws(HikaeError) {
        guard let own = Self.major(version), let others = Self.major(serverVersion), own < others else { return }
        throw HikaeError(
            .unsupported, "\(program) \(version)\(place) is older than the server, which is \(server) \(serverVersion)",
            hint:
                "It could not write a whole dump. Install the client programs of version \(others)\(place), or name the folder that they are in (`programs:`)."
        )
    }
}

// The FTP servers of the practice provider as these tests use them, and a site with odd names.

import HikaeCore
import HikaeTesting

@testable import HikaeFTP

/// A server, and the settings that reach it.
struct SiteServer: Sendable {
    let server: PracticeServer

    /// Starts practice/servers/ftp.py with these arguments, in a folder of its own.
    init(_ arguments: String...) throws { try self.init(arguments) }

    /// The same for a list of arguments.
    init(_ arguments: [String]) throws { server = try PracticeServer("ftp", arguments) }

    /// Starts the server that speaks badly.
    init(hostile manner: String, _ arguments: String...) throws {
        server = try PracticeServer("ftp_hostile", ["--manner", manner] + arguments)
    }

    /// The folder that is served.
    var root: String { server.text("root") }

    /// Settings that reach the server's folder.
    func settings(_ path: String = "/", _ change: (inout FTPSettings) -> Void = { _ in }) -> FTPSettings {
        let password = server.text("password")
        var settings = FTPSettings(
            host: "127.0.0.1", port: server.port(), user: server.text("user"),
            password: { () throws(HikaeError) in Secret(password) }, path: path, security: .none)
        if password.isEmpty { settings.password = nil }
        settings.patience = 120
        change(&settings)
        return settings
    }
}

/// Files as a shop's site has them, with names that are easily got wrong.
enum SampleSite {
    /// Writes the site into a folder.
    ///
    /// - Parameter isPlain: without names that only UTF-8 can write.
    static func write(to folder: String, isPlain: Bool = false, seed: UInt64 = 7) throws {
        var dice = SeededGenerator(seed: seed)
        var files: [(String, [UInt8])] = [
            ("index.html", Array("<h1>さくら商店</h1>".utf8)), (".htaccess", Array("Deny from all\n".utf8)),
            ("empty.txt", []), ("images/large.jpg", dice.bytes(3_500_000)), ("images/odd.bin", dice.bytes(1_048_577)),
            ("images/商品/表示ソ能.png", dice.bytes(70_000)), ("商品一覧.csv", Array("品名,価格\n".utf8)),
            ("名前/注文書(控え).txt", Array("注文\n".utf8)), ("a -> b", Array("arrow".utf8)),
            ("  two spaces first", Array("x".utf8)), ("[brackets]/star*?.txt", Array("glob".utf8)),
            ("percent%41;type=a#?.txt", Array("escape".utf8)), ("-a", Array("option".utf8)),
            ("deep/er/est/file", Array("down".utf8)), ("quote\"'&.txt", Array("quote".utf8)),
        ]
        for number in 0..<40 { files.append(("pages/page\(number).html", dice.bytes(100 + number * 50))) }
        if !isPlain { files += [("emoji 🌸.txt", Array("bloom".utf8)), ("é/ü.txt", Array("accents".utf8))] }
        for (index, (path, bytes)) in files.enumerated() {
            try Files.write("\(folder)/\(path)", bytes, mode: [0o644, 0o600, 0o755][index % 3])
            // Past the half year that LIST tells minutes of, and within it.
            let age = index % 2 == 0 ? 40_000_000 + index * 1_003 : 86_400 * 3 + index * 61
            let time = Int(SystemClock().now().seconds) - age
            try Command("touch", ["-d", "@\(time)", "\(folder)/\(path)"]).succeed()
        }
    }

    /// Path, mode and time of every file, for a comparison.
    static func facts(_ folder: String) throws -> String {
        let list = try Command("find", [folder, "-type", "f", "-printf", "%P %m %Ts\n"]).succeed().text
        return list.split(separator: "\n").sorted().joined(separator: "\n")
    }

    /// Fails unless both folders hold the same files with the same bytes.
    static func expectEqual(_ one: String, _ other: String) throws {
        try Command("diff", ["-r", one, other]).succeed()
    }
}

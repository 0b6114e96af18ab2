// The patterns' meaning, as restic's manual tells it and its program does it.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeSource

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func verdict(_ patterns: [String], ignoringCase caseless: [String] = [], _ path: String) throws
    -> PathFilter.Verdict
{
    try PathFilter(patterns, ignoringCase: caseless).verdict(path: bytes(path))
}

@Suite("Patterns")
struct PathFilterTests {
    @Test(
        "A pattern matches names at any depth, and what is below them",
        arguments: [
            ("*.log", "/srv/www/error.log", true), ("*.log", "/srv/www/error.log.1", false),
            ("*.log", "/srv/logs.log/inside", true), ("www", "/srv/www", true), ("www", "/srv/www/a/b", true),
            ("ww", "/srv/www", false), ("www/html", "/srv/www/html/index", true),
            ("www/html", "/srv/www/x/html", false),
            ("WWW", "/srv/www", false), ("www/", "/srv/www", true), ("www//html", "/srv/www/html", true),
            ("www/../etc", "/etc", true), ("*", "/a", true), ("w?w", "/www", true), ("w?w", "/w/w", false),
            ("?", "/日", true), ("??", "/日", false), ("[a-c]x", "/bx", true), ("[^a-c]x", "/bx", false),
            ("[a-c]x", "/dx", false), ("[日月]", "/月", true), ("\\*", "/*", true), ("\\*", "/x", false),
            ("a*b*c", "/axxbyyc", true),
            ("a*b*c", "/axxbyy", false), ("*a*", "/bab", true), ("**.txt", "/dir/note.txt", true), ("a**", "/ab", true),
        ] as [(String, String, Bool)])
    func depth(_ pattern: String, _ path: String, _ matches: Bool) throws {
        #expect(try verdict([pattern], path).matches == matches)
    }

    @Test(
        "A pattern with a slash in front is anchored at the root",
        arguments: [
            ("/srv", "/srv/www", true), ("/srv", "/home/srv", false), ("/srv/*", "/srv", false),
            ("/srv/*", "/srv/x", true),
            ("/srv/*/c", "/srv/b/c/d", true), ("/srv/*/c", "/srv/b/d/c", false), ("/", "/anything", true),
            ("/*", "/anything/below", true), ("/srv/../etc", "/etc/passwd", true),
        ] as [(String, String, Bool)])
    func anchored(_ pattern: String, _ path: String, _ matches: Bool) throws {
        #expect(try verdict([pattern], path).matches == matches)
    }

    @Test(
        "Two stars stand for any number of directories, also for none",
        arguments: [
            ("**", "/a", true), ("foo/**/bar", "/foo/bar", true), ("foo/**/bar", "/x/foo/1/2/3/bar/y", true),
            ("foo/**/bar", "/bar/foo", false), ("/foo/**/bar", "/x/foo/bar", false), ("/**/bar", "/x/y/bar", true),
            ("foo/**", "/foo", true), ("foo/**", "/a/foo/b", true), ("**/foo", "/a/b/foo", true),
            ("**/foo", "/foo", true),
            ("a/**/b/**/c", "/a/1/b/2/3/c", true), ("a/**/b/**/c", "/a/1/c/2/3/b", false),
            ("a/**/b/**/c", "/a/b/c", true), ("foo/**/*.c", "/foo/x/y.c", true), ("foo/**/*.c", "/y.c", false),
            // restic takes two of them a little too narrowly, and so must we.
            ("/a/**/b/**", "/a/x/y/b", false), ("/a/**/b/**", "/a/x/y/b/z", true),
        ] as [(String, String, Bool)])
    func wildcards(_ pattern: String, _ path: String, _ matches: Bool) throws {
        #expect(try verdict([pattern], path).matches == matches)
    }

    @Test(
        "An exclamation mark takes back what patterns before it matched",
        arguments: [
            (["*.log", "!keep.log"], "/a/keep.log", false), (["*.log", "!keep.log"], "/a/other.log", true),
            (["!keep.log", "*.log"], "/a/keep.log", true), (["a", "!b"], "/a/b/c", false),
            (["a", "!b", "c"], "/a/b/c", true),
            (["!x"], "/y", false),
        ] as [([String], String, Bool)])
    func negation(_ patterns: [String], _ path: String, _ matches: Bool) throws {
        #expect(try verdict(patterns, path).matches == matches)
    }

    @Test(
        "A directory is entered only when something in it can match",
        arguments: [
            (["/srv/www"], "/srv", true), (["/srv/www"], "/home", false), (["/srv/www"], "/srv/www/x", true),
            (["www"], "/home", true), (["/srv/*/logs"], "/srv/a", true), (["/srv/*/logs"], "/srv/a/b", false),
            (["/srv/**/logs"], "/srv/a/b/c", true), (["/srv/**/logs"], "/etc", false), ([], "/srv", false),
            (["/srv/www", "!www"], "/srv/www", false),
        ] as [([String], String, Bool)])
    func below(_ patterns: [String], _ path: String, _ mayMatch: Bool) throws {
        #expect(try verdict(patterns, path).mayMatchBelow == mayMatch)
    }

    @Test("Case is ignored where asked, also beyond ASCII, and the two lists do not undo each other")
    func caseless() throws {
        #expect(try verdict([], ignoringCase: ["*.JPG"], "/Photos/IMG.jpg").matches)
        #expect(try verdict([], ignoringCase: ["ÄRZTE"], "/ärzte/akte").matches)
        #expect(try !verdict(["*.JPG"], "/Photos/IMG.jpg").matches)
        #expect(try verdict(["a"], ignoringCase: ["!A"], "/a").matches)
    }

    @Test("Malformed patterns are named, all at once", arguments: ["[", "a/[b", "x[]", "[a-", "[-b]", "a\\", "**/["])
    func malformed(_ pattern: String) throws {
        let error = #expect(throws: HikaeError.self) { try PathFilter(["good", pattern, "[also"]) }
        #expect(error?.code == .usage)
        #expect(error?.message.contains(pattern) == true && error?.message.contains("[also") == true)
    }

    @Test("Names that are no UTF-8 can be matched")
    func rawBytes() throws {
        let filter = try PathFilter(bytes: [[0xFF, UInt8(ascii: "*")]])
        #expect(filter.matches(path: [0x2F, 0xFF, 0xFE]))
        #expect(try PathFilter(["?"]).matches(path: [0x2F, 0xFF]))
        #expect(!filter.matches(path: [0x2F, 0xFE]))
    }

    @Test("Walking down gives the same answers as asking for whole paths, and both as the manual's words do")
    func agreesWithTheManual() throws {
        var random = SeededGenerator()
        let words = ["a", "b", "ab", "aab", "c"]
        let parts = words + ["*", "a*", "*b", "?", "**", "[ab]", "a*b*"]
        for _ in 0..<20_000 {
            let pattern =
                (Bool.random(using: &random) ? "/" : "")
                + (0..<Int.random(in: 1...4, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
                .joined(separator: "/")
            let names = (0..<Int.random(in: 1...6, using: &random)).map { _ in words.randomElement(using: &random) ?? ""
            }
            let filter = try PathFilter([pattern])
            var directory = filter.root
            for (depth, name) in names.enumerated() {
                let path = "/" + names[...depth].joined(separator: "/")
                let expected = Manual.matches(pattern, path)
                #expect(filter.matches(bytes(name), in: directory) == expected, "\(pattern) over \(path)")
                #expect(filter.matches(path: bytes(path)) == expected, "\(pattern) over \(path)")
                directory = filter.directory(bytes(name), in: directory)
            }
        }
    }

    @Test("A million names against twenty patterns take about a second")
    func speed() throws {
        let filter = try PathFilter([
            "*.o", "*.tmp", "*~", ".git", "node_modules", "/proc", "/sys", "/home/*/.cache", "**/cache/**/x",
            "foo/**/bar", "*.log.[0-9]", "build/*.a", "target", "__pycache__", "*.pyc", "/var/tmp/*", "lost+found",
            "core", "*.sw?", "Thumbs.db",
        ])
        var hits = 0
        let clock = ContinuousClock()
        let time = clock.measure {
            for folder in 0..<100 {
                let directory = filter.directory(at: bytes("/srv/www/customer\(folder)/htdocs/images"))
                for number in 0..<1000 where filter.matches(bytes("picture-\(number).jpeg"), in: directory) {
                    hits += 1
                }
            }
        }
        #expect(hits == 0)
        // A tenth of the million, with room for a loaded machine.
        #expect(time < .seconds(1))
    }
}

/// The manual's rules written down plainly: expand each `**` into single stars, then try every place.
private enum Manual {
    static func matches(_ pattern: String, _ path: String) -> Bool {
        var parts = pattern.split(separator: "/").map(String.init)
        if pattern.hasPrefix("/") { parts.insert("/", at: 0) }
        return expand(parts, ["/"] + path.split(separator: "/").map(String.init))
    }

    private static func expand(_ parts: [String], _ names: [String]) -> Bool {
        guard let wildcard = parts.firstIndex(of: "**") else { return anywhere(parts, names) }
        let room = names.count - parts.count + 1
        guard room >= 0 else { return false }
        return (0...room).contains { count in
            var expanded = parts
            expanded.replaceSubrange(wildcard...wildcard, with: [String](repeating: "*", count: count))
            return expand(expanded, names)
        }
    }

    private static func anywhere(_ parts: [String], _ names: [String]) -> Bool {
        guard !parts.isEmpty, parts.count <= names.count else { return false }
        let starts = parts[0] == "/" ? 0...0 : 1...max(1, names.count - parts.count)
        return starts.contains { start in
            start + parts.count <= names.count
                && parts.indices.allSatisfy { one(Array(parts[$0]), Array(names[start + $0])) }
        }
    }

    private static func one(_ pattern: [Character], _ name: [Character]) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        let rest = Array(pattern.dropFirst())
        switch first {
        case "*": return name != ["/"] && (0...name.count).contains { one(rest, Array(name[$0...])) }
        case "?": return !name.isEmpty && one(rest, Array(name.dropFirst()))
        case "[":
            let end = pattern.firstIndex(of: "]") ?? 0
            return name.first.map { pattern[1..<end].contains($0) } == true
                && one(Array(pattern[(end + 1)...]), Array(name.dropFirst()))
        default: return name.first == first && one(rest, Array(name.dropFirst()))
        }
    }
}

// Files of patterns: what counts as a line, what as a comment, and what the environment adds.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeSource

private func patterns(_ text: String, _ environment: [String: String] = [:]) -> [String] {
    PatternFile.patterns(in: Array(text.utf8)) { environment[$0].map { Array($0.utf8) } }
        .map { String(decoding: $0, as: UTF8.self) }
}

@Suite("Pattern files")
struct PatternFileTests {
    @Test("Blank lines and comments count for nothing, white space around a pattern neither")
    func lines() {
        #expect(patterns("# no\n\n  *.c  \n\t#no\nfoo bar\r\n\n x#y") == ["*.c", "foo bar", "x#y"])
    }

    @Test(
        "Variables are filled in, and two dollars are one",
        arguments: [
            ("$HOME/tmp", "/h/tmp"), ("${HOME}x", "/hx"), ("$HOMEx", ""), ("$$x", "$x"), ("a$", "a$"), ("$/x", "$/x"),
            ("${}x", "x"), ("${x", "x"), ("${$}", "$"), ("$NONE/x", "/x"), ("price$5", "price"),
        ])
    func variables(_ line: String, _ expected: String) {
        #expect(patterns(line, ["HOME": "/h"]) == (expected.isEmpty ? [] : [expected]))
    }

    @Test("Byte order marks and UTF-16 are understood")
    func marks() {
        #expect(PatternFile.patterns(in: [0xEF, 0xBB, 0xBF, 0x61]) { _ in nil } == [[0x61]])
        #expect(PatternFile.patterns(in: [0xFF, 0xFE, 0x61, 0, 0x0A, 0, 0x62, 0]) { _ in nil } == [[0x61], [0x62]])
        #expect(PatternFile.patterns(in: [0xFE, 0xFF, 0, 0x61]) { _ in nil } == [[0x61]])
    }

    @Test("A file that is not there is an error that names it")
    func missing() throws {
        let folder = try TemporaryDirectory()
        let error = #expect(throws: HikaeError.self) { try PatternFile.patterns(at: folder.path("none")) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("none") == true)
        #expect(try PatternFile.patterns(at: folder.write("some", "x\n")) == [[0x78]])
    }
}

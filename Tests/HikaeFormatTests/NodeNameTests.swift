import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

/// A node's name as it stands in a tree, quotes included.
private func written(_ name: [UInt8]) -> String {
    let json = text(Tree(nodes: [Node(name: name, kind: .file)]).encoded())
    let start = json.index(json.startIndex, offsetBy: #"{"nodes":[{"name":"#.count)
    guard let end = json.firstRange(of: #","type":"#)?.lowerBound else { return "" }
    return String(json[start..<end])
}

private func readName(_ quoted: String) -> [UInt8]? {
    let json = #"{"nodes":[{"name":"# + quoted + #","type":"file","content":null}]}"#
    return try? Tree(decoding: utf8(json)).nodes.first?.name
}

@Suite struct NodeNameTests {
    /// Go's strconv.Quote, then encoding/json: written down from Go's documentation and source.
    @Test(arguments: [
        (utf8("plain.txt"), #""plain.txt""#),
        (utf8("with space"), #""with space""#),
        (utf8("a\"b"), #""a\\\"b""#),
        (utf8("a\\b"), #""a\\\\b""#),
        (utf8("it's"), #""it's""#),
        (utf8("<&>"), #""\u003c\u0026\u003e""#),
        (utf8("\u{7}\u{8}\u{C}\n\r\t\u{B}"), #""\\a\\b\\f\\n\\r\\t\\v""#),
        ([0x01, 0x1F, 0x7F], #""\\x01\\x1f\\x7f""#),
        ([0xFF, 0xFE], #""\\xff\\xfe""#),
        ([0x61, 0xC3], #""a\\xc3""#),
        ([0xED, 0xA0, 0x80], #""\\xed\\xa0\\x80""#),
        (utf8("日本語"), #""日本語""#),
        (utf8("é"), #""é""#),
        (utf8("e\u{301}"), #""e\#u{301}""#),
        (utf8("\u{AD}"), #""\\u00ad""#),
        (utf8("\u{A0}"), #""\\u00a0""#),
        (utf8("\u{3000}"), #""\\u3000""#),
        (utf8("\u{200B}\u{FEFF}"), #""\\u200b\\ufeff""#),
        (utf8("\u{2028}"), #""\\u2028""#),
        (utf8("\u{E000}"), #""\\ue000""#),
        (utf8("\u{FFFD}"), "\"\u{FFFD}\""),
        (utf8("\u{378}"), #""\\u0378""#),
        (utf8("😀"), #""😀""#),
        (utf8("\u{1F9FF}"), "\"\u{1F9FF}\""),
        (utf8("\u{E0001}"), #""\\U000e0001""#),
        (utf8("\u{10FFFF}"), #""\\U0010ffff""#),
        // Unicode 13 knows the first of these, 14 the second, 15 the third.
        (utf8("\u{1FAD0}"), "\"\u{1FAD0}\""),
        (utf8("\u{1FAE0}"), #""\\U0001fae0""#),
        (utf8("\u{1FAE8}"), #""\\U0001fae8""#),
    ])
    func aNameIsWrittenAsResticWritesIt(name: [UInt8], expected: String) {
        #expect(written(name) == expected)
        #expect(readName(expected) == name)
    }

    @Test func everyNameReadsBack() throws {
        var random = SeededGenerator()
        for _ in 0..<5000 {
            let name = random.name()
            #expect(readName(written(name)) == name)
        }
        for byte in UInt8.min...UInt8.max { #expect(readName(written([byte])) == [byte]) }
    }

    @Test func everyCharacterReadsBack() {
        var name: [UInt8] = []
        for value in stride(from: UInt32(0), to: 0x110000, by: 7) where Unicode.Scalar(value) != nil {
            UTF8Scan.append(value, to: &name)
        }
        #expect(readName(written(name)) == name)
    }

    @Test func whatGosUnquoteRefusesIsRefused() {
        for refused in [
            #""\\""#, #""\\q""#, #""\\x1""#, #""\\xg0""#, #""\\u12""#, #""\\ud800""#, #""\\U00110000""#,
            #""\\U0000d800""#,
            #""\\400""#, #""\\08""#, #""\\18""#, #""\\'""#, #""a\"b""#, #""a\nb""#,
        ] {
            #expect(readName(refused) == nil, "\(refused)")
        }
        #expect(readName(#""\\101\\377\\x41\\u0041\\U00000041""#) == [0x41, 0xFF, 0x41, 0x41, 0x41])
    }
}

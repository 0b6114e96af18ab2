import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

private func read<Value>(
    _ json: String, _ body: (inout JSONReader) throws(HikaeError) -> Value
) throws(HikaeError) -> Value {
    try read(utf8(json), body)
}

private func read<Value>(
    _ json: [UInt8], _ body: (inout JSONReader) throws(HikaeError) -> Value
) throws(HikaeError) -> Value {
    try json.withBytes { (bytes) throws(HikaeError) in
        var reader = JSONReader(bytes, of: "test")
        let value = try body(&reader)
        try reader.finish()
        return value
    }
}

private func string(_ json: String) -> String? {
    try? text(read(json) { (reader) throws(HikaeError) in try reader.string() })
}

private func skips(_ json: String) -> Bool {
    thrown { () throws(HikaeError) in try read(json) { (reader) throws(HikaeError) in try reader.skip() } } == nil
}

@Suite struct JSONReaderTests {
    @Test func stringsAreReadAsGoReadsThem() {
        #expect(string(#""""#) == "")
        #expect(string(#" "a b" "#) == "a b")
        #expect(string(#""\"\\\/\b\f\n\r\t""#) == "\"\\/\u{8}\u{C}\n\r\t")
        #expect(string(#""\u00e9\u65e5\ud83d\ude00""#) == "é日😀")
        #expect(string(#""\ud83d""#) == "\u{FFFD}")
        #expect(string(#""\ud83dx""#) == "\u{FFFD}x")
        #expect(string(#""\ud83d\u0041""#) == "\u{FFFD}A")
        #expect(string(#""\ude00\ud83d""#) == "\u{FFFD}\u{FFFD}")
        for broken in [#"""#, #""a"#, #""\x""#, #""\u12""#, #""\u12g4""#, #""\"#, "\"\n\"", "\"\u{1}\"", "a", "1", ""] {
            #expect(string(broken) == nil, "\(broken)")
        }
    }

    @Test func invalidUTF8BecomesOneReplacementAByte() throws {
        let result = try read([0x22, 0xFF, 0x61, 0xE6, 0x97, 0xC0, 0x80, 0xED, 0xA0, 0x80, 0x22]) {
            (reader) throws(HikaeError) in try reader.string()
        }
        #expect(text(result) == "\u{FFFD}a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")
    }

    @Test func stringsOfEveryLengthAndPlaceAreFound() throws {
        for length in 0...40 {
            for mark in 0..<max(length, 1) {
                var content = [UInt8](repeating: 0x61, count: length)
                if length > 0 { content.replaceSubrange(mark...mark, with: utf8("é")) }
                let json = [0x22] + content + [0x22]
                #expect(try read(json) { (reader) throws(HikaeError) in try reader.string() } == content)
                if length > 0 {
                    content.replaceSubrange(mark..<mark + 2, with: utf8(#"\n"#))
                    var expected = [UInt8](repeating: 0x61, count: length)
                    expected[mark] = 0x0A
                    let escaped = [0x22] + content + [0x22]
                    #expect(try read(escaped) { (reader) throws(HikaeError) in try reader.string() } == expected)
                }
            }
        }
    }

    @Test func numbersAreWholeAndFit() {
        func unsigned(_ json: String) -> UInt64? {
            try? read(json) { (reader) throws(HikaeError) in try reader.unsigned() }
        }
        func signed(_ json: String) -> Int64? {
            try? read(json) { (reader) throws(HikaeError) in try reader.signed() }
        }
        #expect(unsigned("0") == 0)
        #expect(unsigned("18446744073709551615") == .max)
        #expect(unsigned("18446744073709551616") == nil)
        #expect(unsigned("99999999999999999999") == nil)
        #expect(unsigned("100000000000000000000000") == nil)
        for refused in ["", "-1", "1.0", "1e3", "1E3", "01", "00", "+1", "0x1", "\"1\"", "true", "1 2"] {
            #expect(unsigned(refused) == nil, "\(refused)")
        }
        #expect(signed("-9223372036854775808") == .min)
        #expect(signed("-9223372036854775809") == nil)
        #expect(signed("9223372036854775807") == .max)
        #expect(signed("9223372036854775808") == nil)
        #expect(signed("-0") == 0)
        #expect(signed("-") == nil)
        #expect(signed("--1") == nil)
    }

    @Test func whateverIsNoJSONIsRefused() {
        for json in [
            "{}", "[]", #"{"a":1}"#, #"{ "a" : [ 1 , -2.5e+3 , true , false , null , "x" , {} ] , "b" : {} }"#, "null",
            "[[[]]]",
        ] {
            #expect(skips(json), "\(json)")
        }
        for json in [
            "", "{", "[", "}", "]", "[1", "[1,", "[1,]", "[,1]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#,
            #"{"a" 1}"#, "[1 2]", "{1:2}", "nul", "tru", "falsy", "[1}", #"{"a":1]"#, "[]x", "[] []", "\u{0}", "-",
            "[-]",
        ] {
            #expect(!skips(json), "\(json)")
        }
    }

    @Test func nestingIsBounded() {
        #expect(skips(String(repeating: "[", count: 128) + String(repeating: "]", count: 128)))
        #expect(!skips(String(repeating: "[", count: 129) + String(repeating: "]", count: 129)))
        #expect(!skips(String(repeating: "{\"a\":", count: 1_000_000)))
    }

    @Test func namesWithEscapesAreTheNamesTheyMean() throws {
        let found = try read(#"{"n\u0061me":"x"}"#) { (reader) throws(HikaeError) in
            try reader.beginObject()
            let matches = try reader.nextKey()?.is("name")
            try reader.skip()
            _ = try reader.nextKey()
            return matches
        }
        #expect(found == true)
    }

    @Test func faultsNameTheDocumentAndTheByte() {
        let error = thrown { () throws(HikaeError) in
            try read("[1,x]") { (reader) throws(HikaeError) in try reader.skip() }
        }
        #expect(error?.message == "the test is damaged: an unexpected value at byte 3")
    }
}

@Suite struct JSONWriterTests {
    @Test func structureIsGos() {
        var json = JSONWriter()
        json.beginObject()
        json.key("a")
        json.beginArray()
        json.number(1)
        json.string("x")
        json.null()
        json.bool(true)
        json.beginObject()
        json.endObject()
        json.endArray()
        json.key("b")
        json.number(0.5)
        json.key("c")
        json.number(3.0)
        json.key("d")
        json.base64([0xFF, 0])
        json.key("e")
        json.strings([])
        json.endObject()
        #expect(text(json.bytes) == #"{"a":[1,"x",null,true,{}],"b":0.5,"c":3,"d":"/wA=","e":[]}"#)
    }

    /// What Go 1.19's encoding/json makes of every ASCII byte, and of what is none.
    @Test func stringsAreEscapedAsGoEscapesThem() {
        func written(_ bytes: [UInt8]) -> String {
            var json = JSONWriter()
            json.string(bytes)
            return text(json.bytes)
        }
        for byte in UInt8(0)...0x7F {
            let expected =
                switch byte {
                case 0x22: #""\"""#
                case 0x5C: #""\\""#
                case 0x0A: #""\n""#
                case 0x0D: #""\r""#
                case 0x09: #""\t""#
                case 0..<0x20, 0x26, 0x3C, 0x3E: "\"\\u00\(Hex.encode([byte]))\""
                default: "\"\(Character(Unicode.Scalar(byte)))\""
                }
            #expect(written([byte]) == expected)
            #expect(written(utf8("plain text ") + [byte]).hasSuffix(String(expected.dropFirst())))
        }
        #expect(written(utf8("日本語é😀\u{FFFD}")) == "\"日本語é😀\u{FFFD}\"")
        #expect(written(utf8("\u{2028}\u{2029}\u{2027}")) == "\"\\u2028\\u2029\u{2027}\"")
        #expect(written([0xFF, 0x61, 0xC3]) == #""\ufffda\ufffd""#)
        #expect(written([0xED, 0xA0, 0x80]) == #""\ufffd\ufffd\ufffd""#)
    }

    @Test func whatIsWrittenReadsBack() throws {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let value = random.name() + random.name()
            var json = JSONWriter()
            json.string(value)
            let back = try read(json.bytes) { (reader) throws(HikaeError) in try reader.string() }
            if UTF8Scan.isValid(value) {
                #expect(back == value)
            } else {
                var repaired: [UInt8] = []
                value.withUnsafeBufferPointer { UTF8Scan.appendRepaired($0, to: &repaired) }
                #expect(back == repaired)
            }
        }
    }
}

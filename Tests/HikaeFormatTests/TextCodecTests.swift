import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

@Suite struct TextCodecTests {
    @Test func base64IsTheRFCs() {
        let vectors = [
            "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
            "foobar": "Zm9vYmFy",
        ]
        for (plain, coded) in vectors {
            #expect(Base64.encode(utf8(plain)) == utf8(coded))
            #expect(Base64.decode(utf8(coded)) == utf8(plain))
        }
        for broken in ["Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm9v=", "Z*==", "=Zg=", "Zm9vY", "===="] {
            #expect(Base64.decode(utf8(broken)) == nil, "\(broken)")
        }
        #expect(Base64.decode(utf8("Zm9v\r\nYmFy")) == utf8("foobar"))
        var random = SeededGenerator()
        for count in 0..<200 {
            let bytes = random.bytes(count)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test func identifiersGoThroughHexAndBack() {
        var random = SeededGenerator()
        for _ in 0..<1000 {
            let id = random.blobID()
            var written = [UInt8](repeating: 0, count: 64)
            written.withUnsafeMutableBytes { HexWords.write(id, at: $0.baseAddress.unsafelyUnwrapped) }
            #expect(text(written) == id.hex)
            let upper = utf8(id.hex.uppercased())
            for digits in [written, upper] {
                #expect(
                    digits.withUnsafeBytes { HexWords.identifier($0.baseAddress.unsafelyUnwrapped, as: BlobKind.self) }
                        == id)
            }
        }
    }

    @Test func everyByteThatIsNoHexDigitIsRefused() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<8 {
                var digits = [UInt8](repeating: 0x30, count: 8)
                digits[place] = byte
                let word = digits.withUnsafeBytes { UInt64(littleEndian: $0.load(as: UInt64.self)) }
                #expect((HexWords.half(word) != nil) == (Hex.value(byte) != nil), "\(byte) at \(place)")
            }
        }
    }

    @Test func timesAreGos() {
        func written(_ time: Timestamp) -> String {
            var json = JSONWriter()
            json.time(time)
            return text(json.bytes)
        }
        #expect(written(.zero) == "\"0001-01-01T00:00:00Z\"")
        #expect(written(Timestamp(seconds: 1_340_179_200, offset: 32400)) == "\"2012-06-20T17:00:00+09:00\"")
        #expect(written(Timestamp(seconds: -1, nanoseconds: 500_000_000)) == "\"1969-12-31T23:59:59.5Z\"")
        #expect(written(Timestamp(seconds: 951_827_696, nanoseconds: 1)) == "\"2000-02-29T12:34:56.000000001Z\"")
        #expect(written(Timestamp(seconds: 0, offset: -12600)) == "\"1969-12-31T20:30:00-03:30\"")
        // Go rounds a zone to whole minutes, towards zero, and writes no minus for it then.
        #expect(written(Timestamp(seconds: 0, offset: -30)) == "\"1969-12-31T23:59:30+00:00\"")
        #expect(written(Timestamp(seconds: 0, offset: 33539)) == "\"1970-01-01T09:18:59+09:18\"")
    }

    /// restic's FixTime: the year moves into 0...9999, all else stays.
    @Test func yearsThatJSONCannotHoldAreMoved() {
        func written(_ seconds: Int64, _ offset: Int32 = 0) -> String {
            var json = JSONWriter()
            json.time(Timestamp(seconds: seconds, nanoseconds: 7, offset: offset))
            return text(json.bytes)
        }
        #expect(written(253_402_300_799) == "\"9999-12-31T23:59:59.000000007Z\"")
        #expect(written(253_402_300_800) == "\"9999-01-01T00:00:00.000000007Z\"")
        #expect(written(253_402_300_799, 3600) == "\"9999-01-01T00:59:59.000000007+01:00\"")
        #expect(written(-62_167_219_200) == "\"0000-01-01T00:00:00.000000007Z\"")
        #expect(written(-62_167_219_201) == "\"0000-12-31T23:59:59.000000007Z\"")
        // 29 February of the year 12000 has no place in 9999.
        #expect(written(316_521_302_400) == "\"9999-03-01T00:00:00.000000007Z\"")
        #expect(written(.max).hasPrefix("\"9999-"))
        #expect(written(.min).hasPrefix("\"0000-"))
    }

    @Test func timesReadBackAndAgreeWithHikaeCore() {
        var random = SeededGenerator()
        for _ in 0..<5000 {
            let time = random.timestamp()
            var json = JSONWriter()
            json.time(time)
            let written = Array(json.bytes.dropFirst().dropLast())
            #expect(text(written) == time.rfc3339)
            let back = written.withUnsafeBufferPointer { TimeText.parse($0) }
            #expect(back == time)
            #expect(back?.offset == time.offset)
        }
    }

    @Test func whatIsNoTimeIsRefused() {
        for refused in [
            "", "2012", "2012-06-20", "2012-06-20T17:00:00", "2012-13-20T17:00:00Z", "2012-00-20T17:00:00Z",
            "2012-06-32T17:00:00Z", "2012-06-20T24:00:00Z", "2012-06-20T17:60:00Z", "2012-06-20T17:00:00.Z",
            "2012-06-20T17:00:00+9:00", "2012-06-20T17:00:00+09:60", "2012-06-20T17:00:00Zz", "2012-06-20T17:00:00.5",
            "x012-06-20T17:00:00Z", "2012/06/20T17:00:00Z", "2012-06-20T17:00:00.123456789012Zx",
        ] {
            #expect(utf8(refused).withUnsafeBufferPointer { TimeText.parse($0) } == nil, "\(refused)")
        }
        let long = utf8("2012-06-20T17:00:00.1234567891234+09:00").withUnsafeBufferPointer { TimeText.parse($0) }
        #expect(long?.nanoseconds == 123_456_789)
    }
}

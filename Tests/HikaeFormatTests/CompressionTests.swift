import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

private func compress(_ bytes: [UInt8], _ compressor: Compressor) -> [UInt8]? {
    var output: [UInt8] = []
    return bytes.withUnsafeBytes { compressor.compress($0, into: &output) }.map { count in
        precondition(count == output.count)
        return output
    }
}

private func decompress(_ bytes: [UInt8], size: Int) throws(HikaeError) -> [UInt8] {
    var output: [UInt8] = [9, 9]
    try bytes.withBytes { (input) throws(HikaeError) in
        try Decompressor().decompress(input, size: size, into: &output)
    }
    return output
}

extension SeededGenerator {
    /// Text-like bytes: words of a small vocabulary.
    mutating func prose(_ count: Int) -> [UInt8] {
        let words = (0..<200).map { _ in (0..<int(2...9)).map { _ in UInt8(int(0x61...0x7A)) } + [0x20] }
        var prose: [UInt8] = []
        while prose.count < count { prose += words[int(0...199)] }
        return Array(prose[..<count])
    }
}

@Suite struct CompressionTests {
    @Test(arguments: [CompressionMode.fastest, .auto, .better, .max])
    func whatIsCompressedComesBackAtEverySize(mode: CompressionMode) throws {
        var random = SeededGenerator()
        let compressor = Compressor(mode: mode)
        for size in [1023, 1024, 1025, 65535, 65536, 131_072, 131_073, 1_000_000] {
            let prose = random.prose(size)
            let frame = try #require(compress(prose, compressor))
            #expect(frame.count < size)
            #expect(try decompress(frame, size: size) == prose)
        }
    }

    @Test func whatDoesNotShrinkIsLeftAlone() {
        var random = SeededGenerator()
        let compressor = Compressor(mode: .auto)
        for size in [0, 1, 10, 100, 1000, 100_000, 1_000_000] {
            #expect(compress(random.bytes(size), compressor) == nil)
        }
        // The context is none the worse for having given up.
        #expect(compress([UInt8](repeating: 7, count: 1000), compressor) != nil)
    }

    @Test func offCompressesNothing() {
        #expect(compress([UInt8](repeating: 7, count: 100_000), Compressor(mode: .off)) == nil)
    }

    @Test func theSizeGivenIsTheSizeOrTheBytesAreDamaged() throws {
        var random = SeededGenerator()
        let prose = random.prose(10_000)
        let frame = try #require(compress(prose, Compressor(mode: .auto)))
        for size in [0, 1, 9_999, 10_001, 1 << 30, -1] {
            #expect(thrown { () throws(HikaeError) in _ = try decompress(frame, size: size) }?.code == .damaged)
        }
        for length in 0..<frame.count {
            let cut = Array(frame[..<length])
            #expect(thrown { () throws(HikaeError) in _ = try decompress(cut, size: 10_000) }?.code == .damaged)
        }
        #expect(thrown { () throws(HikaeError) in _ = try decompress([1, 2, 3, 4, 5], size: 5) }?.code == .damaged)
    }

    /// A frame that claims a terabyte must not be believed.
    @Test func theFramesOwnSizeTakesNoMemory() {
        let claim = hex("28b52ffd e0 0000000000010000 01 000000".replacing(" ", with: ""))
        #expect(thrown { () throws(HikaeError) in _ = try decompress(claim, size: 1 << 40) }?.code == .damaged)
        #expect(thrown { () throws(HikaeError) in _ = try UnpackedFile.decode([2] + claim) } != nil)
    }
}

@Suite struct UnpackedFileTests {
    @Test func bothVersionsReadBack() throws {
        var random = SeededGenerator()
        let compressor = Compressor(mode: .auto)
        for size in [2, 3, 50, 1000, 200_000, 3_000_000] {
            let json = utf8("{\"") + random.prose(size) + utf8("\"}")
            let plain = UnpackedFile.encode(json, version: 1, compressor: compressor)
            #expect(plain == json)
            #expect(try UnpackedFile.decode(plain) == json)
            let packed = UnpackedFile.encode(json, version: 2, compressor: compressor)
            #expect(packed[0] == 2)
            #expect(try UnpackedFile.decode(packed) == json)
        }
    }

    @Test func compressionOffStillCompressesWhatIsNoFile() throws {
        let json = utf8("{\"a\":\"" + String(repeating: "x", count: 1000) + "\"}")
        let packed = UnpackedFile.encode(json, version: 2, compressor: Compressor(mode: .off))
        #expect(packed.count < 100)
        #expect(try UnpackedFile.decode(packed) == json)
    }

    @Test func whatIsNoFileIsRefused() throws {
        func code(_ bytes: [UInt8]) -> HikaeError.Code? {
            thrown { () throws(HikaeError) in _ = try UnpackedFile.decode(bytes) }?.code
        }
        #expect(code([]) == .damaged)
        #expect(code([1, 0x7B]) == .unsupported)
        #expect(code([3]) == .unsupported)
        #expect(code([2]) == .damaged)
        #expect(code([2, 1, 2, 3]) == .damaged)
        let packed = UnpackedFile.encode(utf8("{\"a\":1}"), version: 2, compressor: Compressor(mode: .auto))
        for length in 1..<packed.count { #expect(code(Array(packed[..<length])) == .damaged, "\(length)") }
        #expect(code(packed + [0]) == .damaged)
    }

    /// A few hundred kilobytes that stand for gigabytes of zeros.
    @Test func aBombIsDefused() throws {
        var output: [UInt8] = []
        var bomb: [UInt8] = []
        let compressor = Compressor(mode: .fastest)
        let block = [UInt8](repeating: 0x20, count: 64 << 20)
        block.withUnsafeBytes { compressor.appendFrame($0, to: &output) }
        for _ in 0..<20 { bomb += output }
        let limit = 100 << 20
        var content: [UInt8] = []
        let error = thrown { () throws(HikaeError) in
            try bomb.withBytes { (bytes) throws(HikaeError) in
                try Decompressor().stream(bytes, limit: limit, into: &content)
            }
        }
        #expect(error?.code == .limit)
        #expect(content.count <= limit + 1)
    }
}

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

extension SeededGenerator {
    /// Blobs that follow each other from offset 0.
    mutating func blobs(_ count: Int) -> [PackedBlob] {
        var offset: UInt32 = 0
        return (0..<count).map { _ in
            let blob = PackedBlob(
                id: blobID(), type: bool() ? .data : .tree, offset: offset, length: UInt32(int(32...9000)),
                uncompressedLength: bool() ? 0 : UInt32(int(1...100_000)))
            offset += blob.length
            return blob
        }
    }

    /// A whole pack of these blobs, with noise for content.
    mutating func pack(_ blobs: [PackedBlob], key: CryptoKey) -> [UInt8] {
        var pack = bytes(blobs.reduce(0) { $0 + Int($1.length) })
        let header = key.seal(PackHeader.encode(blobs))
        pack += header
        withUnsafeBytes(of: UInt32(header.count).littleEndian) { pack.append(contentsOf: $0) }
        return pack
    }
}

private func readHeader(
    _ pack: [UInt8], key: CryptoKey, reads: inout Int
) throws(HikaeError) -> [PackedBlob] {
    var count = 0
    defer { reads = count }
    return try PackHeader.read(size: UInt64(pack.count), key: key) { (offset, length) throws(HikaeError) in
        count += 1
        return Array(pack[Int(offset)..<Int(offset) + length])
    }
}

@Suite struct PackHeaderTests {
    @Test(arguments: [1, 2, 14, 15, 16, 17, 100, 1000])
    func aPacksHeaderReadsBackInOneOrTwoReads(count: Int) throws {
        var random = SeededGenerator()
        let key = CryptoKey.random()
        let blobs = random.blobs(count)
        let pack = random.pack(blobs, key: key)
        var reads = 0
        #expect(try readHeader(pack, key: key, reads: &reads) == blobs)
        #expect(reads <= (count <= 15 ? 1 : 2))
        #expect(PackHeader.sealedSize(blobs) == pack.count - blobs.reduce(0) { $0 + Int($1.length) })
    }

    @Test func anEntryIsResticsBytes() {
        let id = BlobID(words: 0x0102_0304_0506_0708, 0, 0, 9)
        let tail = "0102030405060708" + String(repeating: "0", count: 46) + "09"
        let plain = PackedBlob(id: id, type: .tree, offset: 0, length: 0x0403_0201, uncompressedLength: 0)
        let packed = PackedBlob(id: id, type: .data, offset: 0, length: 66, uncompressedLength: 0x0D0C_0B0A)
        #expect(PackHeader.encode([plain]) == hex("01 01020304" + tail))
        #expect(PackHeader.encode([packed]) == hex("02 42000000 0a0b0c0d" + tail))
    }

    @Test func whatIsNoHeaderIsRefused() {
        var random = SeededGenerator()
        let header = PackHeader.encode(random.blobs(3))
        func refused(_ bytes: [UInt8]) -> Bool {
            thrown { () throws(HikaeError) in _ = try PackHeader.decode(bytes) }?.code == .damaged
        }
        #expect(!refused(header))
        #expect(refused(Array(header.dropLast())))
        #expect(refused([4] + header.dropFirst()))
        #expect(refused(header + [0]))
        let huge = PackedBlob(id: random.blobID(), type: .data, offset: 0, length: .max, uncompressedLength: 0)
        #expect(refused(PackHeader.encode([huge, huge])))
        let tiny = PackedBlob(id: random.blobID(), type: .data, offset: 0, length: 31, uncompressedLength: 0)
        #expect(refused(PackHeader.encode([tiny])))
    }

    @Test func aPackThatIsNotWholeIsRefused() throws {
        var random = SeededGenerator()
        let key = CryptoKey.random()
        let blobs = random.blobs(20)
        let pack = random.pack(blobs, key: key)
        var reads = 0
        for broken in [
            Array(pack.dropFirst()), [0] + pack, Array(pack.dropLast()), pack + [0], Array(pack.suffix(100)), [],
            [0, 0, 0, 0],
            Array(pack.dropLast(4)) + [0, 0, 0, 0], Array(pack.dropLast(4)) + [0xFF, 0xFF, 0xFF, 0xFF],
            Array(pack.dropLast(4)) + [0xFF, 0xFF, 0xFF, 0], random.pack([], key: key),
        ] {
            let error = thrown { () throws(HikaeError) in _ = try readHeader(broken, key: key, reads: &reads) }
            #expect(error?.code == .damaged)
        }
        #expect(
            thrown { () throws(HikaeError) in _ = try readHeader(pack, key: .random(), reads: &reads) }?.code
                == .damaged)
    }

    @Test func theLengthOfThePlaintextIsKnown() {
        var blob = PackedBlob(id: BlobID(words: 0, 0, 0, 0), type: .data, offset: 0, length: 132, uncompressedLength: 0)
        #expect(blob.plaintextLength == 100)
        blob.uncompressedLength = 5000
        #expect(blob.plaintextLength == 5000)
    }
}

private func read(_ json: [UInt8]) throws(HikaeError) -> (packs: [(FileID, [PackedBlob])], supersedes: [FileID]) {
    var packs: [(FileID, [PackedBlob])] = []
    var supersedes: [FileID] = []
    try IndexCodec.decode(
        json, supersedes: { supersedes.append($0) }, pack: { packs.append(($0, [])) },
        blob: { (pack, blob) throws(HikaeError) in
            guard pack == packs.last?.0 else { throw HikaeError(.damaged, "a blob of another pack") }
            packs[packs.count - 1].1.append(blob)
        })
    return (packs, supersedes)
}

@Suite struct IndexCodecTests {
    @Test func anIndexIsWrittenAsResticWritesIt() {
        let pack = FileID(words: 0, 0, 0, 0xAB)
        let id = BlobID(words: 0, 0, 0, 0xCD)
        let zeros = String(repeating: "0", count: 62)
        let json = IndexCodec.encode(
            packs: [
                (
                    pack,
                    [
                        PackedBlob(id: id, type: .data, offset: 0, length: 38, uncompressedLength: 0),
                        PackedBlob(id: id, type: .tree, offset: 38, length: 112, uncompressedLength: 511),
                    ]
                )
            ], supersedes: [pack])
        #expect(
            text(json)
                == #"{"supersedes":["\#(zeros)ab"],"packs":[{"id":"\#(zeros)ab","blobs":[{"id":"\#(zeros)cd","type":"data","#
                + #""offset":0,"length":38},{"id":"\#(zeros)cd","type":"tree","offset":38,"length":112,"#
                + #""uncompressed_length":511}]}]}"# + "\n")
        #expect(text(IndexCodec.encode(packs: [], supersedes: [])) == "{\"packs\":[]}\n")
    }

    @Test func whatIsWrittenReadsBack() throws {
        var random = SeededGenerator()
        for _ in 0..<50 {
            var packs: [(FileID, [PackedBlob])] = []
            for _ in 0..<random.int(0...10) { packs.append((random.fileID(), random.blobs(random.int(0...60)))) }
            let supersedes = (0..<random.int(0...3)).map { _ in random.fileID() }
            let back = try read(IndexCodec.encode(packs: packs, supersedes: supersedes))
            #expect(back.supersedes == supersedes)
            #expect(back.packs.map(\.0) == packs.map(\.0))
            #expect(back.packs.map(\.1) == packs.map(\.1))
        }
    }

    @Test func resticsFirstFormatIsRead() throws {
        var random = SeededGenerator()
        let packs = [(random.fileID(), random.blobs(3)), (random.fileID(), random.blobs(2))]
        let json = text(IndexCodec.encode(packs: packs, supersedes: []))
        let list = json.dropFirst("{\"packs\":".count).dropLast(2)
        let back = try read(utf8(String(list)))
        #expect(back.packs.map(\.0) == packs.map(\.0))
        #expect(back.packs.map(\.1) == packs.map(\.1))
    }

    @Test func theOrderOfMembersIsFree() throws {
        let id = String(repeating: "ab", count: 32)
        let json =
            #"{ "packs" : [ {"blobs":[{"length":40,"future":1,"offset":2,"id":"\#(id)","type":"tree"}], "x":{}, "id":"\#(id)"} ], "#
            + #""supersedes": null, "later": [1,2] }"#
        let back = try read(utf8(json))
        #expect(back.packs.count == 1)
        #expect(back.packs.first?.1.first?.length == 40)
    }

    @Test func impossibleNumbersAreRefused() {
        let id = String(repeating: "ab", count: 32)
        func verdict(_ blob: String) -> HikaeError.Code? {
            let json = #"{"packs":[{"id":"\#(id)","blobs":[{"id":"\#(id)",\#(blob)}]}]}"#
            return thrown { () throws(HikaeError) in _ = try read(utf8(json)) }?.code
        }
        #expect(verdict(#""type":"data","offset":0,"length":32"#) == nil)
        #expect(verdict(#""type":"data","offset":4294967263,"length":32"#) == nil)
        for blob in [
            #""type":"data","offset":0,"length":31"#, #""type":"data","offset":4294967264,"length":32"#,
            #""type":"data","offset":4294967296,"length":32"#, #""type":"data","offset":-1,"length":32"#,
            #""type":"data","offset":0,"length":4294967296"#, #""type":"data","offset":0"#,
            #""type":"data","offset":0,"length":32,"uncompressed_length":4294967296"#,
            #""type":"date","offset":0,"length":32"#,
            #""offset":0,"length":32"#, #""type":"data","offset":0,"length":18446744073709551616"#,
        ] {
            #expect(verdict(blob) == .damaged, "\(blob)")
        }
        for json in ["", "{", "[", "{\"packs\":[{}]}", "{\"packs\":{}}", "[{\"id\":1}]", "{\"packs\":[]}]", "null"] {
            #expect(thrown { () throws(HikaeError) in _ = try read(utf8(json)) }?.code == .damaged, "\(json)")
        }
    }

    @Test func theReadersErrorStopsTheReading() {
        var random = SeededGenerator()
        let json = IndexCodec.encode(packs: [(random.fileID(), random.blobs(100))], supersedes: [])
        var seen = 0
        let error = thrown { () throws(HikaeError) in
            try IndexCodec.decode(
                json,
                blob: { (_, _) throws(HikaeError) in
                    seen += 1
                    if seen == 5 { throw HikaeError(.cancelled, "enough") }
                })
        }
        #expect(error?.code == .cancelled)
        #expect(seen == 5)
    }
}

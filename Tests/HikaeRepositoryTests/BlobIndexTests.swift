// The index finds everything it was given and nothing else, however it was brought in.

import HikaeCore
import HikaeFormat
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeRepository

struct BlobIndexTests {
    private func segment(_ blobs: [[PackedBlob]], _ generator: inout SeededGenerator, in directory: String) throws
        -> IndexSegment
    {
        var builder = IndexSegmentBuilder(directory: directory)
        builder.addIndexFile(randomID(&generator).cast())
        for pack in blobs {
            builder.addPack(randomID(&generator).cast())
            for blob in pack { try builder.addBlob(blob) }
        }
        return try builder.build(path: "\(directory)/\(generator.next()).segment", unlink: true)
    }

    private func randomID(_ generator: inout SeededGenerator) -> BlobID {
        BlobID(words: generator.next(), generator.next(), generator.next(), generator.next())
    }

    private func randomBlob(_ generator: inout SeededGenerator, _ type: BlobType) -> PackedBlob {
        PackedBlob(
            id: randomID(&generator), type: type, offset: UInt32.random(in: 0...1 << 24, using: &generator),
            length: UInt32.random(in: 33...1 << 20, using: &generator), uncompressedLength: 7)
    }

    @Test(arguments: [1, 7, 8, 9, 63, 1000, 20_000])
    func everyEntryIsFoundAndNoOther(count: Int) throws {
        var generator = SeededGenerator()
        let directory = try TemporaryDirectory()
        let blobs = (0..<count).map { randomBlob(&generator, $0.isMultiple(of: 3) ? .tree : .data) }
        let index = BlobIndex([try segment([blobs], &generator, in: directory.path)])
        #expect(index.entryCount == count)
        for blob in blobs {
            let location = try #require(index.lookup(blob.id, blob.type))
            #expect(location.offset == blob.offset && location.length == blob.length)
            #expect(location.pack == index.packs[0])
            #expect(index.lookup(blob.id, blob.type == .data ? .tree : .data) == nil)
            let position = try #require(index.lookupPosition(blob.id, blob.type))
            #expect(index.blob(at: position) == blob)
        }
        for _ in 0..<1000 { #expect(!index.contains(randomID(&generator), .data)) }
    }

    @Test func idsWithEqualBeginningsAreToldApart() throws {
        var generator = SeededGenerator()
        let directory = try TemporaryDirectory()
        let blobs = (0..<300).map { number in
            PackedBlob(
                id: BlobID(words: 5, 5, UInt64(number / 2), UInt64(number)), type: .data, offset: UInt32(number),
                length: 40, uncompressedLength: 0)
        }
        let index = BlobIndex([try segment([blobs.shuffled(using: &generator)], &generator, in: directory.path)])
        for blob in blobs { #expect(index.lookup(blob.id, .data)?.offset == blob.offset) }
        #expect(index.lookup(BlobID(words: 5, 5, 0, 9999), .data) == nil)
    }

    @Test func everyCopyOfABlobIsListed() throws {
        var generator = SeededGenerator()
        let directory = try TemporaryDirectory()
        let blob = randomBlob(&generator, .data)
        var again = blob
        again.offset += 1
        let first = try segment([[blob, again], [again]], &generator, in: directory.path)
        let second = try segment([[blob]], &generator, in: directory.path)
        let index = BlobIndex([first, second])
        #expect(index.copies(blob.id, .data).count == 4)
        #expect(Set(index.copies(blob.id, .data).map(\.pack)).count == 3)
        #expect(Set(index.copyPositions(blob.id, .data)).count == 4)
    }

    @Test func positionsAreDenseAndNumberTheirPacks() throws {
        var generator = SeededGenerator()
        let directory = try TemporaryDirectory()
        var segments: [IndexSegment] = []
        for _ in 0..<3 {
            let packs = (0..<5).map { _ in (0..<40).map { _ in randomBlob(&generator, .data) } }
            segments.append(try segment(packs, &generator, in: directory.path))
        }
        let index = BlobIndex(segments)
        var next = 0
        let packs = index.packs
        try index.forEachEntry { position, pack, blob in
            #expect(position == next)
            next += 1
            #expect(index.packNumber(at: position) == pack)
            #expect(index.location(position).pack == packs[pack])
            #expect(index.blob(at: position) == blob)
        }
        #expect(next == 600 && next == index.entryCount)
    }

    @Test func runsThatSpillToDiskMergeIntoOneOrder() throws {
        var generator = SeededGenerator()
        let directory = try TemporaryDirectory()
        var builder = IndexSegmentBuilder(directory: directory.path)
        builder.addIndexFile(randomID(&generator).cast())
        builder.addPack(randomID(&generator).cast())
        let count = IndexSegmentBuilder.runLimit + 5000
        for _ in 0..<count { try builder.addBlob(randomBlob(&generator, .data)) }
        let segment = try builder.build(path: directory.path("merged"), unlink: false)
        #expect(segment.count == count)
        var previous = segment.entry(0).id
        for position in 1..<count {
            let id = segment.entry(position).id
            if id < previous { Issue.record("entry \(position) is out of order") }
            previous = id
        }
        #expect(Files.names(in: directory.path) == ["merged"])
    }

    @Test func aCutOrForeignSegmentFileIsRefused() throws {
        var generator = SeededGenerator()
        let directory = try TemporaryDirectory()
        var builder = IndexSegmentBuilder(directory: directory.path)
        builder.addIndexFile(randomID(&generator).cast())
        builder.addPack(randomID(&generator).cast())
        for _ in 0..<100 { try builder.addBlob(randomBlob(&generator, .data)) }
        let path = directory.path("whole")
        _ = try builder.build(path: path, unlink: false)
        let bytes = try Files.read(path)
        for length in [0, 1, 63, 64, bytes.count - 1] {
            let cut = try directory.write("cut", Array(bytes.prefix(length)))
            #expect(IndexSegment(path: cut) == nil)
        }
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= UInt8(1 << (position % 8))
            let path = try directory.write("changed", changed)
            if IndexSegment(path: path) != nil { Issue.record("byte \(position) may not change unseen") }
        }
        #expect(IndexSegment(path: path) != nil)
    }
}

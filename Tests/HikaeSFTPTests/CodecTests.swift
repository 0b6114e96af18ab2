// Packets, without a server: what is written is read back, and no bytes make the reading fall over.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeSFTP

@Suite struct CodecTests {
    /// Splits a stream that comes in pieces of the given lengths into packets.
    private func split(_ stream: [UInt8], pieces: () -> Int) throws -> [[UInt8]] {
        let splitter = FrameSplitter()
        var packets: [[UInt8]] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let piece = rest.prefix(min(pieces(), splitter.room.count))
            piece.withUnsafeBytes { splitter.room.copyMemory(from: $0) }
            splitter.added(piece.count)
            rest = rest.dropFirst(piece.count)
            while let packet = try splitter.next() { packets.append(Array(packet)) }
        }
        return packets
    }

    @Test func packetsComeOutAsTheyWentInHoweverTheStreamIsCut() throws {
        var random = SeededGenerator()
        for _ in 0..<20 {
            var stream: [UInt8] = []
            var wanted: [[UInt8]] = []
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                let length = Bool.random(using: &random) ? Int.random(in: 1...50, using: &random) : 200_000
                let body = random.bytes(length)
                stream += (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + body
                wanted.append(body)
            }
            let largest = [3, 1000, 700_000].randomElement(using: &random) ?? 3
            let found = try split(stream) { Int.random(in: 1...largest, using: &random) }
            #expect(found == wanted)
        }
    }

    @Test func aPacketTooLongIsNoSFTP() {
        for start in [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], Array("Welcome".utf8)] as [[UInt8]] {
            let error = #expect(throws: HikaeError.self) { try split(start) { 100 } }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test func attributesAreReadAsTheyWereWritten() throws {
        var random = SeededGenerator()
        for _ in 0..<500 {
            func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
            var attributes = FileAttributes()
            attributes.size = maybe(UInt64.random(in: 0...UInt64.max, using: &random))
            if Bool.random(using: &random) {
                (attributes.uid, attributes.gid) = (UInt32.random(in: 0...9, using: &random), 7)
                (attributes.accessTime, attributes.modificationTime) = (1, UInt32.max)
            }
            attributes.mode = maybe(UInt32.random(in: 0...UInt32.max, using: &random))
            var writer = PacketWriter()
            attributes.write(to: &writer)
            let read = try writer.bytes.withUnsafeBytes { bytes in
                var reader = PacketReader(bytes)
                let read = try FileAttributes(reading: &reader)
                #expect(reader.remaining == 0)
                return read
            }
            #expect(read == attributes)
        }
    }

    @Test func namesAreReadAsTheyWereWritten() throws {
        var writer = PacketWriter()
        writer.begin(104)
        writer.uint32(77)
        writer.uint32(2)
        var attributes = FileAttributes()
        attributes.mode = 0o100644
        attributes.size = 12
        for name in ["a", "二"] {
            writer.string(Array(name.utf8))
            writer.string(Array("-rw-r--r-- \(name)".utf8))
            attributes.write(to: &writer)
        }
        writer.end()
        let (id, reply) = try writer.bytes.withUnsafeBytes { bytes in
            try Reply.decode(UnsafeRawBufferPointer(rebasing: bytes[4...]))
        }
        #expect(id == 77)
        guard case .names(let names) = reply else { throw HikaeError(.damaged, "no names") }
        #expect(names.map(\.name) == [Array("a".utf8), Array("二".utf8)])
        #expect(names.allSatisfy { $0.attributes == attributes })
    }

    /// Whatever comes, decoding gives a reply or an error: it neither traps nor reads behind the end.
    @Test func anyBytesAreAReplyOrAnError() {
        var random = SeededGenerator()
        var replies = 0
        for _ in 0..<20_000 {
            var packet = random.bytes(Int.random(in: 0...80, using: &random))
            if packet.count > 12 {
                packet[0] = [101, 102, 103, 104, 105, 201].randomElement(using: &random) ?? 101
                // Small lengths, so that many are believable.
                for place in stride(from: 5, to: packet.count - 4, by: 4) where Bool.random(using: &random) {
                    packet.replaceSubrange(place..<place + 4, with: [0, 0, 0, UInt8.random(in: 0...9, using: &random)])
                }
            }
            packet.withUnsafeBytes { bytes in
                do { if case (_, .status) = try Reply.decode(bytes) { replies += 1 } } catch {}
                do { _ = try ServerFeatures(greeting: bytes) } catch {}
            }
        }
        #expect(replies > 100)
    }

    @Test func aListingAsksOnUntilItsEndAndClosesOnce() {
        var machine = ListingMachine(path: Array("/d".utf8))
        var steps = machine.begin()
        var reads = 0
        var closes = 0
        var attributes = FileAttributes()
        attributes.mode = 0o100644
        while !steps.isEmpty {
            let step = steps.removeFirst()
            switch step {
            case .open: steps += machine.take(.handle([1]), of: step)
            case .read:
                reads += 1
                let name = RemoteName(name: Array("f\(reads)".utf8), longName: [], attributes: attributes)
                let reply: Reply =
                    reads <= 50 ? .names([name]) : .status(ReplyStatus(code: ReplyStatus.endOfFile, message: ""))
                steps += machine.take(reply, of: step)
            case .close:
                closes += 1
                steps += machine.take(.status(ReplyStatus(code: 0, message: "")), of: step)
            case .attributes, .target: Issue.record("nothing more is to be asked")
            }
        }
        #expect(machine.isDone)
        #expect(closes == 1)
        #expect(machine.takeEntries().count == 50)
        #expect(reads < 60)
    }

    @Test func ownersAreBelievedOnlyBeyondDoubt() {
        var attributes = FileAttributes()
        (attributes.size, attributes.uid, attributes.gid) = (123, 1000, 1000)
        func owners(_ line: String) -> OwnerNames { OwnerNames(longName: Array(line.utf8), attributes: attributes) }
        #expect(
            owners("-rw-r--r--    1 web      www-data       123 Jan  1 12:00 a")
                == OwnerNames(user: "web", group: "www-data"))
        #expect(owners("-rw-r--r--    1 1000     1000           123 Jan  1 12:00 a") == OwnerNames(user: "", group: ""))
        // A name with a blank moves the columns.
        #expect(
            owners("-rw-r--r--    1 DOM\\a b  users          123 Jan  1 12:00 a") == OwnerNames(user: "", group: ""))
        #expect(owners("-rw-r--r--    1 web      www-data       124 Jan  1 12:00 a") == OwnerNames(user: "", group: ""))
        #expect(owners("a") == OwnerNames(user: "", group: ""))
    }

    @Test func whatIsShownHasNoControlCharacters() {
        #expect(Printable.path(Array("a\u{1B}[2Jb".utf8)) == "a\\x1B[2Jb")
        #expect(Printable.path(Array("受注".utf8)) == "受注")
        #expect(
            !Printable.path([0xC2, 0x9B, 0x0A, 0xE9]).unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x9B })
    }
}

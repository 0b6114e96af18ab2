// What an SFTP server may send: the input is its stream, cut into packets, each taken for the answer to what a listing
// asks next.

import HikaeCore

@testable import HikaeSFTPWire

enum SFTPExercise {
    /// What is wrong with how these bytes were taken; nil when all is well.
    static func breach(_ input: [UInt8]) -> String? {
        let splitter = FrameSplitter()
        var bounds = ListingMachine.Bounds()
        (bounds.entries, bounds.nameBytes) = (500, 4000)
        var machine = ListingMachine(path: [0x2F], bounds: bounds)
        var steps = machine.begin()
        let piece = Int(input.first ?? 0) + 1
        var rest = input.dropFirst()
        do throws(HikaeError) {
            while !rest.isEmpty {
                let part = rest.prefix(piece)
                part.withUnsafeBytes { splitter.room.copyMemory(from: $0) }
                splitter.added(part.count)
                rest = rest.dropFirst(part.count)
                while let packet = try splitter.next() {
                    _ = try? ServerFeatures(greeting: packet)
                    let (_, reply) = try Reply.decode(packet)
                    guard !steps.isEmpty else { return verdict(&machine) }
                    steps += machine.take(reply, of: steps.removeFirst())
                    if steps.count > 600 { return "more is asked than there are entries" }
                }
            }
        } catch {
            return error.code == .protocolViolation || error.code == .unsupported ? nil : "\(error)"
        }
        return verdict(&machine)
    }

    private static func verdict(_ machine: inout ListingMachine) -> String? {
        let entries = machine.takeEntries()
        for (one, next) in zip(entries, entries.dropFirst()) where !one.name.lexicographicallyPrecedes(next.name) {
            return "the names are not in order"
        }
        for entry in entries where !RemotePath.isEntryName(entry.name) { return "a name leads elsewhere" }
        for problem in machine.problems where problem.message.utf8.contains(where: { $0 < 0x20 }) {
            return "a message has control characters"
        }
        return nil
    }

    /// An honest listing, and one with names that lead elsewhere.
    static var seeds: [[UInt8]] {
        [["a", "日本", "b c"], ["..", "x/y", ""]].map { names in
            var attributes = FileAttributes()
            (attributes.size, attributes.uid, attributes.gid, attributes.mode) = (5, 1, 1, 0o120777)
            var writer = PacketWriter()
            writer.begin(102)
            writer.uint32(1)
            writer.string([1])
            writer.end()
            writer.begin(104)
            writer.uint32(2)
            writer.uint32(UInt32(names.count))
            for name in names {
                writer.string(Array(name.utf8))
                writer.string(Array("lrwxrwxrwx 1 web web 5 Jan 1 12:00 \(name)".utf8))
                attributes.write(to: &writer)
            }
            writer.end()
            writer.begin(101)
            writer.uint32(3)
            writer.uint32(1)
            writer.string(Array("end".utf8))
            writer.end()
            return [40] + writer.bytes
        }
    }
}

// The parity file of one pack: checksums of its blocks and blocks of parity, so that damage is found to the block and
// mended. Its head stands at both ends: damage to one leaves the other.
//
// head = "HIKAEPA1", the pack's ID (32), its size (8, little-endian), bytes of a block (4), blocks of data (1), blocks
// of parity (1), 16 bytes of SHA-256 for each block, SHA-256 of all that (32). file = head, blocks of parity, head.

public import HikaeCore
import HikaeFormat

/// What lets a pack be mended alone.
public struct PackParity: Sendable {
    private static let magic = Array("HIKAEPA1".utf8)
    private static let sumBytes = 16
    private static let fixedBytes = 8 + 32 + 8 + 4 + 1 + 1
    /// Blocks of data at most, and bytes of one at least.
    private static let blocks = 200, smallest = 512
    /// Bytes of the largest pack that parity is made for: 1 GiB.
    static let largestPack: UInt64 = 1 << 30

    public let pack: FileID
    public let shape: ParityShape
    let size: Int
    let length: Int
    private let sums: [[UInt8]]
    private let parity: [UInt8]

    /// The parity of a pack.
    ///
    /// - Parameter share: which part of the pack may be lost, above 0 and at most 0.25; at least one block always.
    public init(_ bytes: [UInt8], pack: FileID, share: Double) throws(HikaeError) {
        guard share > 0, share <= 0.25 else {
            throw HikaeError(.usage, "parity is made for more than 0 % and at most 25 %")
        }
        guard !bytes.isEmpty, UInt64(bytes.count) <= Self.largestPack else {
            throw HikaeError(.usage, "pack \(pack.short) is empty or too large for parity")
        }
        let count = min(Self.blocks, max(1, bytes.count / Self.smallest))
        length = (bytes.count + count - 1) / count
        let used = (bytes.count + length - 1) / length
        shape = try ParityShape(data: used, parity: Self.parity(data: used, share: share))
        (self.pack, size) = (pack, bytes.count)
        let padded = bytes + [UInt8](repeating: 0, count: used * length - bytes.count)
        parity = ReedSolomon(shape).parity(padded, length: length)
        sums = Self.sums(padded, length) + Self.sums(parity, length)
    }

    /// The file's bytes.
    public var encoded: [UInt8] {
        var head = Self.magic + (Hex.decode(pack.hex.utf8) ?? [])
        for shift in stride(from: 0, to: 64, by: 8) { head.append(UInt8(truncatingIfNeeded: size >> shift)) }
        for shift in stride(from: 0, to: 32, by: 8) { head.append(UInt8(truncatingIfNeeded: length >> shift)) }
        head += [UInt8(shape.data), UInt8(shape.parity)]
        for sum in sums { head += sum }
        head += Self.hash(head[...])
        return head + parity + head
    }

    /// Reads a parity file. Throws `.damaged` when both its heads are, or it is another pack's.
    public init(decoding bytes: [UInt8], of pack: FileID) throws(HikaeError) {
        let last = Self.lastHead(bytes)
        guard let head = Self.head(bytes[...]) ?? last, head.pack == pack else {
            throw HikaeError(.damaged, "the parity of pack \(pack.short) is damaged or another pack's")
        }
        (self.pack, shape, size, length, sums) = (pack, head.shape, head.size, head.length, head.sums)
        let room = head.shape.parity * head.length
        guard bytes.count == 2 * head.bytes + room else {
            throw HikaeError(.damaged, "the parity of pack \(pack.short) has another length than it says")
        }
        parity = Array(bytes[head.bytes..<(head.bytes + room)])
    }

    /// Bytes of the parity file of a pack of so many bytes: what tells parity of another share, without reading it.
    static func bytes(ofPack bytes: UInt64, share: Double) -> UInt64? {
        guard bytes > 0, bytes <= largestPack else { return nil }
        let count = min(UInt64(blocks), max(1, bytes / UInt64(smallest)))
        let length = (bytes + count - 1) / count
        let used = (bytes + length - 1) / length
        let parity = UInt64(Self.parity(data: Int(used), share: share))
        return 2 * (UInt64(fixedBytes + 32) + (used + parity) * UInt64(sumBytes)) + parity * length
    }

    private static func parity(data: Int, share: Double) -> Int { max(1, Int((Double(data) * share).rounded(.up))) }

    /// Which part of the pack may be lost.
    public var share: Double { min(0.25, Double(shape.parity) / Double(shape.data)) }

    /// Whether both heads and every block of parity of a file are what they must be.
    public static func isWhole(_ bytes: [UInt8], of pack: FileID) -> Bool {
        guard let first = head(bytes[...]), let last = lastHead(bytes), first.pack == pack, first.bytes == last.bytes,
            bytes.prefix(first.bytes).elementsEqual(bytes.suffix(last.bytes)),
            let parity = try? PackParity(decoding: bytes, of: pack)
        else { return false }
        return sums(parity.parity, parity.length) == Array(parity.sums[parity.shape.data...])
    }

    /// The pack as it was. Throws `.damaged` when more of it is damaged than its parity mends.
    ///
    /// - Parameter bytes: what is left of the pack, of any length.
    public func mend(_ bytes: [UInt8]) throws(HikaeError) -> [UInt8] {
        let room = shape.data * length
        var blocks = Array(bytes.prefix(size))
        blocks += [UInt8](repeating: 0, count: room - blocks.count)
        blocks += parity
        var lost: Set<Int> = []
        for (number, sum) in Self.sums(blocks, length).enumerated() where sum != sums[number] { lost.insert(number) }
        try ReedSolomon(shape).mend(&blocks, lost: lost, length: length)
        let mended = Array(blocks.prefix(size))
        guard Digest.fileID(mended) == pack else {
            throw HikaeError(.damaged, "pack \(pack.short) is not whole after mending: its parity is of no use")
        }
        return mended
    }

    // MARK: Heads and sums

    private struct Head {
        var pack: FileID
        var size, length, bytes: Int
        var shape: ParityShape
        var sums: [[UInt8]]
    }

    /// The head at the beginning of `bytes`; nil when it is damaged.
    private static func head(_ bytes: ArraySlice<UInt8>) -> Head? {
        let start = bytes.startIndex
        guard bytes.count >= fixedBytes, bytes.prefix(8).elementsEqual(magic) else { return nil }
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(bytes[start + offset + $1]) << (8 * $1) }
        }
        let count = Int(number(52, 1)) + Int(number(53, 1))
        let end = fixedBytes + count * sumBytes
        guard bytes.count >= end + 32,
            hash(bytes[start..<(start + end)]).elementsEqual(bytes[(start + end)..<(start + end + 32)]),
            let pack = FileID(hex: Hex.encode(bytes[(start + 8)..<(start + 40)])),
            let shape = try? ParityShape(data: Int(number(52, 1)), parity: Int(number(53, 1)))
        else { return nil }
        let (size, length) = (number(40, 8), number(48, 4))
        // What the sums let through was written by Hikae; what it is used for is bounded all the same.
        guard size > 0, size <= largestPack, length > 0, UInt64(shape.data) * length >= size,
            UInt64(shape.data) * length < size + length
        else { return nil }
        let sums = (0..<count).map { Array(bytes[(start + fixedBytes + $0 * sumBytes)...].prefix(sumBytes)) }
        return Head(
            pack: pack, size: Int(size), length: Int(length), bytes: end + 32, shape: shape, sums: sums)
    }

    /// The head at the end, found by trying every length that one can have.
    private static func lastHead(_ bytes: [UInt8]) -> Head? {
        for count in 2...255 {
            let length = fixedBytes + count * sumBytes + 32
            guard length <= bytes.count else { return nil }
            if let head = head(bytes[(bytes.count - length)...]), head.bytes == length { return head }
        }
        return nil
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Hex.decode(Digest.fileID(Array(bytes)).hex.utf8) ?? []
    }

    private static func sums(_ blocks: [UInt8], _ length: Int) -> [[UInt8]] {
        stride(from: 0, to: blocks.count, by: length).map { offset in
            Array(hash(blocks[offset..<(offset + length)]).prefix(sumBytes))
        }
    }
}

// The zip format, written as a stream: sizes and checksum stand behind each file's content. The content is not
// compressed, but wrapped in the blocks that deflate has for that, so that readers of streams see where it ends.

import HikaeCore
import HikaeFormat

/// Writes entries one after another.
struct ZipWriter: ~Copyable {
    private struct Entry {
        var name: [UInt8]
        var mode: UInt32
        var time: UInt32
        var seconds: Int64
        var checksum: UInt32 = 0
        var size: UInt64 = 0
        var stored: UInt64 = 0
        var offset: UInt64
        var isLarge = false
        var method: UInt16 = 0
    }

    private var output: ArchiveOutput
    private var entries: [Entry] = []
    private var checksum = Checksum32()

    init(_ output: consuming ArchiveOutput) { self.output = output }

    /// Begins a file, directory or symlink under `path` (no leading slash).
    mutating func begin(_ node: Node, path: [UInt8], size: UInt64) throws(HikaeError) {
        var entry = Entry(
            name: node.kind == .dir ? path + [UInt8(ascii: "/")] : path, mode: Self.mode(node),
            time: Self.dosTime(node.mtime), seconds: node.mtime.seconds, offset: output.position)
        entry.method = node.kind == .file ? 8 : 0
        entry.isLarge = size >= 0xF000_0000
        var header = Little()
        header.put32(0x0403_4B50)
        header.put16(entry.isLarge ? 45 : 20)
        header.put16((entry.method == 8 ? 8 : 0) | (String(validating: entry.name, as: UTF8.self) == nil ? 0 : 0x0800))
        header.put16(entry.method)
        header.put32(entry.time)
        let target = node.kind == .symlink ? node.linkTarget : []
        if entry.method == 0 {
            var sum = Checksum32()
            sum.add(target)
            (entry.checksum, entry.size, entry.stored) = (sum.value, UInt64(target.count), UInt64(target.count))
        }
        header.put32(entry.checksum)
        header.put32(entry.isLarge ? .max : UInt32(entry.stored))
        header.put32(entry.isLarge ? .max : UInt32(entry.size))
        header.put16(UInt16(clamping: entry.name.count))
        let extra = Self.timeField(entry.seconds) + (entry.isLarge ? Self.largeField([0, 0]) : [])
        header.put16(UInt16(extra.count))
        try output.write(header.bytes + entry.name + extra + target)
        entries.append(entry)
        checksum = Checksum32()
    }

    /// Appends content of the file begun last.
    mutating func write(_ bytes: [UInt8]) throws(HikaeError) {
        checksum.add(bytes)
        let last = entries.count - 1
        for start in stride(from: 0, to: bytes.count, by: 0xFFFF) {
            let piece = Array(bytes[start..<min(start + 0xFFFF, bytes.count)])
            try put(block: piece, isLast: false, last)
        }
        entries[last].size += UInt64(bytes.count)
    }

    /// Ends the file begun last.
    mutating func end() throws(HikaeError) {
        let last = entries.count - 1
        guard entries[last].method == 8 else { return }
        try put(block: [], isLast: true, last)
        entries[last].checksum = checksum.value
        var descriptor = Little()
        descriptor.put32(0x0807_4B50)
        descriptor.put32(entries[last].checksum)
        if entries[last].isLarge {
            descriptor.put64(entries[last].stored)
            descriptor.put64(entries[last].size)
        } else {
            guard entries[last].stored <= UInt32.max else {
                throw HikaeError(.damaged, "a file's content is longer than its blobs say")
            }
            descriptor.put32(UInt32(entries[last].stored))
            descriptor.put32(UInt32(entries[last].size))
        }
        try output.write(descriptor.bytes)
    }

    /// Writes the directory of the archive.
    mutating func finish() throws(HikaeError) {
        let start = output.position
        for entry in entries { try output.write(Self.directoryEntry(entry)) }
        let size = output.position - start
        let count = UInt64(entries.count)
        var end = Little()
        if count >= 0xFFFF || start >= UInt64(UInt32.max) || size >= UInt64(UInt32.max) {
            let position = output.position
            end.put32(0x0606_4B50)
            end.put64(44)
            end.put16(45)
            end.put16(45)
            end.put32(0)
            end.put32(0)
            for value in [count, count, size, start] { end.put64(value) }
            end.put32(0x0706_4B50)
            end.put32(0)
            end.put64(position)
            end.put32(1)
        }
        end.put32(0x0605_4B50)
        end.put32(0)
        end.put16(UInt16(clamping: count))
        end.put16(UInt16(clamping: count))
        end.put32(UInt32(clamping: size))
        end.put32(UInt32(clamping: start))
        end.put16(0)
        try output.write(end.bytes)
        try output.flush()
    }

    /// One block of deflate that holds its bytes as they are.
    private mutating func put(block: [UInt8], isLast: Bool, _ entry: Int) throws(HikaeError) {
        var head = Little()
        head.bytes.append(isLast ? 1 : 0)
        head.put16(UInt16(block.count))
        head.put16(~UInt16(block.count))
        try output.write(head.bytes + block)
        entries[entry].stored += UInt64(head.bytes.count + block.count)
    }

    private static func directoryEntry(_ entry: Entry) -> [UInt8] {
        let isLarge = entry.isLarge || entry.offset >= UInt64(UInt32.max)
        var header = Little()
        header.put32(0x0201_4B50)
        header.put16(3 << 8 | 45)  // made on Unix: the mode counts
        header.put16(isLarge ? 45 : 20)
        header.put16((entry.method == 8 ? 8 : 0) | (String(validating: entry.name, as: UTF8.self) == nil ? 0 : 0x0800))
        header.put16(entry.method)
        header.put32(entry.time)
        header.put32(entry.checksum)
        header.put32(isLarge ? .max : UInt32(entry.stored))
        header.put32(isLarge ? .max : UInt32(entry.size))
        header.put16(UInt16(clamping: entry.name.count))
        let extra = timeField(entry.seconds) + (isLarge ? largeField([entry.size, entry.stored, entry.offset]) : [])
        header.put16(UInt16(extra.count))
        header.put16(0)
        header.put16(0)
        header.put16(0)
        header.put32(entry.mode << 16 | (entry.name.last == UInt8(ascii: "/") ? 0x10 : 0))
        header.put32(isLarge ? .max : UInt32(entry.offset))
        return header.bytes + entry.name + extra
    }

    /// Unix time, for readers that want it to the second and without a zone.
    private static func timeField(_ seconds: Int64) -> [UInt8] {
        guard let seconds = Int32(exactly: seconds) else { return [] }
        var field = Little()
        field.put16(0x5455)
        field.put16(5)
        field.bytes.append(1)
        field.put32(UInt32(bitPattern: seconds))
        return field.bytes
    }

    private static func largeField(_ values: [UInt64]) -> [UInt8] {
        var field = Little()
        field.put16(1)
        field.put16(UInt16(8 * values.count))
        for value in values { field.put64(value) }
        return field.bytes
    }

    private static func mode(_ node: Node) -> UInt32 {
        let type: UInt32 = node.kind == .dir ? 0o040000 : node.kind == .symlink ? 0o120000 : 0o100000
        return type | node.mode & 0o777
    }

    /// Two seconds' precision from 1980 on, in local time.
    private static func dosTime(_ time: Timestamp) -> UInt32 {
        let local = time.inLocalZone
        let date = CivilDate(secondsSince1970: local.seconds + Int64(local.offset))
        guard (1980...2107).contains(date.year) else { return 0x0021_0000 }
        let day = UInt32(date.year - 1980) << 9 | UInt32(date.month) << 5 | UInt32(date.day)
        return day << 16 | UInt32(date.hour) << 11 | UInt32(date.minute) << 5 | UInt32(date.second / 2)
    }
}

/// Little-endian numbers.
private struct Little {
    var bytes: [UInt8] = []

    mutating func put16(_ value: UInt16) { put(value) }
    mutating func put32(_ value: UInt32) { put(value) }
    mutating func put64(_ value: UInt64) { put(value) }

    private mutating func put(_ value: some FixedWidthInteger & UnsignedInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

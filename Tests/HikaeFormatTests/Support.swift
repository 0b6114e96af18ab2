// What the tests of this target share.

import HikaeCore
import HikaeTesting

@testable import HikaeFormat

/// The bytes of hexadecimal text, spaces allowed. Traps on anything else.
func hex(_ text: String) -> [UInt8] {
    guard let bytes = Hex.decode(text.utf8.filter { $0 != 0x20 }) else { fatalError("no hexadecimal: \(text)") }
    return bytes
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

func word(_ bytes: [UInt8]) -> (UInt64, UInt64) {
    let block = bytes.withUnsafeBytes { Block16($0) }
    return (UInt64(littleEndian: block.low), UInt64(littleEndian: block.high))
}

/// The error that `body` throws, or nil.
func thrown(_ body: () throws(HikaeError) -> Void) -> HikaeError? {
    do throws(HikaeError) {
        try body()
        return nil
    } catch {
        return error
    }
}

extension SeededGenerator {
    mutating func blobID() -> BlobID { BlobID(words: next(), next(), next(), next()) }

    mutating func fileID() -> FileID { FileID(words: next(), next(), next(), next()) }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func bool() -> Bool { next() & 1 == 1 }

    /// A random name that a directory can hold: often plain, often anything but NUL and `/`.
    mutating func name() -> [UInt8] {
        let name = anyName()
        return name == utf8(".") || name == utf8("..") ? utf8("_") + name : name
    }

    private mutating func anyName() -> [UInt8] {
        switch int(0...4) {
        case 0: return utf8("file-\(int(0...9999)).txt")
        case 1:
            return utf8(
                ["見積書", "Ünïcödé", "😀 party", "<a&b>", "\u{2028}\u{00AD}\u{FFFD}", "тест"].randomElement(using: &self)
                    ?? "")
        case 2: return (0..<int(1...40)).map { _ in UInt8(int(1...0x2E)) }
        default: return (0..<int(1...60)).map { _ in UInt8(int(1...255)) }.map { $0 == 0x2F ? 0x30 : $0 }
        }
    }

    mutating func timestamp() -> Timestamp {
        let nanoseconds = bool() ? int(0...999_999_999) : int(0...999) * 1_000_000
        let offsets = [0, 32400, -12600, 20700, 3600, -43200, 50400, 45900]
        return Timestamp(
            seconds: Int64(int(-62_135_000_000...253_402_200_000)), nanoseconds: Int32(nanoseconds),
            offset: Int32(offsets.randomElement(using: &self) ?? 0))
    }

    mutating func node() -> Node {
        let kinds: [NodeKind] = [.file, .dir, .symlink, .dev, .chardev, .fifo, .socket, .irregular]
        var node = Node(name: name(), kind: kinds.randomElement(using: &self) ?? .file)
        node.mode = UInt32(truncatingIfNeeded: next())
        node.mtime = timestamp()
        node.atime = timestamp()
        node.ctime = timestamp()
        node.uid = UInt32(truncatingIfNeeded: next())
        node.gid = bool() ? 0 : UInt32(truncatingIfNeeded: next())
        node.user = bool() ? "" : text(name())
        node.group = bool() ? "wheel" : text(name())
        node.inode = next() >> UInt64(int(0...63))
        node.deviceID = next() >> UInt64(int(0...63))
        node.size = next() >> UInt64(int(0...63))
        node.links = UInt64(int(0...3))
        if node.kind == .symlink { node.linkTarget = name() }
        for _ in 0..<max(0, int(-3...3)) {
            let count = int(0...40)
            node.extendedAttributes.append(ExtendedAttribute(name: "user.\(next())", value: bytes(count)))
        }
        if node.kind == .dev { node.device = next() }
        if node.kind == .file { node.content = (0..<int(0...4)).map { _ in blobID() } }
        if node.kind == .dir { node.subtree = blobID() }
        if int(0...20) == 0 { node.error = "read /x: <permission> & \"denied\"\n" }
        return node
    }
}

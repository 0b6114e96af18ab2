// The tar format of POSIX.1-2001: ustar headers, and a pax header in front of each entry that does not fit one.
// Writes names, targets and attributes as bytes; nothing is lost, whatever they are.

import HikaeCore
import HikaeFormat

/// Writes entries one after another. The content of a file must follow its header at once, exactly as long as said.
struct TarWriter: ~Copyable {
    private var output: ArchiveOutput
    private var remaining: UInt64 = 0
    private var padding = 0

    init(_ output: consuming ArchiveOutput) { self.output = output }

    /// Begins an entry under `path` (no leading slash). `linkedTo`: an earlier entry that is the same file.
    mutating func begin(_ node: Node, path: [UInt8], size: UInt64, linkedTo: [UInt8]? = nil) throws(HikaeError) {
        var header = Header(node, path: path, size: linkedTo == nil ? size : 0, linkedTo: linkedTo)
        let records = header.extractRecords(node)
        if !records.isEmpty {
            try output.write(Header.pax(count: records.count, name: path).bytes)
            try output.write(records)
            try output.write(zeros(Self.gap(UInt64(records.count))))
        }
        try output.write(header.bytes)
        remaining = header.size
        padding = Self.gap(remaining)
    }

    /// Appends content of the entry begun last.
    mutating func write(_ bytes: [UInt8]) throws(HikaeError) {
        guard UInt64(bytes.count) <= remaining else {
            throw HikaeError(.damaged, "a file's content is longer than its blobs say")
        }
        remaining -= UInt64(bytes.count)
        try output.write(bytes)
        if remaining == 0 { try output.write(zeros(padding)) }
    }

    /// Ends the archive.
    mutating func finish() throws(HikaeError) {
        try output.write(zeros(1024))
        try output.flush()
    }

    private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    private static func gap(_ size: UInt64) -> Int { Int((512 - size % 512) % 512) }
}

/// One header block.
private struct Header {
    var name: [UInt8]
    var mode: UInt32
    var uid: UInt64
    var gid: UInt64
    var size: UInt64
    var mtime: Int64
    var type: UInt8
    var link: [UInt8] = []
    var user: [UInt8] = []
    var group: [UInt8] = []
    var device: (major: UInt64, minor: UInt64) = (0, 0)

    init(_ node: Node, path: [UInt8], size: UInt64, linkedTo: [UInt8]?) {
        name = path
        // Go's flags back to the system's: setuid, setgid, sticky.
        mode = node.mode & 0o777
        for (flag, bit) in [(23, 0o4000), (22, 0o2000), (20, 0o1000)] where node.mode & 1 << UInt32(flag) != 0 {
            mode |= UInt32(bit)
        }
        (uid, gid, mtime) = (UInt64(node.uid), UInt64(node.gid), node.mtime.seconds)
        (user, group) = (Array(node.user.utf8), Array(node.group.utf8))
        self.size = node.kind == .file ? size : 0
        switch node.kind {
        case .dir:
            type = UInt8(ascii: "5")
            name.append(UInt8(ascii: "/"))
        case .symlink: (type, link) = (UInt8(ascii: "2"), node.linkTarget)
        case .fifo: type = UInt8(ascii: "6")
        case .chardev: type = UInt8(ascii: "3")
        case .dev: type = UInt8(ascii: "4")
        default: type = UInt8(ascii: "0")
        }
        if node.kind == .chardev || node.kind == .dev {
            // Linux's dev_t, taken apart as its `major` and `minor` do.
            device.major = (node.device >> 8 & 0xFFF) | (node.device >> 32 & ~0xFFF)
            device.minor = (node.device & 0xFF) | (node.device >> 12 & ~0xFF)
        }
        if let linkedTo { (type, link) = (UInt8(ascii: "1"), linkedTo) }
    }

    private init(name: [UInt8], size: UInt64, type: UInt8) {
        (self.name, self.size, self.type) = (name, size, type)
        (mode, uid, gid, mtime) = (0o644, 0, 0, 0)
    }

    /// The header of the pax records for the entry `name`.
    static func pax(count: Int, name: [UInt8]) -> Header {
        let last = name.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
        let ascii = last.map { (0x21..<0x7F).contains($0) ? $0 : UInt8(ascii: "_") }
        return Header(name: Array("PaxHeaders/".utf8) + ascii.prefix(80), size: UInt64(count), type: UInt8(ascii: "x"))
    }

    /// Takes out what does not fit the block, as pax records.
    mutating func extractRecords(_ node: Node) -> [UInt8] {
        var records: [UInt8] = []
        func isPlain(_ bytes: [UInt8], _ limit: Int) -> Bool {
            bytes.count <= limit && bytes.allSatisfy { $0 < 0x80 && $0 != 0 }
        }
        func add(_ key: String, _ value: [UInt8]) { records += Self.record(key, value) }
        let texts: [(String, WritableKeyPath<Header, [UInt8]>, Int)] = [
            ("path", \.name, 100), ("linkpath", \.link, 100), ("uname", \.user, 31), ("gname", \.group, 31),
        ]
        var isBinary = false
        for (key, text, limit) in texts where !isPlain(self[keyPath: text], limit) {
            let value = self[keyPath: text]
            // Bytes that are no UTF-8 fit the block as they are, and there no reader converts them.
            if value.count <= limit, !value.contains(0), String(validating: value, as: UTF8.self) == nil { continue }
            isBinary = isBinary || String(validating: value, as: UTF8.self) == nil
            add(key, value)
            // An old reader that skips the records still gets some name.
            self[keyPath: text] = Array(value.prefix(limit)).map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }
        }
        if size >= 1 << 33 { add("size", Array("\(size)".utf8)) }
        if uid >= 1 << 21 { add("uid", Array("\(uid)".utf8)) }
        if gid >= 1 << 21 { add("gid", Array("\(gid)".utf8)) }
        if node.mtime.nanoseconds != 0 || mtime < 0 || mtime >= 1 << 33 { add("mtime", Self.time(node.mtime)) }
        for attribute in node.extendedAttributes {
            switch attribute.name {
            case "system.posix_acl_access":
                if let text = AccessList.text(attribute.value) { add("SCHILY.acl.access", text) }
            case "system.posix_acl_default":
                if let text = AccessList.text(attribute.value) { add("SCHILY.acl.default", text) }
            default: add("SCHILY.xattr.\(attribute.name)", attribute.value)
            }
        }
        // What is no UTF-8 must be announced, or readers may convert it.
        return isBinary ? Self.record("hdrcharset", Array("BINARY".utf8)) + records : records
    }

    private static func time(_ time: Timestamp) -> [UInt8] {
        // Below zero the fraction still counts upwards in a Timestamp, and away from zero in a pax record.
        var (seconds, nanoseconds) = (time.seconds, Int64(time.nanoseconds))
        let isNegative = seconds < 0
        if isNegative, nanoseconds > 0 { (seconds, nanoseconds) = (seconds + 1, 1_000_000_000 - nanoseconds) }
        let digits = String(nanoseconds)
        let fraction = nanoseconds == 0 ? "" : "." + String(repeating: "0", count: 9 - digits.count) + digits
        return Array("\(isNegative ? "-" : "")\(seconds.magnitude)\(fraction)".utf8)
    }

    /// `LENGTH KEY=VALUE\n`, the length counting itself.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = Array(" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
        var length = body.count + String(body.count).utf8.count
        length = body.count + String(length).utf8.count
        return Array(String(length).utf8) + body
    }

    var bytes: [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ value: some Collection<UInt8>, _ offset: Int, _ width: Int) {
            for (index, byte) in value.prefix(width).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: UInt64, _ offset: Int, _ width: Int) {
            let limit = UInt64(1) << UInt64(3 * (width - 1))
            let digits = String(value < limit ? value : 0, radix: 8)
            put(
                Array((String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits).utf8), offset,
                width - 1)
        }
        put(name, 0, 100)
        octal(UInt64(mode), 100, 8)
        octal(uid, 108, 8)
        octal(gid, 116, 8)
        octal(size, 124, 12)
        octal(mtime < 0 ? 0 : UInt64(mtime), 136, 12)
        put(Array("        ".utf8), 148, 8)
        block[156] = type
        put(link, 157, 100)
        put(Array("ustar".utf8), 257, 6)
        put(Array("00".utf8), 263, 2)
        put(user, 265, 31)
        put(group, 297, 31)
        octal(device.major, 329, 8)
        octal(device.minor, 337, 8)
        let sum = block.reduce(0) { $0 + UInt64($1) }
        let digits = String(sum, radix: 8)
        put(Array((String(repeating: "0", count: max(0, 6 - digits.count)) + digits).utf8) + [0, 0x20], 148, 8)
        return block
    }
}

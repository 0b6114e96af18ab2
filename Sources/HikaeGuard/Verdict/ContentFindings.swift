// What the beginning of a file tells of it: an error page under another name, or noise where text should be.

/// What was found in the files that were read.
public struct ContentFindings: Sendable, Equatable {
    /// Files of one kind of finding.
    public struct Finding: Sendable, Equatable {
        public var count = 0
        /// The first few paths.
        public var examples: [String] = []

        public init() {}

        mutating func add(_ path: String) {
            count += 1
            if examples.count < 3 { examples.append(path) }
        }
    }

    /// Files whose names say what should be in them, and that were looked into.
    public var looked = 0
    /// HTML where something else should be.
    public var errorPages = Finding()
    /// Noise where something known should be.
    public var noise = Finding()

    public init() {}
}

/// Judges the first bytes of a file by its name.
enum ContentSniff {
    /// What the bytes look like.
    enum Finding { case asNamed, errorPage, noise }

    /// Bytes that are looked at.
    static let length = 512

    private enum Expectation {
        case text
        /// One of these beginnings, at this offset.
        case magic([[UInt8]], offset: Int)
    }

    private static let expectations: [String: Expectation] = {
        var table: [String: Expectation] = [:]
        for name in [
            "txt", "csv", "tsv", "html", "htm", "css", "js", "json", "xml", "php", "inc", "md", "sql", "svg", "ini",
            "conf", "cgi", "pl", "py", "rb", "yaml", "yml", "eml",
        ] {
            table[name] = .text
        }
        func bytes(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
        let zip: [[UInt8]] = [[0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 7, 8]]
        table["jpg"] = .magic([[0xFF, 0xD8, 0xFF]], offset: 0)
        table["jpeg"] = table["jpg"]
        table["png"] = .magic([[0x89, 0x50, 0x4E, 0x47]], offset: 0)
        table["gif"] = .magic(bytes("GIF8"), offset: 0)
        table["webp"] = .magic(bytes("RIFF"), offset: 0)
        table["pdf"] = .magic(bytes("%PDF"), offset: 0)
        for name in ["zip", "docx", "xlsx", "pptx", "odt", "ods", "jar", "epub"] {
            table[name] = .magic(zip, offset: 0)
        }
        for name in ["doc", "xls", "ppt"] { table[name] = .magic([[0xD0, 0xCF, 0x11, 0xE0]] + zip, offset: 0) }
        table["gz"] = .magic([[0x1F, 0x8B]], offset: 0)
        table["tgz"] = table["gz"]
        table["mp4"] = .magic(bytes("ftyp"), offset: 4)
        return table
    }()

    /// Whether the name says anything about the content.
    static func isExpected(_ name: [UInt8]) -> Bool { expectation(name) != nil }

    private static func expectation(_ name: [UInt8]) -> Expectation? {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0, name.count - dot <= 6 else { return nil }
        return expectations[String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()]
    }

    /// Judges the beginning of a file.
    static func judge(_ name: [UInt8], _ head: UnsafeRawBufferPointer) -> Finding {
        guard let expectation = expectation(name), !head.isEmpty else { return .asNamed }
        switch expectation {
        case .text:
            return isNoise(head) ? .noise : .asNamed
        case .magic(let beginnings, let offset):
            let begins = beginnings.contains { beginning in
                head.count >= offset + beginning.count
                    && head[offset..<offset + beginning.count].elementsEqual(beginning)
            }
            if begins { return .asNamed }
            if isHTML(head) { return .errorPage }
            // A picture under another picture's name is everyday life.
            if isKnown(head) { return .asNamed }
            return isNoise(head) ? .noise : .asNamed
        }
    }

    /// Whether it begins as files of any known kind do.
    private static func isKnown(_ head: UnsafeRawBufferPointer) -> Bool {
        if head.starts(with: Array("BM".utf8)) || head.starts(with: Array("II*".utf8))
            || head.starts(with: [0x4D, 0x4D, 0])
        {
            return true
        }
        return expectations.values.contains { expectation in
            guard case .magic(let beginnings, let offset) = expectation else { return false }
            return beginnings.contains {
                head.count >= offset + $0.count && head[offset..<offset + $0.count].elementsEqual($0)
            }
        }
    }

    private static func isHTML(_ head: UnsafeRawBufferPointer) -> Bool {
        var bytes = head[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let start = bytes.drop { $0 <= 0x20 }.prefix(15)
        let text = String(decoding: start, as: UTF8.self).lowercased()
        return text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<head")
    }

    /// Encrypted bytes have control characters everywhere, about one in nine; text in any encoding of our days has
    /// hardly any. Two-byte Unicode, whose zero bytes look like them, and compressed text are no noise.
    private static func isNoise(_ head: UnsafeRawBufferPointer) -> Bool {
        guard head.count >= 64 else { return false }
        if head.starts(with: [0x1F, 0x8B]) || head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            return false
        }
        var controls = 0
        var zeros = 0
        for byte in head {
            if byte == 0 { zeros += 1 }
            if byte < 0x20, byte != 9, byte != 10, byte != 12, byte != 13, byte != 27 { controls += 1 }
        }
        return controls * 20 > head.count && zeros * 5 < head.count
    }
}

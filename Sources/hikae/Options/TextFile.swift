// Small text files that people write: passwords, lists of paths, patterns. A byte order mark is understood.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reading of small files, whole.
enum TextFile {
    /// No list of paths or patterns is longer than this many bytes.
    static let limit = 1 << 30

    /// The bytes of a file, as UTF-8 when a byte order mark says it is UTF-16. `-` is standard input.
    ///
    /// - Parameter what: what the file is, for messages: "the password file".
    static func read(_ path: String, _ what: String? = nil) throws(HikaeError) -> [UInt8] {
        decoded(try readRaw(path, what))
    }

    /// The bytes of a file as they are. `-` is standard input.
    static func readRaw(_ path: String, _ what: String? = nil) throws(HikaeError) -> [UInt8] {
        if path == "-" { return try readAll(STDIN_FILENO, "standard input") }
        let bytes = ArgumentBytes.bytes(path).map { CChar(bitPattern: $0) } + [0]
        let descriptor = open(bytes, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HikaeError.system(what.map { "open \($0)" } ?? "open", path) }
        defer { close(descriptor) }
        return try readAll(descriptor, path)
    }

    /// All that can be read from an open descriptor.
    static func readAll(_ descriptor: Int32, _ name: String) throws(HikaeError) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw HikaeError.system("read", name)
            }
            content.append(contentsOf: buffer[..<count])
            guard content.count <= limit else { throw HikaeError(.limit, "\(name) is larger than 1 GiB") }
        }
    }

    /// The text without white space at either end.
    static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
            guard let first = bytes.firstIndex(where: { !isSpace($0) }),
                let last = bytes.lastIndex(where: { !isSpace($0) })
            else { return [] }
            return Array(bytes[first...last])
        }
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return [] }
        return Array(String(scalars[first...last]).utf8)
    }

    private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(bytes.dropFirst(3)) }
        let isLittle = bytes.starts(with: [0xFF, 0xFE])
        guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return bytes }
        var units: [UInt16] = []
        for index in stride(from: 2, to: bytes.count - 1, by: 2) {
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            units.append(isLittle ? second << 8 | first : first << 8 | second)
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}

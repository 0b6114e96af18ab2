// Files with one pattern a line, as --exclude-file and --include-file name them.

public import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads pattern files: `#` comments, blank lines, `$NAME` and `${NAME}` from the environment, `$$` for a dollar.
public enum PatternFile {
    /// No pattern file is larger, so one named by mistake is found out.
    static let maximumBytes = 64 << 20

    /// The patterns of the file at `path`, in order.
    public static func patterns(at path: String) throws(HikaeError) -> [[UInt8]] {
        patterns(in: try content(of: path)) { name in getenv(name).map { value in Array(bytes(of: value)) } }
    }

    /// The patterns in the content of such a file. `environment` gives a variable's value or nil.
    static func patterns(in content: [UInt8], environment: (String) -> [UInt8]?) -> [[UInt8]] {
        var patterns: [[UInt8]] = []
        for line in TextLines.split(content) {
            let line = TextLines.trimmed(line)
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            let pattern = expand(line, environment)
            if !pattern.isEmpty { patterns.append(pattern) }
        }
        return patterns
    }

    private static func bytes(of string: UnsafePointer<CChar>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: string, count: strlen(string))
    }

    private static func content(of path: String) throws(HikaeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open the pattern file", path) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("read the pattern file", path)
            }
            content += buffer[..<count]
            guard content.count <= maximumBytes else {
                throw HikaeError(.limit, "the pattern file \(path) is larger than 64 MiB")
            }
        }
        return content
    }

    // MARK: Variables

    /// `$NAME`, `${NAME}` and `$$` replaced, with the same readings of odd cases as Go's os.Expand.
    static func expand(_ line: [UInt8], _ environment: (String) -> [UInt8]?) -> [UInt8] {
        let dollar = UInt8(ascii: "$")
        guard line.contains(dollar) else { return line }
        var result: [UInt8] = []
        var position = 0
        while position < line.count {
            let byte = line[position]
            guard byte == dollar, position + 1 < line.count else {
                result.append(byte)
                position += 1
                continue
            }
            let (name, width) = variable(line[(position + 1)...])
            if !name.isEmpty {
                let key = String(decoding: name, as: UTF8.self)
                result += key == "$" ? [dollar] : environment(key) ?? []
            } else if width == 0 {
                result.append(dollar)
            }
            position += 1 + width
        }
        return result
    }

    /// The variable's name at the start of `text` and how many bytes to pass over; no name but a width: drop them.
    private static func variable(_ text: ArraySlice<UInt8>) -> (name: ArraySlice<UInt8>, width: Int) {
        let start = text.startIndex
        if text[start] == UInt8(ascii: "{") {
            guard let close = text.firstIndex(of: UInt8(ascii: "}")) else { return ([], 1) }
            return (text[(start + 1)..<close], close - start + 1)
        }
        if "*#$@!?-0123456789".utf8.contains(text[start]) { return (text[start...start], 1) }
        let name = text.prefix { byte in
            byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
        }
        return (name, name.count)
    }
}

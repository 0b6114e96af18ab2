// Paths as bytes, taken apart and put together by their text alone, as Go's path/filepath does. Never asks the system.

/// Lexical work on paths: no symlink is looked at, no directory is read.
public enum LexicalPath {
    static let slash = UInt8(ascii: "/")
    static let dot = UInt8(ascii: ".")

    /// The shortest path that means the same: no `//`, no `.`, no `..` behind a name, no slash at the end. "" gives ".".
    public static func clean(_ path: [UInt8]) -> [UInt8] {
        let isAbsolute = path.first == slash
        var parts: [ArraySlice<UInt8>] = []
        for part in path.split(separator: slash) {
            if part.elementsEqual([dot]) { continue }
            if part.elementsEqual([dot, dot]) {
                if let last = parts.last, !last.elementsEqual([dot, dot]) {
                    parts.removeLast()
                } else if !isAbsolute {
                    parts.append(part)
                }
                continue
            }
            parts.append(part)
        }
        var result: [UInt8] = isAbsolute ? [slash] : []
        for (index, part) in parts.enumerated() {
            if index > 0 { result.append(slash) }
            result += part
        }
        return result.isEmpty ? [dot] : result
    }

    /// `base/name`, cleaned. An empty part counts for nothing.
    public static func join(_ base: [UInt8], _ name: [UInt8]) -> [UInt8] {
        if base.isEmpty { return name.isEmpty ? [] : clean(name) }
        return clean(base + [slash] + name)
    }

    /// `directory/name` for a directory that is clean already and a plain name: nothing is cleaned.
    public static func child(of directory: [UInt8], _ name: [UInt8]) -> [UInt8] {
        var path: [UInt8] = []
        path.reserveCapacity(directory.count + 1 + name.count)
        path += directory
        if path.last != slash { path.append(slash) }
        path += name
        return path
    }

    /// The path made absolute against a working directory, and cleaned.
    public static func absolute(_ path: [UInt8], workingDirectory: [UInt8]) -> [UInt8] {
        path.first == slash ? clean(path) : join(workingDirectory, path)
    }

    /// All but the last component of a clean path: "/" for "/a", "." for "a".
    public static func parent(of path: [UInt8]) -> [UInt8] {
        guard let cut = path.lastIndex(of: slash) else { return [dot] }
        return cut == 0 ? [slash] : Array(path[..<cut])
    }

    /// The last component of a clean path.
    public static func name(of path: [UInt8]) -> [UInt8] {
        guard let cut = path.lastIndex(of: slash), path.count > 1 else { return path }
        return Array(path[(cut + 1)...])
    }

    /// The names that a clean path consists of, "/" and "." themselves having none.
    static func components(of path: [UInt8]) -> [[UInt8]] {
        let parts = path.split(separator: slash).map { Array($0) }
        return parts == [[dot]] ? [] : parts
    }
}

// Keys and paths. A key is any text; a path's names may not be empty, "." or "..", or too long. What does not fit is
// written with a mark, and can be read back exactly. docs/manual/buckets.md tells the marks to people.

/// How keys stand in a tree of folders.
enum ObjectPath {
    /// Begins every name that is not simply a part of a key.
    static let mark = Array(".s3~".utf8)
    /// The folder with older versions, at the top.
    static let versions = Array(".s3~versions".utf8)

    private static let empty = Array(".s3~empty".utf8)
    private static let dot = Array(".s3~dot".utf8)
    private static let dotDot = Array(".s3~dotdot".utf8)
    private static let plain = Array(".s3~plain~".utf8)
    private static let part = Array(".s3~part~".utf8)
    private static let last = Array(".s3~last~".utf8)
    private static let object = Array(".s3~object~".utf8)
    private static let version = Array(".s3~version~".utf8)

    /// Names longer than this are cut: with the mark for an object beside a folder they still are no longer than 255.
    private static let longest = 244
    private static let pieceLength = 200

    /// The names that lead to a key, below the top; nil for a key that no file system can hold: with a NUL.
    static func names(of key: some Collection<UInt8>) -> [[UInt8]]? {
        guard !key.contains(0) else { return nil }
        var names: [[UInt8]] = []
        for segment in key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            append(Array(segment), to: &names)
        }
        return names
    }

    private static func append(_ segment: [UInt8], to names: inout [[UInt8]]) {
        if segment.isEmpty { return names.append(empty) }
        if segment == Array(".".utf8) { return names.append(dot) }
        if segment == Array("..".utf8) { return names.append(dotDot) }
        let isMarked = segment.starts(with: mark)
        if segment.count > (isMarked ? pieceLength : longest) {
            var rest = segment[...]
            while rest.count > pieceLength {
                let piece = rest.prefix(wholeCharacters(rest))
                names.append(part + piece)
                rest = rest.dropFirst(piece.count)
            }
            return names.append(last + rest)
        }
        names.append(isMarked ? plain + segment : segment)
    }

    /// How many bytes to cut off, so that no character of UTF-8 is cut through.
    private static func wholeCharacters(_ rest: ArraySlice<UInt8>) -> Int {
        var length = pieceLength
        while length > pieceLength - 4, rest[rest.startIndex + length] & 0xC0 == 0x80 { length -= 1 }
        return length
    }

    /// The name of an object that stands beside a folder of the same name.
    static func besideFolder(_ name: [UInt8]) -> [UInt8] { object + name }

    /// The name of one version, in a folder that is named as its key.
    static func versionName(_ id: String, modified: String) -> [UInt8] {
        let plain = PercentCoding.encode(id)
        return version + Array("\(modified)~".utf8) + plain.utf8.prefix(180)
    }

    /// The key that names lead to; nil when no key leads there.
    static func key(of names: [[UInt8]]) -> [UInt8]? {
        var segments: [[UInt8]] = []
        var pieces: [UInt8]?
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            let name = isLast && name.starts(with: object) ? Array(name.dropFirst(object.count)) : name
            if name.starts(with: part) {
                pieces = (pieces ?? []) + name.dropFirst(part.count)
            } else if let known = pieces {
                guard name.starts(with: last) else { return nil }
                segments.append(known + name.dropFirst(last.count))
                pieces = nil
            } else {
                guard let segment = segment(of: name) else { return nil }
                segments.append(segment)
            }
        }
        guard pieces == nil, !segments.isEmpty else { return nil }
        return Array(segments.joined(separator: [UInt8(ascii: "/")]))
    }

    /// The part of a key that a whole name stands for.
    private static func segment(of name: [UInt8]) -> [UInt8]? {
        if !name.starts(with: mark) { return name }
        if name.starts(with: plain) { return Array(name.dropFirst(plain.count)) }
        if name == empty { return [] }
        if name == dot { return Array(".".utf8) }
        return name == dotDot ? Array("..".utf8) : nil
    }

    /// The part of a prefix that is no part of the names: up to its last slash.
    static func base(of prefix: [UInt8]) -> [UInt8] {
        guard let slash = prefix.lastIndex(of: UInt8(ascii: "/")) else { return [] }
        return Array(prefix[...slash])
    }
}

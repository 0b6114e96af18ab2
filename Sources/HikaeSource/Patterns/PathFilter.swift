// Lists of patterns as restic takes them, for what to save, to restore and to find. Matching only: reads no file.

public import HikaeCore

/// Compiled lists of patterns over absolute paths. A path matches when one of the lists says so.
///
/// Within a list the patterns are tried in order: one that matches takes the path in, one that begins with `!` and
/// matches takes it out again. A pattern that begins with `/` is anchored at the root; any other matches at any depth.
/// What is below a match matches too.
public struct PathFilter: Sendable {
    struct List: Sendable {
        var program: PatternProgram
        var ignoresCase: Bool
        var hasNegation: Bool
        /// Where this list's patterns begin in the count over all lists.
        var offset: Int
    }

    let lists: [List]
    private let patternCount: Int
    private let hasCaseless: Bool

    /// Matches nothing.
    public init() {
        lists = []
        patternCount = 0
        hasCaseless = false
    }

    /// Compiles patterns that heed case and patterns that do not: two lists, neither of which takes back what the other
    /// matched. Empty patterns count for nothing. Throws `.usage`, naming all that are malformed.
    public init(_ patterns: [String], ignoringCase caseless: [String] = []) throws(HikaeError) {
        try self.init(bytes: patterns.map { Array($0.utf8) }, ignoringCase: caseless.map { Array($0.utf8) })
    }

    /// The same for patterns whose bytes need be no UTF-8.
    public init(bytes patterns: [[UInt8]], ignoringCase caseless: [[UInt8]] = []) throws(HikaeError) {
        var lists: [List] = []
        var malformed: [String] = []
        var offset = 0
        for (texts, ignoresCase) in [(patterns, false), (caseless, true)] {
            var program = PatternProgram()
            for text in texts where !text.isEmpty {
                if !program.add(ignoresCase ? CaseFolding.lowered(text) : text) {
                    malformed.append(String(decoding: text, as: UTF8.self))
                }
            }
            guard !program.patterns.isEmpty else { continue }
            lists.append(
                List(
                    program: program, ignoresCase: ignoresCase,
                    hasNegation: program.patterns.contains { $0.isNegated }, offset: offset))
            offset += program.patterns.count
        }
        guard malformed.isEmpty else {
            throw HikaeError(
                .usage, "these patterns are malformed: " + malformed.joined(separator: ", "),
                hint: "A \"[\" needs its \"]\", and a \"\\\" something behind it.")
        }
        self.lists = lists
        patternCount = offset
        hasCaseless = lists.contains { $0.ignoresCase }
    }

    /// Whether there is no pattern at all.
    public var isEmpty: Bool { lists.isEmpty }

    /// What the filter says of a path.
    public struct Verdict: Sendable, Equatable {
        /// Whether the path matches.
        public var matches: Bool
        /// Whether something below the path may match.
        public var mayMatchBelow: Bool
    }

    /// A directory as the filter sees it: its path, and which patterns it matches already. So that each name below is
    /// tried against the ends of patterns alone.
    public struct Directory: Sendable {
        fileprivate var path: DirectoryNames
        /// The same in lower case, where a list asks for it.
        fileprivate var lowered: DirectoryNames
        fileprivate var matched: [Bool]
        fileprivate var matchedAny: Bool
    }

    /// The root directory.
    public var root: Directory {
        Directory(
            path: DirectoryNames(), lowered: DirectoryNames(), matched: [Bool](repeating: false, count: patternCount),
            matchedAny: false)
    }

    /// The directory with that absolute, clean path.
    public func directory(at path: [UInt8]) -> Directory {
        var directory = root
        for name in path.split(separator: LexicalPath.slash) { directory = self.directory(Array(name), in: directory) }
        return directory
    }

    /// The directory `name` in `parent`.
    public func directory(_ name: [UInt8], in parent: Directory) -> Directory {
        guard !lists.isEmpty else { return parent }
        var directory = parent
        name.withUnsafeBytes { name in
            eachMatch(name, in: parent) { pattern in
                directory.matched[pattern] = true
                directory.matchedAny = true
            }
        }
        directory.path.append(name)
        if hasCaseless { directory.lowered.append(CaseFolding.lowered(name)) }
        return directory
    }

    /// Whether the entry `name` of a directory matches.
    public func matches(_ name: [UInt8], in directory: Directory) -> Bool {
        guard !lists.isEmpty else { return false }
        return name.withUnsafeBytes { matches($0, in: directory) }
    }

    /// Whether the entry `name` of a directory matches.
    public func matches(_ name: UnsafeRawBufferPointer, in directory: Directory) -> Bool {
        for list in lists where self.matches(list, name, in: directory) { return true }
        return false
    }

    /// Whether the entry `name` of a directory matches, and whether something below it may.
    public func verdict(_ name: [UInt8], in directory: Directory) -> Verdict {
        var verdict = Verdict(matches: false, mayMatchBelow: false)
        for list in lists {
            let (matches, below) = name.withUnsafeBytes { bytes in
                withNames(list, bytes, in: directory) { names in
                    Self.fold(list, directory.matched, names, below: true)
                }
            }
            verdict.matches = verdict.matches || matches
            verdict.mayMatchBelow = verdict.mayMatchBelow || below
        }
        return verdict
    }

    /// Whether an absolute, clean path matches.
    public func matches(path: [UInt8]) -> Bool {
        verdict(path: path).matches
    }

    /// What the filter says of an absolute, clean path.
    public func verdict(path: [UInt8]) -> Verdict {
        guard !lists.isEmpty else { return Verdict(matches: false, mayMatchBelow: false) }
        let parent = directory(at: LexicalPath.parent(of: path))
        return verdict(LexicalPath.name(of: path), in: parent)
    }

    // MARK: Inner workings

    private func matches(_ list: List, _ name: UnsafeRawBufferPointer, in directory: Directory) -> Bool {
        withNames(list, name, in: directory) { names in
            if list.hasNegation { return Self.fold(list, directory.matched, names, below: false).0 }
            if directory.matchedAny,
                directory.matched[list.offset..<list.offset + list.program.patterns.count].contains(true)
            {
                return true
            }
            return list.program.withView { view in
                for pattern in view.patterns where view.matchesEnd(pattern, names) { return true }
                return false
            }
        }
    }

    /// All patterns of a list in order, with what negation does.
    private static func fold(_ list: List, _ matched: [Bool], _ names: PathNames, below: Bool) -> (Bool, Bool) {
        list.program.withView { view in
            var matches = false
            var mayMatchBelow = false
            for (index, pattern) in view.patterns.enumerated() {
                let hit = matched[list.offset + index] || view.matchesEnd(pattern, names)
                if pattern.isNegated {
                    matches = matches && !hit
                    mayMatchBelow = mayMatchBelow && !hit
                } else {
                    matches = matches || hit
                    mayMatchBelow = mayMatchBelow || (below && view.mayMatchBelow(pattern, names))
                }
            }
            return (matches, mayMatchBelow)
        }
    }

    private func eachMatch(_ name: UnsafeRawBufferPointer, in directory: Directory, _ body: (Int) -> Void) {
        for list in lists {
            withNames(list, name, in: directory) { names in
                list.program.withView { view in
                    for (index, pattern) in view.patterns.enumerated() where view.matchesEnd(pattern, names) {
                        body(list.offset + index)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func withNames<Result>(
        _ list: List, _ name: UnsafeRawBufferPointer, in directory: Directory, _ body: (PathNames) -> Result
    ) -> Result {
        guard list.ignoresCase else { return directory.path.withNames(name, body) }
        return CaseFolding.lowered(Array(name)).withUnsafeBytes { directory.lowered.withNames($0, body) }
    }
}

/// A directory's path, and where its names end.
private struct DirectoryNames: Sendable {
    var path: [UInt8] = []
    var ends: [Int32] = []

    mutating func append(_ name: [UInt8]) {
        path.append(LexicalPath.slash)
        path += name
        ends.append(Int32(clamping: path.count))
    }

    @inline(__always)
    func withNames<Result>(_ name: UnsafeRawBufferPointer, _ body: (PathNames) -> Result) -> Result {
        path.withUnsafeBytes { path in
            ends.withUnsafeBufferPointer { body(PathNames(directory: path, ends: $0, name: name)) }
        }
    }
}

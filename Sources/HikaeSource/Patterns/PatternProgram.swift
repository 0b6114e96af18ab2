// A list of patterns compiled into flat arrays of plain values, so that matching touches no reference count.
// PatternProgram+Parsing fills it, PatternView matches with it.

/// Compiled patterns: what each consists of, and the bytes, tokens and ranges that their parts refer to.
struct PatternProgram: Sendable {
    /// One component of a pattern.
    struct Part: Sendable {
        enum Kind: UInt8, Sendable {
            /// `**`: any number of names.
            case wildcard
            /// No wildcard: the bytes `head`.
            case literal
            /// One star: the bytes `head` before it, the bytes `tail` behind it.
            case around
            /// The tokens `head`.
            case general
        }
        var kind: Kind
        var head: Range<Int32> = 0..<0
        var tail: Range<Int32> = 0..<0
    }

    /// What a part with more than one star, or with characters to choose from, is made of.
    enum Token: Sendable {
        case byte(UInt8)
        case star
        case anyCharacter
        case oneOf(Range<Int32>, negated: Bool)
    }

    /// One pattern: its parts and how they are to be read.
    struct Pattern: Sendable {
        var parts: Range<Int32>
        /// It began with `/`: its first part is the path's first name.
        var isAnchored: Bool
        /// `!pattern`: takes back what patterns before it matched.
        var isNegated: Bool
        var wildcardCount: Int32
        /// Where among the parts the first `**` is.
        var firstWildcard: Int32
    }

    var patterns: [Pattern] = []
    var parts: [Part] = []
    var bytes: [UInt8] = []
    var tokens: [Token] = []
    var ranges: [ClosedRange<UInt32>] = []

    /// Calls `body` with the arrays as plain memory.
    @inline(__always)
    func withView<Result>(_ body: (PatternView) -> Result) -> Result {
        patterns.withUnsafeBufferPointer { patterns in
            parts.withUnsafeBufferPointer { parts in
                bytes.withUnsafeBytes { bytes in
                    tokens.withUnsafeBufferPointer { tokens in
                        ranges.withUnsafeBufferPointer { ranges in
                            body(
                                PatternView(
                                    patterns: patterns, parts: parts, bytes: bytes, tokens: tokens, ranges: ranges))
                        }
                    }
                }
            }
        }
    }
}

/// The names that a path consists of, without copies: those of a directory and one more. Valid while its buffers are.
struct PathNames {
    /// `/a/b`: the directory's path, empty for the root.
    let directory: UnsafeRawBufferPointer
    /// Where each of the directory's names ends.
    let ends: UnsafeBufferPointer<Int32>
    let name: UnsafeRawBufferPointer

    /// How many names there are, the root not counted.
    @inline(__always)
    var count: Int { ends.count + 1 }

    @inline(__always)
    subscript(index: Int) -> UnsafeRawBufferPointer {
        if index == ends.count { return name }
        let start = index == 0 ? 1 : Int(ends[index - 1]) + 1
        return UnsafeRawBufferPointer(rebasing: directory[start..<Int(ends[index])])
    }
}

/// What stands for a byte that is no UTF-8.
let replacementCharacter: UInt32 = 0xFFFD

/// The first character of non-empty `bytes` and how many bytes it takes; U+FFFD and 1 where they are no UTF-8.
func firstCharacter(_ bytes: UnsafeRawBufferPointer) -> (value: UInt32, width: Int) {
    let first = bytes[0]
    if first < 0x80 { return (UInt32(first), 1) }
    var decoder = UTF8()
    var iterator = bytes.prefix(4).makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return (replacementCharacter, 1) }
    return (scalar.value, UTF8.width(scalar))
}

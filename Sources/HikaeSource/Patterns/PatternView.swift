// Matching: restic's rules over whole paths, Go's over one name. Works on plain memory, allocates nothing.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pattern program's arrays as plain memory; valid inside `PatternProgram.withView`.
///
/// Paths are absolute. A pattern that is not anchored may begin at any name; what is below a match matches too.
struct PatternView {
    typealias Pattern = PatternProgram.Pattern
    typealias Part = PatternProgram.Part

    let patterns: UnsafeBufferPointer<Pattern>
    let parts: UnsafeBufferPointer<Part>
    let bytes: UnsafeRawBufferPointer
    let tokens: UnsafeBufferPointer<PatternProgram.Token>
    let ranges: UnsafeBufferPointer<ClosedRange<UInt32>>

    /// Whether the pattern matches `names` in such a way that the last name takes part in it.
    ///
    /// A path matches as a whole when one of its beginnings does; so who walks down asks this at each step.
    @inline(__always)
    func matchesEnd(_ pattern: Pattern, _ names: PathNames) -> Bool {
        if pattern.wildcardCount == 0 {
            // Most patterns: one place to look at, and the last name decides nearly always.
            let start = names.count - pattern.parts.count
            if start < 0 || (pattern.isAnchored && start != 0) { return false }
            return matches(pattern.parts, at: start, names)
        }
        return pattern.wildcardCount == 1
            ? matchesAroundWildcard(pattern, names)
            : matchesSeveralWildcards(pattern, names)
    }

    /// Whether something below the path `names` can match.
    func mayMatchBelow(_ pattern: Pattern, _ names: PathNames) -> Bool {
        guard pattern.isAnchored else { return true }
        let length = min(Int32(clamping: names.count), pattern.firstWildcard)
        return matches(pattern.parts.lowerBound..<pattern.parts.lowerBound + length, at: 0, names)
    }

    /// Whether the parts match the names that begin at index `start`, one each.
    @inline(__always)
    private func matches(_ range: Range<Int32>, at start: Int, _ names: PathNames) -> Bool {
        var index = range.count - 1
        while index >= 0 {
            if !matches(parts[Int(range.lowerBound) + index], names[start + index]) { return false }
            index -= 1
        }
        return true
    }

    /// One `**`: what is behind it ends the path, what is before it stands anywhere to the left.
    private func matchesAroundWildcard(_ pattern: Pattern, _ names: PathNames) -> Bool {
        let first = pattern.parts.lowerBound
        let head = first..<first + pattern.firstWildcard
        let tail = head.upperBound + 1..<pattern.parts.upperBound
        guard names.count >= head.count + tail.count else { return false }
        let end = names.count - tail.count
        guard matches(tail, at: end, names) else { return false }
        if pattern.isAnchored { return matches(head, at: 0, names) }
        return (0...(end - head.count)).contains { matches(head, at: $0, names) }
    }

    /// Several `**`. The names they take are counted within the same bounds as restic's, which are narrower than they
    /// need be: `/a/**/b/**` does not match `/a/x/y/b` itself, though all that is in it.
    private func matchesSeveralWildcards(_ pattern: Pattern, _ names: PathNames) -> Bool {
        let first = Int(pattern.parts.lowerBound)
        // restic counts the root as a component of its own, in the path and in an anchored pattern.
        let room = (names.count + 1) - (pattern.parts.count + (pattern.isAnchored ? 1 : 0))
        if pattern.isAnchored {
            return place(first, Int(pattern.parts.upperBound), names, at: 0, taken: 0, room: room)
        }
        // At the start of a pattern that may begin anywhere, `**` adds nothing but its count.
        let leading = pattern.firstWildcard == 0 ? 1 : 0
        guard leading == 0 || room + 1 >= 0 else { return false }
        for start in 0..<names.count {
            let end = Int(pattern.parts.upperBound)
            if place(first + leading, end, names, at: start, taken: 0, room: room + leading) { return true }
        }
        return false
    }

    /// Whether the parts from `part` on match names from `position` on, when the `**` so far have `taken` names.
    private func place(
        _ part: Int, _ end: Int, _ names: PathNames, at position: Int, taken: Int, room: Int
    ) -> Bool {
        if part == end { return true }
        guard parts[part].kind == .wildcard else {
            guard position < names.count, matches(parts[part], names[position]) else { return false }
            return place(part + 1, end, names, at: position + 1, taken: taken, room: room)
        }
        var count = 0
        while taken + count <= room + 1, position + count <= names.count {
            let next = position + count
            if place(part + 1, end, names, at: next, taken: taken + count, room: room + 1) { return true }
            count += 1
        }
        return false
    }

    // MARK: One name

    @inline(__always)
    private func matches(_ part: Part, _ name: UnsafeRawBufferPointer) -> Bool {
        switch part.kind {
        case .literal: name.count == part.head.count && equal(name, at: 0, part.head)
        case .around:
            name.count >= part.head.count + part.tail.count
                && equal(name, at: name.count - part.tail.count, part.tail) && equal(name, at: 0, part.head)
        case .general: matchesTokens(part.head, name)
        case .wildcard: true
        }
    }

    @inline(__always)
    private func equal(_ name: UnsafeRawBufferPointer, at offset: Int, _ range: Range<Int32>) -> Bool {
        let count = range.count
        guard count > 0, let name = name.baseAddress, let wanted = bytes.baseAddress else { return true }
        let left = name + offset
        let right = wanted + Int(range.lowerBound)
        if left.load(fromByteOffset: count - 1, as: UInt8.self) != right.load(fromByteOffset: count - 1, as: UInt8.self)
        {
            return false
        }
        return memcmp(left, right, count) == 0
    }

    /// Goes back to the last star, one byte on, when what follows it does not fit.
    private func matchesTokens(_ range: Range<Int32>, _ name: UnsafeRawBufferPointer) -> Bool {
        let end = Int(range.upperBound)
        var token = Int(range.lowerBound)
        var position = 0
        var star: (token: Int, position: Int)?
        while true {
            if token < end, case .star = tokens[token] {
                star = (token + 1, position)
                token += 1
            } else if token < end, let width = width(of: tokens[token], name, at: position) {
                token += 1
                position += width
            } else if token == end, position == name.count {
                return true
            } else if let last = star, last.position < name.count {
                star = (last.token, last.position + 1)
                (token, position) = (last.token, last.position + 1)
            } else {
                return false
            }
        }
    }

    /// How many bytes of the name the token takes at `position`; nil when it does not match there.
    @inline(__always)
    private func width(of token: PatternProgram.Token, _ name: UnsafeRawBufferPointer, at position: Int) -> Int? {
        guard position < name.count else { return nil }
        switch token {
        case .star: return nil
        case .byte(let byte): return name[position] == byte ? 1 : nil
        case .anyCharacter: return firstCharacter(UnsafeRawBufferPointer(rebasing: name[position...])).width
        case .oneOf(let range, let negated):
            let (value, width) = firstCharacter(UnsafeRawBufferPointer(rebasing: name[position...]))
            let isIn = range.contains { ranges[Int($0)].contains(value) }
            return isIn != negated ? width : nil
        }
    }
}

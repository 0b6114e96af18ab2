// Reading patterns: paths of components, each with the shell's wildcards as Go's filepath.Match understands them.

extension PatternProgram {
    /// Adds a pattern. False, and nothing added, when it is empty or malformed: an open class, a backslash at the end.
    mutating func add(_ text: [UInt8]) -> Bool {
        guard let first = text.first else { return false }
        let saved = (parts.count, bytes.count, tokens.count, ranges.count)
        let isNegated = first == UInt8(ascii: "!")
        let path = LexicalPath.clean(isNegated ? Array(text.dropFirst()) : text)
        for component in path.split(separator: LexicalPath.slash) where !addPart(Array(component)) {
            parts.removeLast(parts.count - saved.0)
            bytes.removeLast(bytes.count - saved.1)
            tokens.removeLast(tokens.count - saved.2)
            ranges.removeLast(ranges.count - saved.3)
            return false
        }
        // "/" alone means all that is below it.
        if parts.count == saved.0 { parts.append(Part(kind: .wildcard)) }
        let added = parts[saved.0...]
        let wildcard = added.firstIndex { $0.kind == .wildcard } ?? parts.count
        patterns.append(
            Pattern(
                parts: Int32(saved.0)..<Int32(parts.count), isAnchored: path.first == LexicalPath.slash,
                isNegated: isNegated, wildcardCount: Int32(added.count { $0.kind == .wildcard }),
                firstWildcard: Int32(wildcard - saved.0)))
        return true
    }

    private mutating func addPart(_ component: [UInt8]) -> Bool {
        if component.elementsEqual("**".utf8) {
            parts.append(Part(kind: .wildcard))
            return true
        }
        guard let tokens = tokens(of: component) else { return false }
        var literals: [[UInt8]] = [[]]
        var isSimple = true
        for token in tokens {
            switch token {
            case .byte(let byte): literals[literals.count - 1].append(byte)
            case .star: literals.append([])
            default: isSimple = false
            }
        }
        if isSimple, literals.count == 1 {
            parts.append(Part(kind: .literal, head: store(literals[0])))
        } else if isSimple, literals.count == 2 {
            parts.append(Part(kind: .around, head: store(literals[0]), tail: store(literals[1])))
        } else {
            let start = Int32(self.tokens.count)
            self.tokens += tokens
            parts.append(Part(kind: .general, head: start..<Int32(self.tokens.count)))
        }
        return true
    }

    private mutating func store(_ text: [UInt8]) -> Range<Int32> {
        let start = Int32(bytes.count)
        bytes += text
        return start..<Int32(bytes.count)
    }

    /// The tokens of one component, several stars in a row taken as one; nil when it is malformed.
    private mutating func tokens(of pattern: [UInt8]) -> [Token]? {
        var result: [Token] = []
        var position = 0
        while position < pattern.count {
            let byte = pattern[position]
            position += 1
            switch byte {
            case UInt8(ascii: "*"):
                if case .star? = result.last { continue }
                result.append(.star)
            case UInt8(ascii: "?"): result.append(.anyCharacter)
            case UInt8(ascii: "["):
                guard let token = classToken(pattern, &position) else { return nil }
                result.append(token)
            case UInt8(ascii: "\\"):
                guard position < pattern.count else { return nil }
                result.append(.byte(pattern[position]))
                position += 1
            default: result.append(.byte(byte))
            }
        }
        return result
    }

    /// Reads a class behind its `[`, up to and with its `]`.
    private mutating func classToken(_ pattern: [UInt8], _ position: inout Int) -> Token? {
        let start = ranges.count
        var negated = false
        if position < pattern.count, pattern[position] == UInt8(ascii: "^") {
            negated = true
            position += 1
        }
        while true {
            if position < pattern.count, pattern[position] == UInt8(ascii: "]"), ranges.count > start {
                position += 1
                return .oneOf(Int32(start)..<Int32(ranges.count), negated: negated)
            }
            guard let low = classCharacter(pattern, &position) else { return nil }
            var high = low
            if position < pattern.count, pattern[position] == UInt8(ascii: "-") {
                position += 1
                guard let end = classCharacter(pattern, &position) else { return nil }
                high = end
            }
            // A range the wrong way round matches nothing, but is no error.
            ranges.append(low <= high ? low...high : UInt32.max...UInt32.max)
        }
    }

    private func classCharacter(_ pattern: [UInt8], _ position: inout Int) -> UInt32? {
        guard position < pattern.count, pattern[position] != UInt8(ascii: "-"), pattern[position] != UInt8(ascii: "]")
        else { return nil }
        if pattern[position] == UInt8(ascii: "\\") {
            position += 1
            guard position < pattern.count else { return nil }
        }
        let (value, width) = pattern.withUnsafeBytes {
            firstCharacter(UnsafeRawBufferPointer(rebasing: $0[position...]))
        }
        if value == replacementCharacter, width == 1 { return nil }
        position += width
        // A class must be closed: something has to follow.
        return position < pattern.count ? value : nil
    }
}

// Reads one section of a plan, a mapping whose keys are known, and tells of every key that is not, or holds what it may
// not. Knows the shapes of values, not what they are for.

import Yams

/// One mapping of a plan, being read.
struct SectionReader {
    let section: PlanSection
    /// The keys that lead here: "systems.shop".
    let path: String
    let problems: PlanProblems
    private let mark: (line: Int, column: Int)
    private let values: [String: Node]
    let places: PlanPlaces

    /// Nil, and a problem, when the node is no mapping. Keys that the section does not have are problems, too.
    ///
    /// - Parameter otherwise: what to say of a key that is not the section's; nil: the usual.
    init?(
        _ node: Node, _ section: PlanSection, path: String, _ problems: PlanProblems,
        otherwise: (String) -> String? = { _ in nil }
    ) {
        self.section = section
        self.path = path
        self.problems = problems
        mark = (node.mark?.line ?? 1, node.mark?.column ?? 1)
        let place = PlanPlace(file: problems.file, line: mark.line, column: mark.column, key: path)
        guard case .mapping(let mapping) = node else {
            problems.add(
                place, "keys and values are wanted here: \(section.keys.map(\.name).joined(separator: ", "))")
            return nil
        }
        var values: [String: Node] = [:]
        var places: [String: PlanPlace] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            var place = PlanPlace(
                file: problems.file, line: key.mark?.line ?? mark.line, column: key.mark?.column ?? 1,
                key: Self.joined(path, PlanText.isName(name) ? name : "?"))
            guard section[name] != nil else {
                if !PlanText.isName(name) { place.key = path }
                problems.add(place, otherwise(name) ?? Self.unknown(name, section))
                continue
            }
            values[name] = value
            places[name] = place
        }
        self.values = values
        self.places = PlanPlaces(section: place, keys: places)
        for key in section.keys where key.isRequired && values[key.name] == nil {
            problems.add(place, "`\(key.name)` is missing here: \(key.summary.firstSentence)")
        }
    }

    static func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private static func unknown(_ name: String, _ section: PlanSection) -> String {
        let keys = section.keys.map(\.name)
        if let nearest = NearestWord.of(name, in: keys) {
            return "\(PlanText.quoted(name)) is no key here; did you mean `\(nearest)`?"
        }
        return "\(PlanText.quoted(name)) is no key here; the keys are \(keys.joined(separator: ", "))"
    }

    /// Tells of a fault in this section, at the key when it is given.
    func fault(_ key: String? = nil, _ message: String) {
        problems.add(key.map { places.of($0) } ?? places.section, message)
    }

    /// The value of a key; nil when it is not there. Only keys of the section may be asked for.
    func node(_ key: String) -> Node? {
        precondition(section[key] != nil, "the section \(section.name) has no key \(key)")
        return values[key]
    }

    /// Whether the key is there, whatever it holds.
    func has(_ key: String) -> Bool { values[key] != nil }

    // MARK: One value

    /// A scalar's text; nil, and a problem that says what is `allowed`, when there is none.
    func scalar(_ node: Node, at place: PlanPlace, allowed: String) -> String? {
        guard let scalar = node.scalar else {
            problems.add(place, "one value is wanted here, not a list or keys: \(allowed)")
            return nil
        }
        guard !scalar.string.isEmpty, scalar.style != .plain || !["~", "null"].contains(scalar.string) else {
            problems.add(place, "there is no value: \(allowed)")
            return nil
        }
        return scalar.string
    }

    private func scalar(_ key: String, _ allowed: String) -> String? {
        node(key).flatMap { scalar($0, at: place($0, key), allowed: allowed) }
    }

    /// The place of a key's value, named by the key.
    func place(_ node: Node, _ key: String) -> PlanPlace {
        var place = places.of(key)
        if let mark = node.mark { (place.line, place.column) = (mark.line, mark.column) }
        return place
    }

    /// A line of text.
    func text(_ key: String) -> String? {
        guard let text = scalar(key, "a line of text") else { return nil }
        guard PlanText.isLine(text), text.count <= 1000 else {
            fault(key, "this must be one line of text, at most 1000 characters, without control characters")
            return nil
        }
        return text
    }

    /// A name for paths and tags.
    func name(_ key: String = "name") -> String? {
        guard let text = scalar(key, PlanText.nameRule) else { return nil }
        guard PlanText.isName(text) else {
            fault(key, "\(PlanText.quoted(text)) cannot be a name: \(PlanText.nameRule)")
            return nil
        }
        return text
    }

    func duration(_ key: String) -> PlanDuration? {
        let allowed = "write a number and a unit, as in 30m, 24h, 7d or 2w"
        guard let text = scalar(key, allowed) else { return nil }
        if let duration = PlanDuration(text) { return duration }
        fault(key, "\(PlanText.quoted(text)) is no span of time: \(allowed)")
        return nil
    }

    func percent(_ key: String) -> Double? {
        let allowed = "write a number from 0 to 100 and a percent sign, as in 20%"
        guard let text = scalar(key, allowed) else { return nil }
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        if digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let value = Double(digits),
            (0...100).contains(value)
        {
            return value
        }
        fault(key, "\(PlanText.quoted(text)) is no percentage: \(allowed)")
        return nil
    }

    /// A whole number within the bounds that the section gives the key.
    func count(_ key: String) -> Int? {
        guard case .count(let range)? = section[key]?.shape else { preconditionFailure("\(key) holds no count") }
        let allowed = "write a number from \(range.lowerBound) to \(range.upperBound)"
        guard let text = scalar(key, allowed) else { return nil }
        if let value = Self.digits(text), range.contains(value) { return value }
        fault(key, "\(PlanText.quoted(text)) cannot be: \(allowed)")
        return nil
    }

    /// A count of snapshots: -1 for `unlimited`.
    func keep(_ key: String) -> Int? {
        let allowed = "write a number from 0 to 100000, or unlimited"
        guard let text = scalar(key, allowed) else { return nil }
        if text == "unlimited" { return -1 }
        if let value = Self.digits(text), value <= 100_000 { return value }
        fault(key, "\(PlanText.quoted(text)) cannot be: \(allowed)")
        return nil
    }

    private static func digits(_ text: String) -> Int? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
    }

    func flag(_ key: String) -> Bool? {
        guard let text = scalar(key, "write true or false") else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            fault(key, "\(PlanText.quoted(text)) cannot be: write true or false")
            return nil
        }
    }

    /// One of the words that the type knows.
    func choice<Word: RawRepresentable<String> & CaseIterable>(_ key: String, _: Word.Type = Word.self) -> Word? {
        node(key).flatMap { word($0, key) }
    }

    func choices<Word: RawRepresentable<String> & CaseIterable>(_ key: String, _: Word.Type = Word.self) -> [Word] {
        items(key).compactMap { word($0, key) }
    }

    private func word<Word: RawRepresentable<String> & CaseIterable>(_ node: Node, _ key: String) -> Word? {
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        guard let text = scalar(node, at: place(node, key), allowed: "one of \(words)") else { return nil }
        if let word = Word(rawValue: text) { return word }
        problems.add(place(node, key), "\(PlanText.quoted(text)) cannot be: write one of \(words)")
        return nil
    }

    // MARK: Lists

    /// The items of a list; a problem when it is none.
    func items(_ key: String) -> [Node] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let sequence) = node else {
            problems.add(place(node, key), "a list is wanted here: one line each that begins with a hyphen, or [a, b]")
            return []
        }
        return Array(sequence)
    }

    /// A list of lines of text.
    func texts(_ key: String) -> [String] {
        items(key).compactMap { node in
            guard let text = scalar(node, at: place(node, key), allowed: "text") else { return nil }
            guard PlanText.isLine(text), text.count <= 4096 else {
                problems.add(place(node, key), "this must be one line of text without control characters")
                return nil
            }
            return text
        }
    }
}

extension String {
    /// Up to its first full stop, with a small letter first unless more than the first is large.
    fileprivate var firstSentence: String {
        var text = firstRange(of: ". ").map { String(self[..<$0.lowerBound]) } ?? self
        if text.last == "." { text.removeLast() }
        guard let first = text.first, text.dropFirst().first.map({ $0.isLowercase || $0 == " " }) == true else {
            return text
        }
        return first.lowercased() + text.dropFirst()
    }
}

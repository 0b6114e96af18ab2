// From a file to nodes: every bound on what a file may be stands here. Past this, a plan is small, shallow and finite.

import HikaeCore
import Yams

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reading a plan's file into YAML nodes.
enum PlanFile {
    /// No plan is longer than this many bytes.
    static let byteLimit = 1 << 20
    /// Nothing in a plan lies deeper.
    static let depthLimit = 16
    /// All values of a plan, each as often as aliases repeat it.
    static let nodeLimit = 50_000
    /// Few enough that a file of aliases of aliases cannot grow beyond measure.
    static let aliasLimit = 16

    /// The file's bytes. Throws for what is no plain file, too long, or could have been written by anybody.
    static func bytes(_ path: String) throws(HikaeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw HikaeError.system("open the plan", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw HikaeError.system("look at", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw HikaeError(.usage, "the plan \(path) is no file") }
        // A plan names programs that are run.
        guard status.st_mode & 0o002 == 0 else {
            throw HikaeError(
                .permission, "everybody on this machine can change the plan \(path)", hint: "Run `chmod o-w \(path)`.")
        }
        guard status.st_size <= byteLimit else {
            throw HikaeError(.limit, "the plan \(path) is larger than \(byteLimit >> 20) MiB")
        }
        return try SecretProgram.readAll(descriptor, path, limit: byteLimit)
    }

    /// The root of the one document in `bytes`; nil after telling `problems` why there is none.
    static func root(_ bytes: [UInt8], _ problems: PlanProblems) -> Node? {
        func fault(_ line: Int, _ column: Int, _ message: String) {
            problems.add(PlanPlace(file: problems.file, line: line, column: column, key: ""), message)
        }
        guard bytes.count <= byteLimit else {
            fault(1, 1, "the plan is larger than \(byteLimit >> 20) MiB")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            fault(invalidLine(bytes), 1, "this line is not UTF-8; save the file as UTF-8")
            return nil
        }
        guard let checked = withinAliasLimit(text) else {
            fault(1, 1, "the plan has more than \(aliasLimit) YAML aliases (*name); write the values out")
            return nil
        }
        let root: Node?
        do {
            root = try Parser(yaml: checked, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            let (line, column, message) = explain(error)
            fault(line, column, message)
            return nil
        } catch {
            fault(1, 1, "this is no YAML")
            return nil
        }
        guard let root, !isEmpty(root) else {
            fault(1, 1, "the plan is empty; `hikae init` writes one to begin with")
            return nil
        }
        var count = 0
        if let mark = excess(root, depth: 0, &count) {
            fault(mark.line, mark.column, "the plan is nested too deeply or has too many values here")
            return nil
        }
        return root
    }

    private static func isEmpty(_ node: Node) -> Bool {
        guard let scalar = node.scalar else { return false }
        return scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
    }

    private static func invalidLine(_ bytes: [UInt8]) -> Int {
        var line = 1
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return 1
    }

    /// The text without a byte order mark; nil when what looks like aliases in it is too much.
    private static func withinAliasLimit(_ text: String) -> String? {
        var count = 0
        var previous: UInt8 = UInt8(ascii: "\n")
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "*"), isBreak(previous), index + 1 < bytes.count, !isBreak(bytes[index + 1]) {
                count += 1
            }
            previous = byte
        }
        guard count <= aliasLimit else { return nil }
        return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }

    /// Whether a new token of YAML may begin behind this byte.
    private static func isBreak(_ byte: UInt8) -> Bool {
        " \t\r\n,[]{}:?-".utf8.contains(byte)
    }

    /// The first node that is too deep or one too many.
    private static func excess(_ node: Node, depth: Int, _ count: inout Int) -> (line: Int, column: Int)? {
        count += 1
        let mark = node.mark.map { ($0.line, $0.column) } ?? (1, 1)
        guard depth <= depthLimit, count <= nodeLimit else { return mark }
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                if let mark = excess(key, depth: depth + 1, &count) ?? excess(value, depth: depth + 1, &count) {
                    return mark
                }
            }
        case .sequence(let sequence):
            for item in sequence { if let mark = excess(item, depth: depth + 1, &count) { return mark } }
        case .scalar, .alias: break
        }
        return nil
    }

    /// A parser's complaint: where, and in words. Never quotes the file.
    private static func explain(_ error: YamlError) -> (line: Int, column: Int, message: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            return (mark.line, mark.column, sentence(problem, context))
        case .composer(_, let problem, let mark, _):
            if problem.contains("alias") {
                return (
                    mark.line, mark.column,
                    "a value that begins with * must stand in quotes: \"*.log\""
                )
            }
            return (mark.line, mark.column, "a plan is one YAML document, and a second begins here")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { PlanText.quoted($0) }.joined(separator: ", ")
            return (context.mark.line, context.mark.column, "the key \(keys) stands here more than once")
        case .reader(_, let offset, _, let yaml):
            let line = yaml.utf8.prefix(offset ?? 0).count { $0 == UInt8(ascii: "\n") } + 1
            return (line, 1, "there is a character that YAML does not allow")
        default: return (1, 1, "this is no YAML")
        }
    }

    private static func sentence(_ problem: String, _ context: YamlError.Context?) -> String {
        let place = context.map { " (\($0.text) that begins in line \($0.mark.line))" } ?? ""
        let hint: String
        if problem.contains("mapping values are not allowed") {
            hint = "; is the line indented as its neighbours are, and is text with \": \" in it in quotes?"
        } else if problem.contains("found character that cannot start any token") {
            hint = "; indent with spaces, not tabs, and put text that begins with @ ` or % in quotes"
        } else if context?.text.contains("alias") == true {
            hint = "; text that begins with * must stand in quotes: \"*.log\""
        } else if problem.contains("expected <block end>") || problem.contains("could not find expected ':'") {
            hint = "; is the line indented as its neighbours are?"
        } else {
            hint = ""
        }
        return "this is no YAML: \(problem)\(place)\(hint)"
    }
}

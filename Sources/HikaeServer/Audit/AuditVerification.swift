// Reads an audit log again from its first line to its last, and says where the chain is broken, if it is.

public import HikaeCore
internal import HikaeStore

/// What reading an audit log again has shown.
public struct AuditVerification: Sendable, Equatable {
    /// Where a log is broken first.
    public struct Break: Sendable, Equatable {
        /// The file's path.
        public var file: String
        /// The line in that file, from 1; 0 for the file as a whole.
        public var line: Int
        /// What is wrong, as a sentence.
        public var reason: String
    }

    /// Lines that were read and form a chain.
    public var lines: UInt64 = 0
    /// The last of them.
    public var head = AuditHead(number: 0, hash: AuditLine.start)
    /// Where the chain breaks first; nil when it holds.
    public var firstBreak: Break?

    /// The path of the line that a server writes when it finds its log shorter than the log's head says.
    static let truncatedPath = "truncated"

    /// Verifies the log of the vault server whose folder is `vault`.
    ///
    /// - Parameter expected: a head that was kept elsewhere: the log must contain that line.
    /// - Parameter visit: is given each line that is part of the chain.
    public static func run(
        vault: String, expected: AuditHead? = nil, visit: (AuditLine) -> Void = { _ in }
    ) throws(HikaeError) -> AuditVerification {
        let files = AuditFiles(vault: vault)
        // Taken first: a server that runs meanwhile only adds lines, and files.
        let kept = try files.readHead()
        let numbers = try files.numbers()
        guard !numbers.isEmpty else { throw HikaeError(.notFound, "there is no audit log in \(vault)") }
        let hasHeadFile = try SystemFile.kind(files.head) != nil
        var heads = [kept, expected].compactMap { $0 }
        var result = AuditVerification()
        var torn = 0
        for (index, number) in numbers.enumerated() where result.firstBreak == nil {
            let path = files.path(number)
            guard number == index + 1 else {
                result.firstBreak = Break(file: files.path(index + 1), line: 0, reason: "the file is missing")
                break
            }
            let content = AuditFiles.lines(try SystemFile.load(path, limit: AuditFiles.maximumBytes))
            for (place, line) in content.lines.enumerated() {
                if let reason = result.follow(Array(line), torn: place == 0 ? torn : 0, heads: &heads, visit: visit) {
                    result.firstBreak = Break(file: path, line: place + 1, reason: reason)
                    break
                }
            }
            if !content.lines.isEmpty { torn = 0 }
            if content.torn > 0 { torn = content.torn }
        }
        result.judgeEnd(files, numbers.last ?? 1, torn: torn, hasHeadFile: hasHeadFile, kept: kept, missing: heads)
        return result
    }

    /// Takes the next line into the chain, or says why it is not the next line.
    private mutating func follow(
        _ bytes: [UInt8], torn: Int, heads: inout [AuditHead], visit: (AuditLine) -> Void
    ) -> String? {
        let line: AuditLine
        do throws(HikaeError) { line = try AuditLine(decoding: bytes) } catch { return error.message }
        guard line.number == head.number + 1 else {
            return "line \(line.number) stands where line \(head.number + 1) must be"
        }
        guard line.previous == head.hash else { return "the line before is not the one that was written there" }
        guard line.torn == UInt64(torn) else { return "the file before ends in \(torn) bytes that are no line" }
        let hash = AuditLine.hash(bytes)
        // Each that is known of this line has a say: the log's own, and one that was kept elsewhere.
        if heads.contains(where: { $0.number == line.number && $0.hash != hash }) {
            return "line \(line.number) is not the one whose hash was kept"
        }
        heads.removeAll { $0.number == line.number }
        if line.event.method == "NOTE", line.event.path == Self.truncatedPath, line.event.address.isEmpty {
            return line.event.note
        }
        head = AuditHead(number: line.number, hash: hash)
        lines += 1
        visit(line)
        return nil
    }

    private mutating func judgeEnd(
        _ files: AuditFiles, _ last: Int, torn: Int, hasHeadFile: Bool, kept: AuditHead?, missing: [AuditHead]
    ) {
        guard firstBreak == nil else { return }
        if let claim = missing.filter({ $0.number > head.number }).max(by: { $0.number < $1.number }) {
            firstBreak = Break(
                file: files.path(last), line: 0,
                reason:
                    "the log ends with line \(head.number), but there was a line \(claim.number): the end was cut off")
        } else if hasHeadFile, kept == nil {
            firstBreak = Break(file: files.head, line: 0, reason: "the log's head cannot be read")
        } else if !hasHeadFile {
            firstBreak = Break(file: files.head, line: 0, reason: "the log's head is missing")
        }
    }
}

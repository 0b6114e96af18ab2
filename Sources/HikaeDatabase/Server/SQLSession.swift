// A conversation with a server through its own client program: statements in, rows out, as long as it is wanted.

import HikaeCore
import HikaeSource

/// One connection, held open by a running `psql` or `mariadb`. Used by one thread at a time; ended when released.
final class SQLSession {
    /// How the client program writes what the server answers.
    enum Dialect: Sendable {
        /// `psql -A -t -z -0`: NUL behind each value.
        case postgreSQL
        /// `mariadb --batch`: tabs between values, a newline behind each row, both escaped within.
        case mariaDB
    }

    private let process: ChildProcess
    private let place: ToolPlace
    private let program: String
    private let dialect: Dialect
    private var questions = 0
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// What a server may answer to one question.
    private static let answerLimit = 64 << 20

    /// Starts the client program. Whether it gets in shows with the first question.
    init(_ call: ToolCall, in place: ToolPlace, dialect: Dialect) throws(HikaeError) {
        var call = call
        call.takesInput = true
        process = try place.start(call)
        self.place = place
        program = call.program
        self.dialect = dialect
    }

    /// Runs statements and returns the values of all rows they answer with, `columns` a row.
    func rows(_ statements: String..., columns: Int) throws(HikaeError) -> [[String]] {
        let values = try ask(statements.joined(separator: ";\n") + ";\n")
        guard values.count.isMultiple(of: columns) else {
            throw HikaeError(
                .protocolViolation, "\(program) answered with \(values.count) values, not \(columns) a row")
        }
        return stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<($0 + columns)]) }
    }

    /// Runs a statement and returns its one value.
    func value(_ statement: String) throws(HikaeError) -> String {
        let values = try rows(statement, columns: 1)
        guard let value = values.first?.first else {
            throw HikaeError(.protocolViolation, "\(program) gave no answer to \(statement)")
        }
        return value
    }

    /// Runs statements that answer nothing.
    func run(_ statements: String...) throws(HikaeError) {
        _ = try ask(statements.joined(separator: ";\n") + ";\n")
    }

    /// Asks many questions that are answered by one number each. A few at a time, so that neither side waits for the
    /// other with full pipes.
    func numbers(_ statements: [String]) throws(HikaeError) -> [UInt64] {
        var numbers: [UInt64] = []
        for start in stride(from: 0, to: statements.count, by: 100) {
            let part = statements[start..<min(start + 100, statements.count)]
            let values = try ask(part.joined(separator: ";\n") + ";\n")
            let found = values.compactMap { UInt64($0) }
            guard found.count == part.count, values.count == part.count else {
                throw HikaeError(.protocolViolation, "\(program) answered \(values.count) of \(part.count) questions")
            }
            numbers += found
        }
        return numbers
    }

    private func ask(_ statements: String) throws(HikaeError) -> [String] {
        questions += 1
        let mark = "hikae-end-of-answer-\(questions)"
        let asking =
            switch dialect {
            case .postgreSQL: "\(statements)\\echo \(mark)\n"
            case .mariaDB: "\(statements)SELECT '\(mark)';\n"
            }
        do throws(HikaeError) {
            try Array(asking.utf8).withBytes { bytes throws(HikaeError) in try process.write(bytes) }
        } catch {
            throw place.failure(of: process, program)
        }
        let ending = Array("\(mark)\n".utf8)
        var answer: [UInt8] = []
        while !answer.suffix(ending.count).elementsEqual(ending) {
            let count = try buffer.withMutableBytes { bytes throws(HikaeError) in try process.read(into: bytes) }
            guard count > 0 else { throw place.failure(of: process, program) }
            answer += buffer[..<count]
            guard answer.count <= Self.answerLimit else {
                throw HikaeError(.limit, "\(program) answered with more than \(Self.answerLimit) bytes")
            }
        }
        return Self.values(answer.dropLast(ending.count), dialect)
    }

    /// The values of an answer.
    static func values(_ answer: ArraySlice<UInt8>, _ dialect: Dialect) -> [String] {
        switch dialect {
        case .postgreSQL:
            var parts = answer.split(separator: 0, omittingEmptySubsequences: false)
            if parts.last?.isEmpty == true { parts.removeLast() }
            return parts.map { String(decoding: $0, as: UTF8.self) }
        case .mariaDB:
            var lines = answer.split(separator: 0x0A, omittingEmptySubsequences: false)
            if lines.last?.isEmpty == true { lines.removeLast() }
            return lines.flatMap { $0.split(separator: 0x09, omittingEmptySubsequences: false) }.map(unescaped)
        }
    }

    private static func unescaped(_ value: ArraySlice<UInt8>) -> String {
        guard value.contains(0x5C) else { return String(decoding: value, as: UTF8.self) }
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in value {
            if isEscaped {
                let letters: [UInt8: UInt8] = [0x6E: 0x0A, 0x74: 0x09, 0x30: 0]
                plain.append(letters[byte] ?? byte)
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }

    /// Ends the connection.
    func close() { process.terminate() }
}

// Reads a dump as its program writes it, counts what passes, and believes in its end only with proof.

import HikaeCore
import HikaeFormat
import HikaeSource

/// A running dump's content. At its end are looked at: the program's exit status, the dump's end mark, and whether
/// every row that the server counted has passed.
final class DumpReader: SourceReader {
    private let dump: RunningDump
    private let database: String
    private let capture: DatabaseCapture
    private var scanner: any DumpScanner
    private var size: UInt64 = 0
    /// The last bytes, where the end mark stands.
    private var tail: [UInt8] = []
    private var isAtEnd = false
    private static let tailLength = 1024

    init(_ dump: RunningDump, _ database: String, _ capture: DatabaseCapture) {
        (self.dump, self.database, self.capture) = (dump, database, capture)
        scanner = capture.server.makeScanner(takesFingerprints: false)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        if isAtEnd { return 0 }
        do throws(HikaeError) {
            let count = try dump.process.read(into: buffer)
            guard count > 0 else {
                try end()
                isAtEnd = true
                return 0
            }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            scanner.scan(bytes)
            keepTail(bytes)
            size += UInt64(count)
            return count
        } catch {
            capture.fail(error)
            dump.process.terminate()
            dump.session.close()
            throw error
        }
    }

    func currentNode() throws(HikaeError) -> Node? { nil }

    private func keepTail(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count >= Self.tailLength {
            tail = Array(bytes.suffix(Self.tailLength))
        } else {
            tail = Array((tail + bytes).suffix(Self.tailLength))
        }
    }

    /// Whether a dump's last line that says anything is its end mark. Anywhere else the same words may be somebody's data.
    static func isEnd(_ tail: [UInt8], _ mark: String) -> Bool {
        let lines = tail.split(separator: 0x0A)
        let last = lines.last { line in !line.elementsEqual("--".utf8) && !line.starts(with: "\\unrestrict ".utf8) }
        return last?.starts(with: mark.utf8) == true
    }

    private func end() throws(HikaeError) {
        let server = capture.server
        let program = server.dumpProgram
        try server.place.finish(dump.process, program)
        guard Self.isEnd(tail, server.endMark), scanner.isBetweenStatements else {
            throw HikaeError(
                .programFailed,
                "\(program) succeeded, but its dump of \(database) is not whole: after \(size) bytes it has no end mark (\"\(server.endMark)\")",
                hint: "Run it by hand and look at what it writes. Nothing of this capture is kept as a snapshot.")
        }
        try compare()
        dump.session.close()
    }

    private func compare() throws(HikaeError) {
        var notes = dump.notes
        var counted: [CountedTable] = []
        do throws(HikaeError) {
            counted = try dump.counted()
            notes += try DumpComparison.notes(
                scanner.tally, counted, later: dump.countedLater, database, capture.server.settings.address)
        } catch  where error.code == .unreachable {
            notes.append("\(database): the server's own count was lost with its connection: \(error.message)")
        }
        capture.add(
            DatabaseCapture.Outcome(
                database: database, bytes: size, tally: scanner.tally, counted: counted, notes: notes))
    }
}

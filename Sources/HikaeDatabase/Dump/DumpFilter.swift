// What of a dump reaches the client program: SQL and rows, and no line that is meant for the program itself.

import HikaeCore

/// Passes a dump on and counts its rows. Lines for the client program are left out if the dump program itself writes
/// such, and refused otherwise.
struct DumpFilter: Sendable {
    /// Nil: everything passes.
    private var scanner: (any DumpScanner)?

    init(_ scanner: (any DumpScanner)?) { self.scanner = scanner }

    /// What has passed.
    var tally: DumpTally { scanner?.tally ?? DumpTally() }

    /// Gives `write` what may pass of the next bytes. Throws `.refused` for a command that no dump program writes.
    mutating func pass(
        _ bytes: UnsafeRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        guard scanner != nil else { return try write(bytes) }
        scanner?.scan(bytes)
        if let command = scanner?.foreignCommand { throw Self.refusal(command) }
        var start = 0
        for range in scanner?.clientLines ?? [] {
            if range.lowerBound > start { try write(UnsafeRawBufferPointer(rebasing: bytes[start..<range.lowerBound])) }
            start = range.upperBound
        }
        if start < bytes.count { try write(UnsafeRawBufferPointer(rebasing: bytes[start...])) }
    }

    static func refusal(_ command: String) -> HikaeError {
        HikaeError(
            .refused, "the dump in the snapshot has a command for the client program in it: \(command)",
            hint:
                "No dump program writes that: the server that it came from may have been broken into. Nothing was restored. Restore it into a folder and look at it."
        )
    }
}

// A folder's listing while it comes in: lines are cut and read as they arrive, within bounds. No I/O.

import HikaeCore

/// Reads a listing from pieces of any length.
struct Listing: Sendable {
    /// What a server may say of one folder.
    struct Bounds: Sendable {
        var lineBytes = 8192
        var entries = 500_000
        /// Lines that cannot be read, until it is no listing at all.
        var unreadableLines = 1000
    }

    /// The two commands.
    enum Form: Sendable { case machine, list }

    let form: Form
    private let unix: UnixListing
    private let bounds: Bounds
    private var line: [UInt8] = []
    /// In the order of arrival, names as on the wire and not yet judged.
    private(set) var entries: [ListedEntry] = []
    /// The first lines that could not be read, and how many there were.
    private(set) var unreadable: [[UInt8]] = []
    private(set) var unreadableCount = 0
    /// Whether the folder itself was listed, as it is when hidden names are.
    private(set) var listsItself = false

    init(_ form: Form, now: Timestamp, bounds: Bounds = Bounds()) {
        self.form = form
        self.bounds = bounds
        unix = UnixListing(now: now)
    }

    /// Takes the next bytes. Throws `.protocolViolation` when a bound is passed.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(HikaeError) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            line.append(contentsOf: rest[..<end])
            rest = rest[(end + 1)...]
            try endLine()
        }
        line.append(contentsOf: rest)
        try checkLine()
    }

    /// Reads a last line without an end.
    mutating func finish() throws(HikaeError) {
        if !line.isEmpty { try endLine() }
    }

    private func checkLine() throws(HikaeError) {
        guard line.count <= bounds.lineBytes else {
            throw HikaeError(
                .protocolViolation, "the server's listing has a line of more than \(bounds.lineBytes) bytes")
        }
    }

    private mutating func endLine() throws(HikaeError) {
        try checkLine()
        if line.last == 0x0D { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        switch read(line[...]) {
        case .entry(let entry):
            entries.append(entry)
            guard entries.count <= bounds.entries else {
                throw HikaeError(.limit, "the server lists more than \(bounds.entries) entries in one folder")
            }
        case .nothing:
            if line.last == 0x2E { listsItself = true }
        case .unreadable:
            unreadableCount += 1
            if unreadable.count < 3 { unreadable.append(Array(line.prefix(80))) }
            guard unreadableCount <= bounds.unreadableLines else {
                throw HikaeError(.protocolViolation, "what the server sent is no listing of a folder")
            }
        }
    }

    private func read(_ line: ArraySlice<UInt8>) -> ListedLine {
        guard form == .list else { return MachineListing.read(line) }
        if let first = line.first, first >= 0x30, first <= 0x39 { return WindowsListing.read(line) }
        return unix.read(line)
    }
}

// The files of a database's capture: dumps, which are streamed, and small scripts, which are made when they are opened.

import HikaeCore
import HikaeFormat
import HikaeSource

/// A folder whose entries are known.
struct DumpFolder: SourceDirectory {
    let displayPath: String
    private let sorted: [SourceEntry]

    init(displayPath: String, unsorted: [SourceEntry]) {
        self.displayPath = displayPath
        sorted = unsorted.sorted { $0.node.name.lexicographicallyPrecedes($1.node.name) }
    }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] { sorted }
}

/// A dump that is made when it is read.
struct DumpFile: SourceFile {
    let capture: DatabaseCapture
    let database: String

    var displayPath: String { "/\(DatabaseFileName.file(database))" }

    func open() throws(HikaeError) -> any SourceReader {
        do throws(HikaeError) {
            return DumpReader(try capture.server.dump(database), database, capture)
        } catch {
            capture.fail(error)
            throw error
        }
    }
}

/// A script of moderate size.
struct SmallFile: SourceFile {
    let capture: DatabaseCapture
    let name: String
    /// Whether the capture is worth nothing without it.
    let mustSucceed: Bool
    let make: @Sendable (DatabaseCapture) throws(HikaeError) -> [UInt8]

    var displayPath: String { "/\(name)" }

    func open() throws(HikaeError) -> any SourceReader {
        do throws(HikaeError) {
            let bytes = try make(capture)
            capture.add(bytes: bytes.count)
            return BytesReader(bytes)
        } catch {
            if mustSucceed { capture.fail(error) }
            throw error
        }
    }
}

/// Bytes at hand.
final class BytesReader: SourceReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        let part = rest.prefix(buffer.count)
        buffer.copyBytes(from: part)
        rest = rest.dropFirst(part.count)
        return part.count
    }

    func currentNode() throws(HikaeError) -> Node? { nil }
}

// A file on the server as a source.

import HikaeCore
import HikaeFormat
import HikaeSource
import Synchronization

/// A regular file.
final class RemoteFile: SourceFile {
    /// Up to this size a file is fetched whole; a larger one is streamed. It is also what the archiver takes for large.
    static let smallSize: UInt64 = 2 << 20

    private let entry: RemoteEntry
    private let directory: [UInt8]
    private let reading: Reading
    private let group: Int?
    private let announced = Mutex<FileFetch?>(nil)

    init(_ entry: RemoteEntry, in directory: [UInt8], reading: Reading, group: Int?) {
        self.entry = entry
        self.directory = directory
        self.reading = reading
        self.group = group
    }

    private var path: [UInt8] { RemotePath.child(of: directory, entry.name) }
    private var size: UInt64 { entry.attributes.size ?? 0 }

    var displayPath: String { Printable.path(path) }

    func expectOpening() {
        guard size > 0, size <= Self.smallSize else { return }
        let fetch = FileFetch(path: path, size: Int(size))
        announced.withLock { $0 = fetch }
        reading.files.announce(fetch)
    }

    func open() throws(HikaeError) -> any SourceReader {
        do throws(HikaeError) {
            // Nothing is in an empty file; one that has grown since it was listed is the next capture's.
            if size == 0 { return FetchedReader([]) }
            if size <= Self.smallSize, let content = try fetched() { return FetchedReader(content) }
            let reader = try StreamReader(path, reading.connection)
            let now = reader.attributes
            if now.size != entry.attributes.size || now.modificationTime != entry.attributes.modificationTime {
                guard now.kind == .file || now.kind == .unknown else {
                    throw HikaeError(
                        .incomplete, "\(displayPath) is a file no more: it was exchanged while the folder was read")
                }
                var changed = entry
                changed.attributes = now
                if now.mode == nil { changed.attributes.mode = entry.attributes.mode }
                reader.node = changed.node
                reading.tally.correct(listed: size, actual: reader.size, group: group)
            }
            let (tally, group, counted) = (reading.tally, group, reader.size)
            reader.onFailure = { tally.correct(listed: counted, actual: nil, group: group) }
            return reader
        } catch {
            reading.tally.correct(listed: size, actual: nil, group: group)
            throw error
        }
    }

    /// The content in one piece. Nil when that did not work out, because the file has changed since it was listed or the
    /// connection broke: then it is streamed, which can go on where it stopped.
    private func fetched() throws(HikaeError) -> [UInt8]? {
        let known = announced.withLock { announced in
            defer { announced = nil }
            return announced
        }
        switch try reading.files.claim(known ?? FileFetch(path: path, size: Int(size))) {
        case .content(let content): return content
        case .differs: return nil
        case .failed(let error):
            guard error.isRetryable else { throw error }
            return nil
        }
    }
}

/// A file that is here already.
private final class FetchedReader: SourceReader {
    private var content: [UInt8]
    private var position = 0

    init(_ content: [UInt8]) { self.content = content }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        let count = min(buffer.count, content.count - position)
        guard count > 0 else { return 0 }
        content.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
        }
        position += count
        return count
    }

    func currentNode() throws(HikaeError) -> Node? { nil }
}

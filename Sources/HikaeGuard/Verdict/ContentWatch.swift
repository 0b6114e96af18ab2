// Looks at the beginning of every file that is read, on its way from the source to the archiver. Costs one look at
// 512 bytes a file and changes nothing that goes through.

import HikaeCore
import HikaeFormat
public import HikaeSource
import Synchronization

/// Watches what is read in one capture.
public final class ContentWatch: Sendable {
    private let state = Mutex(ContentFindings())

    public init() {}

    /// What was found so far.
    public var findings: ContentFindings { state.withLock { $0 } }

    /// The same directory, watched.
    public func watching(_ directory: any SourceDirectory) -> any SourceDirectory {
        WatchedDirectory(inner: directory, watch: self)
    }

    fileprivate func judge(_ name: [UInt8], _ path: String, _ head: UnsafeRawBufferPointer) {
        let finding = ContentSniff.judge(name, head)
        state.withLock { state in
            state.looked += 1
            switch finding {
            case .asNamed: break
            case .errorPage: state.errorPages.add(path)
            case .noise: state.noise.add(path)
            }
        }
    }
}

private struct WatchedDirectory: SourceDirectory {
    let inner: any SourceDirectory
    let watch: ContentWatch

    var displayPath: String { inner.displayPath }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        var entries = try inner.entries(report: report)
        for place in entries.indices {
            switch entries[place].body {
            case .directory(let directory):
                entries[place].body = .directory(WatchedDirectory(inner: directory, watch: watch))
            case .file(let file):
                let name = entries[place].node.name
                guard ContentSniff.isExpected(name) else { continue }
                entries[place].body = .file(WatchedFile(inner: file, name: name, watch: watch))
            case .other: break
            }
        }
        return entries
    }
}

private struct WatchedFile: SourceFile {
    let inner: any SourceFile
    let name: [UInt8]
    let watch: ContentWatch

    var displayPath: String { inner.displayPath }

    func expectOpening() { inner.expectOpening() }

    func open() throws(HikaeError) -> any SourceReader {
        WatchedReader(inner: try inner.open(), file: self)
    }
}

private final class WatchedReader: SourceReader {
    private let inner: any SourceReader
    private let file: WatchedFile
    private var head: [UInt8] = []
    private var isJudged = false

    init(inner: any SourceReader, file: WatchedFile) { (self.inner, self.file) = (inner, file) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        let count = try inner.read(into: buffer)
        guard !isJudged else { return count }
        let bytes = UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)
        if head.isEmpty, count >= ContentSniff.length {
            judge(UnsafeRawBufferPointer(rebasing: bytes.prefix(ContentSniff.length)))
        } else {
            head += bytes.prefix(ContentSniff.length - head.count)
            if count == 0 || head.count == ContentSniff.length { judgeHead() }
        }
        return count
    }

    /// Who reads need not ask for the end of a file whose size is known.
    deinit {
        if !isJudged, !head.isEmpty { judgeHead() }
    }

    private func judge(_ bytes: UnsafeRawBufferPointer) {
        isJudged = true
        file.watch.judge(file.name, file.displayPath, bytes)
    }

    private func judgeHead() {
        let bytes = head
        // An empty file looks like nothing: it must not thin out what was found in the others.
        guard !bytes.isEmpty else {
            isJudged = true
            return
        }
        head = []
        bytes.withUnsafeBytes { judge($0) }
    }

    func currentNode() throws(HikaeError) -> Node? { try inner.currentNode() }
}

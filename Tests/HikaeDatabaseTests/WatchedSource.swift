// A source that does something once so many bytes of its content have passed: while its programs run.

import HikaeCore
import HikaeFormat
import HikaeSource
import HikaeTesting
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Wraps a source; `body` is called once, in the middle of what it reads.
struct WatchedSource: CaptureSource {
    private let source: any CaptureSource
    private let trigger: Trigger

    init(_ source: any CaptureSource, after bytes: Int, _ body: @escaping @Sendable () -> Void) throws {
        self.source = source
        trigger = Trigger(limit: bytes, body: body)
    }

    var address: String { source.address }
    var unit: CaptureUnit { source.unit }
    func probe() throws(HikaeError) -> ServiceIdentity { try source.probe() }

    func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        Session(session: try source.begin(context), trigger: trigger)
    }

    final class Trigger: Sendable {
        private let limit: Int
        private let body: @Sendable () -> Void
        private let passed = Mutex(0)

        init(limit: Int, body: @escaping @Sendable () -> Void) { (self.limit, self.body) = (limit, body) }

        func pass(_ count: Int) {
            let isNow = passed.withLock { passed in
                let before = passed
                passed += count
                return before < limit && passed >= limit
            }
            if isNow { body() }
        }
    }

    private struct Session: CaptureSession {
        let session: any CaptureSession
        let trigger: Trigger
        var root: any SourceDirectory { Folder(folder: session.root, trigger: trigger) }
        var readers: Int { session.readers }
        func finish() throws(HikaeError) -> CaptureFacts { try session.finish() }
        func close() { session.close() }
    }

    private struct Folder: SourceDirectory {
        let folder: any SourceDirectory
        let trigger: Trigger
        var displayPath: String { folder.displayPath }

        func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
            try folder.entries(report: report).map { entry in
                var entry = entry
                switch entry.body {
                case .directory(let inner): entry.body = .directory(Folder(folder: inner, trigger: trigger))
                case .file(let file): entry.body = .file(WatchedFile(file: file, trigger: trigger))
                case .other: break
                }
                return entry
            }
        }
    }

    private struct WatchedFile: SourceFile {
        let file: any SourceFile
        let trigger: Trigger
        var displayPath: String { file.displayPath }
        func open() throws(HikaeError) -> any SourceReader { Reader(reader: try file.open(), trigger: trigger) }
    }

    private final class Reader: SourceReader {
        private let reader: any SourceReader
        private let trigger: Trigger

        init(reader: any SourceReader, trigger: Trigger) { (self.reader, self.trigger) = (reader, trigger) }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
            let count = try reader.read(into: buffer)
            trigger.pass(count)
            return count
        }

        func currentNode() throws(HikaeError) -> Node? { try reader.currentNode() }
    }
}

/// What can be seen by anybody who looks into /proc of the programs that this process has started, and those in turn.
/// What others run on this machine, other tests among them, is none of its business.
final class Sightings: Sendable {
    private let state = Mutex<(programs: [String], leaks: [String])>(([], []))

    var programs: [String] { state.withLock { $0.programs } }
    var leaks: [String] { state.withLock { $0.leaks } }

    func look(for secret: String) {
        let bytes = Array(secret.utf8)
        var parents: [Int32: Int32] = [:]
        for name in Files.names(in: "/proc") {
            guard let process = Int32(name), let stat = try? Files.read("/proc/\(name)/stat") else { continue }
            // "PID (NAME) STATE PARENT …", and the name may hold anything.
            let fields = stat.split(separator: UInt8(ascii: ")")).last?.split(separator: UInt8(ascii: " ")) ?? []
            parents[process] = fields.count > 1 ? Int32(String(decoding: fields[1], as: UTF8.self)) : nil
        }
        for process in parents.keys where Self.isOurs(process, parents) {
            let name = String(process)
            guard let line = try? Files.read("/proc/\(name)/cmdline") else { continue }
            let program = String(decoding: line.prefix { $0 != 0 }, as: UTF8.self)
            state.withLock { $0.programs.append(program) }
            for part in ["cmdline", "environ"] {
                guard let text = try? Files.read("/proc/\(name)/\(part)") else { continue }
                if Self.contains(text, bytes) { state.withLock { $0.leaks.append("\(program): \(part)") } }
            }
        }
    }

    private static func isOurs(_ process: Int32, _ parents: [Int32: Int32]) -> Bool {
        var place = process
        for _ in 0..<100 {
            guard let parent = parents[place] else { return false }
            if parent == getpid() { return true }
            place = parent
        }
        return false
    }

    private static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
        guard let first = word.first, text.count >= word.count else { return false }
        return text.indices.dropLast(word.count - 1).contains { text[$0] == first && text[$0...].starts(with: word) }
    }
}

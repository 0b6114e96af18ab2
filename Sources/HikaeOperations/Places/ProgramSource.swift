// What a program prints as a source of a plan: one file. A program that fails makes no snapshot.

public import HikaeCore
import HikaeFormat
import HikaeRepository
public import HikaeSource
import Synchronization

/// A program's output under a name.
public struct ProgramSource: CaptureSource {
    let arguments: [String]
    let file: String

    /// - Parameters:
    ///   - arguments: the program and its arguments; no shell comes in between.
    ///   - file: the name that its output gets.
    public init(arguments: [String], file: String) { (self.arguments, self.file) = (arguments, file) }

    /// Without the arguments, which may hold what is nobody's business.
    public var address: String { "command: \(arguments.first ?? "")" }
    public var unit: CaptureUnit { .files }

    /// Whether the program can be found; it is not run.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        _ = try CommandSource(arguments)
        let name = arguments.first ?? ""
        guard ProgramPath.find(name) != nil else {
            throw HikaeError(.programFailed, "there is no program \(name)", hint: "Is it installed, and in PATH?")
        }
        return ServiceIdentity(software: name)
    }

    /// Prepares the program, which runs when its output is opened.
    public func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        let names = file.utf8.split(separator: UInt8(ascii: "/"))
        guard names.count == 1, let name = names.first, !name.contains(0), file != ".", file != ".." else {
            throw HikaeError(.usage, "\"\(file)\" cannot be the name of a file")
        }
        return ProgramSession(try CommandSource(arguments), name: Array(name))
    }
}

private final class ProgramSession: CaptureSession, SourceFile, SourceDirectory {
    private struct State {
        var bytes: UInt64 = 0
        var isComplete = false
        var failure: HikaeError?
    }

    private let command: CommandSource
    private let name: [UInt8]
    private let time = SystemClock().now()
    private let state = Mutex(State())

    init(_ command: CommandSource, name: [UInt8]) { (self.command, self.name) = (command, name) }

    var root: any SourceDirectory { self }
    var readers: Int { 0 }
    var displayPath: String { command.displayPath }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        let identity = ProcessIdentity.current()
        var node = Node(name: name, kind: .file)
        node.mode = 0o644
        (node.mtime, node.atime, node.ctime) = (time, time, time)
        (node.uid, node.gid) = (identity.uid, identity.gid)
        var entry = SourceEntry(node: node, body: .file(self))
        entry.content = .mustBeRead
        entry.mayBeLong = true
        return [entry]
    }

    func open() throws(HikaeError) -> any SourceReader {
        do throws(HikaeError) {
            return Reader(try command.open(), self)
        } catch {
            fail(error)
            throw error
        }
    }

    private func fail(_ error: HikaeError) { state.withLock { $0.failure = $0.failure ?? error } }

    func finish() throws(HikaeError) -> CaptureFacts {
        let state = state.withLock { $0 }
        if let failure = state.failure { throw failure }
        guard state.isComplete else {
            throw HikaeError(.programFailed, "\(displayPath) was not read to its end")
        }
        return CaptureFacts(unit: .files, items: 1, bytes: state.bytes)
    }

    func close() {}

    private final class Reader: SourceReader {
        private let inner: any SourceReader
        private let session: ProgramSession

        init(_ inner: any SourceReader, _ session: ProgramSession) { (self.inner, self.session) = (inner, session) }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
            do throws(HikaeError) {
                let count = try inner.read(into: buffer)
                session.state.withLock { state in
                    state.bytes += UInt64(count)
                    if count == 0 { state.isComplete = true }
                }
                return count
            } catch {
                session.fail(error)
                throw error
            }
        }

        func currentNode() throws(HikaeError) -> Node? { nil }
    }
}

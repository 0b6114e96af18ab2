// What a program writes to its standard output, as a source. A program that fails makes no snapshot.

public import HikaeCore
import HikaeFormat
import Synchronization

/// A program that is run once, when its output is opened.
///
/// Its standard input is empty, its messages go where ours go. At the end of its output its exit status is looked at:
/// anything but 0, and an output without a byte, makes `read` throw `.programFailed`.
public final class CommandSource: StreamOpener {
    private let arguments: [String]
    private let isStarted = Atomic<Bool>(false)

    /// The program, looked for in `PATH`, and its arguments. No shell comes in between.
    ///
    /// Throws `.usage` when there is none.
    public init(_ arguments: [String]) throws(HikaeError) {
        guard let program = arguments.first, !program.isEmpty else {
            throw HikaeError(.usage, "no program to run was named", hint: "Write it behind --stdin-from-command.")
        }
        self.arguments = arguments
    }

    /// For messages.
    public var displayPath: String { "the output of \(arguments.first ?? "")" }

    /// Starts the program, which can be done once. Throws `.programFailed` when it cannot be run.
    public func open() throws(HikaeError) -> any SourceReader {
        guard !isStarted.exchange(true, ordering: .relaxed) else {
            throw HikaeError(.inputOutput, "\(displayPath) can be read once only")
        }
        return Reader(process: try ChildProcess(arguments), name: displayPath)
    }

    private final class Reader: SourceReader {
        private let process: ChildProcess
        private let name: String
        private var isEmpty = true
        private var isAtEnd = false

        init(process: ChildProcess, name: String) {
            self.process = process
            self.name = name
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
            if isAtEnd { return 0 }
            let count = try process.read(into: buffer)
            guard count == 0 else {
                isEmpty = false
                return count
            }
            try process.finish()
            guard !isEmpty else {
                throw HikaeError(.programFailed, "\(process.program) succeeded but wrote nothing")
            }
            isAtEnd = true
            return 0
        }

        func currentNode() throws(HikaeError) -> Node? { nil }
    }
}

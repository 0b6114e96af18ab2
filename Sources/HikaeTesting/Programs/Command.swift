// Runs real programs: restic, servers, hikae itself. Whatever is started here is gone when its test is.

public import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A program to run, and how.
public struct Command: Sendable {
    /// Path, or a name looked up in `PATH`.
    public var program: String
    /// Without the program's own name.
    public var arguments: [String]
    /// Added to the environment of the tests; nil takes a variable away.
    public var environment: [String: String?] = [:]
    /// The folder to run in; nil: this process's.
    public var folder: String?
    /// Bytes for standard input; empty: an input at its end.
    public var input: [UInt8] = []
    /// Seconds after which the program is killed; that is a failure of the test.
    public var timeLimit: Double = 900

    /// Runs `program` with `arguments`, in this folder and environment, with no input.
    public init(_ program: String, _ arguments: [String] = []) {
        (self.program, self.arguments) = (program, arguments)
    }

    /// What a program that has ended left behind.
    public struct Outcome: Sendable {
        /// The exit status; 128 and the signal's number when a signal ended it, as a shell says it.
        public var status: Int32
        /// What it wrote to standard output.
        public var output: [UInt8]
        /// What it wrote to standard error.
        public var errors: [UInt8]
        /// Standard output as text.
        public var text: String { String(decoding: output, as: UTF8.self) }
        /// Standard error as text.
        public var errorText: String { String(decoding: errors, as: UTF8.self) }
    }

    /// Runs to the end. Throws `.programFailed` only when the program could not be started or ran out of time.
    public func run() throws(HikaeError) -> Outcome {
        try RunningCommand(self).wait()
    }

    /// Runs to the end; `.programFailed` with its messages when the status is not 0.
    @discardableResult
    public func succeed() throws(HikaeError) -> Outcome {
        let outcome = try run()
        guard outcome.status == 0 else {
            throw HikaeError(
                .programFailed, "\(program) \(arguments.joined(separator: " ")) ended with \(outcome.status)",
                hint: String((outcome.text + outcome.errorText).suffix(4000)))
        }
        return outcome
    }

    /// Starts without waiting.
    public func start() throws(HikaeError) -> RunningCommand { try RunningCommand(self) }

    /// The path of a program in `PATH`, or nil.
    public static func path(of program: String) -> String? {
        let folders = getenv("PATH").map { String(cString: $0) } ?? ""
        return folders.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    /// `NAME=value` for every variable the program is to see.
    var environmentStrings: [String] {
        var strings: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let name = text.split(separator: "=", maxSplits: 1).first, environment[String(name)] == nil {
                strings.append(text)
            }
            next += 1
        }
        for (name, value) in environment { if let value { strings.append("\(name)=\(value)") } }
        return strings
    }
}

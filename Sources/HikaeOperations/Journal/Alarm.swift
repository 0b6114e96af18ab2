// Telling a person. Every channel of the plan is tried, whatever became of those before: mail that is refused must not
// be the end of an alarm.

public import HikaeCore
import HikaeSource

/// A message to people, on every channel there is.
public struct Alarm: Sendable {
    /// Seconds that a channel has to take a message.
    public static let patienceSeconds = 60.0

    /// What became of one channel.
    public struct Delivery: Sendable {
        /// The channel's program.
        public var channel: String
        /// Nil when it took the message.
        public var error: HikaeError?
    }

    public var subject: String
    public var text: String

    public init(subject: String, text: String) { (self.subject, self.text) = (subject, text) }

    /// Hands the message to each command's standard input; its first line is the subject.
    public func send(to channels: [String]) -> [Delivery] {
        channels.map { command in
            do throws(HikaeError) {
                try send(to: command)
                return Delivery(channel: Self.name(of: command), error: nil)
            } catch {
                return Delivery(channel: Self.name(of: command), error: error)
            }
        }
    }

    /// The program alone: arguments may hold addresses and tokens.
    private static func name(of command: String) -> String {
        command.split(separator: " ").first.map(String.init) ?? command
    }

    private func send(to command: String) throws(HikaeError) {
        var options = ChildProcess.Options()
        options.takesInput = true
        options.keepsMessages = true
        let process = try ChildProcess(["/bin/sh", "-c", command], options: options)
        let isDone = Monitor(false)
        let watchdog = RunningThread(stackBytes: 256 << 10) {
            if isDone.wait(seconds: Self.patienceSeconds, until: { $0 ? true : nil }) == nil { process.terminate() }
        }
        defer {
            isDone.withLock { $0 = true }
            watchdog.join()
        }
        let message = Array((subject + "\n\n" + text + "\n").utf8)
        var writing: HikaeError?
        do throws(HikaeError) {
            try message.withBytes { bytes throws(HikaeError) in try process.write(bytes) }
        } catch {
            writing = error
        }
        process.closeInput()
        // What it prints is of no use, and must not stop it.
        var buffer = [UInt8](repeating: 0, count: 4096)
        while try buffer.withMutableBytes({ bytes throws(HikaeError) in try process.read(into: bytes) }) > 0 {}
        let status = try process.wait()
        guard status == 0 else {
            throw HikaeError(
                .programFailed, "the alarm command \(Self.name(of: command)) failed with exit status \(status)",
                hint: process.messages.isEmpty ? nil : process.messages)
        }
        if let writing { throw writing }
    }
}

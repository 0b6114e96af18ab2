// Errors as people and programs are shown them: what ends the program, and what it goes on after.

import HikaeCore
import HikaeFormat
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Errors on standard error.
enum ErrorDisplay {
    /// The last thing a failing run prints: the message, and what to do. Returns the exit status.
    static func final(_ error: HikaeError) -> Int32 {
        // After a signal whatever goes wrong goes wrong because of it: a program that was stopped as well, for example.
        if let code = Shutdown.signalExitCode { return stopped(code) }
        final(code: error.exitCode, errorCode: error.code.rawValue, message: error.message, hint: error.hint)
        return error.exitCode
    }

    /// The same for a run that a signal stopped. Returns the exit status.
    static func stopped(_ code: Int32) -> Int32 {
        final(code: code, errorCode: HikaeError.Code.cancelled.rawValue, message: "stopped before the end", hint: nil)
        return code
    }

    /// Whether the last word was said: only one thread says it.
    private static let isFinished = Atomic<Bool>(false)

    /// The same from its parts.
    static func final(code: Int32, errorCode: String, message: String, hint: String?) {
        guard !isFinished.exchange(true, ordering: .relaxed) else { return }
        guard Console.shared.isJSON else {
            let kind = errorCode == "incomplete" ? "Warning" : errorCode == "cancelled" ? "Stopped" : "Fatal"
            Console.shared.warn("\(kind): \(message)")
            if let hint { Console.shared.warn(hint) }
            return
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("message_type", "exit_error")
        json.member("code", code)
        json.member("error_code", errorCode)
        json.member("message", message)
        if let hint { json.member("hint", hint) }
        json.endObject()
        Console.shared.warn(String(decoding: json.bytes, as: UTF8.self))
    }

    /// An error that the work goes on after.
    static func passing(_ error: HikaeError, during: String, item: String = "") {
        guard Console.shared.isJSON else { return Console.shared.warn("error: \(error.message)") }
        var json = JSONWriter()
        json.beginObject()
        json.member("message_type", "error")
        json.key("error")
        json.beginObject()
        json.member("message", error.message)
        json.member("code", error.code.rawValue)
        json.endObject()
        json.member("during", during)
        json.member("item", item)
        json.endObject()
        Console.shared.warn(String(decoding: json.bytes, as: UTF8.self))
    }
}

/// Counts errors that the work goes on after, and shows each.
final class ErrorTally: Sendable {
    private let total = Atomic<Int>(0)
    private let during: String

    init(during: String = "run") { self.during = during }

    /// How many there were.
    var count: Int { total.load(ordering: .relaxed) }

    /// Counts and shows one.
    func warn(_ error: HikaeError) {
        total.add(1, ordering: .relaxed)
        ErrorDisplay.passing(error, during: during)
    }
}

// Questions to a person on the terminal. An empty answer takes what is offered.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Asking a person.
enum Questions {
    /// Whether there is a person to ask.
    static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// The answer without spaces at its ends; `offered` when it is empty.
    static func ask(_ question: String, offered: String? = nil) throws(HikaeError) -> String {
        try Console.shared.flush()
        let suffix = offered.map { $0.isEmpty ? "" : " [\($0)]" } ?? ""
        _ = "\(question)\(suffix): ".withCString { write(STDERR_FILENO, $0, strlen($0)) }
        let line = try Shutdown.whileWaitingForInput { () throws(HikaeError) in readLine() }
        guard let line else { throw HikaeError(.cancelled, "the answers ended before the questions") }
        let answer = String(decoding: TextFile.trimmed(Array(line.utf8)), as: UTF8.self)
        return answer.isEmpty ? offered ?? "" : answer
    }

    /// Asks until `accept` takes the answer. `accept` returns nil for an answer that it explained to be none.
    static func ask<Value>(
        _ question: String, offered: String? = nil, _ accept: (String) throws(HikaeError) -> Value
    ) throws(HikaeError) -> Value {
        while true {
            let answer = try ask(question, offered: offered)
            do throws(HikaeError) {
                return try accept(answer)
            } catch {
                Console.shared.warn(error.message)
                if let hint = error.hint { Console.shared.warn(hint) }
            }
        }
    }
}

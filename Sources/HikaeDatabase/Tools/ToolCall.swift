// One run of a database's program, said once for both places it may run in.

import HikaeCore

/// A program, what it is told, and the secret that it finds in a file of its own.
struct ToolCall: Sendable {
    /// Where the secret's file stands, for the arguments.
    static let secretPath = "/dev/fd/3"

    /// The program's name, without a folder.
    var program: String
    var arguments: [String]
    /// What stands in the file `secretPath`, whole lines; nil for none.
    var secret: Secret?
    var takesInput = false
    /// Nothing secret.
    var environment: [String: String] = ["LC_ALL": "C"]

    init(_ program: String, _ arguments: [String], secret: Secret? = nil) {
        (self.program, self.arguments, self.secret) = (program, arguments, secret)
    }
}

// What every command of the program is to the program itself: options, and work that ends with an exit status.

import ArgumentParser
import HikaeCore

/// A command. `execute` does the work and returns the exit status; it throws only what ends the program.
protocol HikaeSubcommand: ParsableCommand {
    var global: GlobalOptions { get }
    func execute() throws(HikaeError) -> ExitStatus
}

/// How the program ends when nothing was thrown.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    /// Some input could not be read; what could be was saved.
    case incomplete = 3
    /// A capture waits for a person's decision.
    case suspect = 20
}

extension HikaeSubcommand {
    /// The console, for short.
    var console: Console { .shared }
}

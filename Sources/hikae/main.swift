// The way in, and every way out: arguments to a command, errors to a message and an exit status.

import ArgumentParser
import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

AllocatorSettings.returnLargeBlocks()
Shutdown.installSignalHandlers()
Shutdown.leave(runProgram())

/// Reads what was asked for, and does it; returns the exit status.
func runProgram() -> Int32 {
    do throws(HikaeError) {
        return runProgram(ArgumentRewriting.rewrite(try ArgumentBytes.commandLine()))
    } catch {
        return ErrorDisplay.final(error)
    }
}

/// Parses and runs; returns the exit status.
func runProgram(_ arguments: [String]) -> Int32 {
    if let problem = CommandNames.problem(arguments) {
        if arguments.contains("--json") { Console.shared.configure(isJSON: true, verbosity: 1) }
        return ErrorDisplay.final(problem)
    }
    var command: any ParsableCommand
    do {
        command = try Hikae.parseAsRoot(arguments)
    } catch {
        return explain(error, arguments)
    }
    if let command = command as? any HikaeSubcommand {
        Console.shared.configure(isJSON: command.global.json, verbosity: command.global.verbosity)
        return execute(command)
    }
    do {
        try command.run()
        return finish(.done)
    } catch {
        return explain(error, arguments)
    }
}

/// Runs a command of ours.
private func execute(_ command: some HikaeSubcommand) -> Int32 {
    do throws(HikaeError) {
        return finish(try command.execute())
    } catch {
        return ErrorDisplay.final(error)
    }
}

/// The status of a run that threw nothing; writing the last of its output may still fail.
private func finish(_ status: ExitStatus) -> Int32 {
    do throws(HikaeError) {
        try Console.shared.flush()
        return status.rawValue
    } catch {
        return ErrorDisplay.final(error)
    }
}

/// Help that was asked for, or what is wrong with the command line.
private func explain(_ error: any Error, _ arguments: [String]) -> Int32 {
    guard Hikae.exitCode(for: error) != .success else {
        Console.shared.print(HelpText.arranged(Hikae.fullMessage(for: error)))
        return finish(.done)
    }
    if arguments.contains("--json") { Console.shared.configure(isJSON: true, verbosity: 1) }
    let command = arguments.first.flatMap { $0.hasPrefix("-") ? nil : " \($0)" } ?? ""
    ErrorDisplay.final(
        code: 1, errorCode: HikaeError.Code.usage.rawValue, message: Hikae.message(for: error),
        hint: "See `hikae\(command) --help`.")
    return 1
}

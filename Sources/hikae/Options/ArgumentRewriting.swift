// What restic's users type and the argument parser does not take as typed: options of every command in front of the
// command's name, `--verbose=2`, `--json=true`, and a program's own options after `--stdin-from-command PROGRAM`.

import ArgumentParser

/// Brings a command line into the form that the parser knows. Never looks at values, only moves them.
struct ArgumentRewriting {
    /// Options of every command that take a value, with the letter that stands for them.
    static let valued: Set<String> = [
        "-r", "--repo", "--repository-file", "-p", "--password-file", "--password-command", "--key-hint",
        "--retry-lock",
        "--cache-dir", "--pack-size", "--compression", "--limit-upload", "--limit-download", "-o", "--option",
        "--cacert", "--tls-client-cert", "--http-user-agent", "--stuck-request-timeout", "--plan",
    ]
    /// Options of every command that take none.
    static let flags: Set<String> = [
        "--insecure-no-password", "--no-lock", "--json", "-q", "--quiet", "-v", "--verbose", "--no-cache",
        "--cleanup-cache", "--no-extra-verify", "--insecure-tls",
    ]
    /// The arguments as the parser takes them.
    static func rewrite(_ arguments: [String]) -> [String] {
        let (leading, command, rest) = split(normalized(arguments))
        if command.isEmpty, rest == ["--version"] { return ["version"] + leading }
        guard !command.isEmpty else { return leading + rest }
        // restic's name for it until version 0.15, which scripts still have.
        if command == ["rebuild-index"] { return ["repair", "index"] + leading + rest }
        return command + leading + (command == ["backup"] ? protectingProgram(rest) : rest)
    }

    /// Spells out `--verbose=2` and `--json=true`, up to a `--`.
    private static func normalized(_ arguments: [String]) -> [String] {
        var result: [String] = []
        for (index, argument) in arguments.enumerated() {
            if argument == "--" { return result + arguments[index...] }
            guard let equals = argument.firstIndex(of: "="), flags.contains(String(argument[..<equals])) else {
                result.append(argument)
                continue
            }
            let name = String(argument[..<equals])
            let value = String(argument[argument.index(after: equals)...])
            if name == "--verbose" || name == "-v", let count = Int(value), (0...9).contains(count) {
                result += Array(repeating: name, count: min(count, 2))
            } else if ["true", "1", "t"].contains(value) {
                result.append(name)
            } else if !["false", "0", "f"].contains(value) {
                result.append(argument)
            }
        }
        return result
    }

    /// The options in front of the command, the command's words, and what follows.
    private static func split(_ arguments: [String]) -> (leading: [String], command: [String], rest: [String]) {
        var leading: [String] = []
        var index = 0
        while index < arguments.count, arguments[index].hasPrefix("-") {
            let argument = arguments[index]
            // `--help` and `--version` in front of a command are the program's own.
            if argument == "--" || argument == "--help" || argument == "-h" || argument == "--version" { break }
            leading.append(argument)
            index += 1
            if valued.contains(argument), index < arguments.count {
                leading.append(arguments[index])
                index += 1
            }
        }
        guard index < arguments.count, !arguments[index].hasPrefix("-") else {
            return (leading, [], Array(arguments[index...]))
        }
        var command = [arguments[index]]
        index += 1
        // Options may also stand between `key` and `list`, and between `vault`, `user` and `add`.
        var family = child(command[0], of: Hikae.self)
        while let known = family, let place = nextWord(arguments, index, of: known) {
            leading += arguments[index..<place]
            command.append(arguments[place])
            index = place + 1
            family = child(arguments[place], of: known)
        }
        return (leading, command, Array(arguments[index...]))
    }

    /// The command of a family by its name.
    private static func child(_ name: String, of family: any ParsableCommand.Type) -> (any ParsableCommand.Type)? {
        family.configuration.subcommands.first { $0._commandName == name }
    }

    /// Where the next word of the command stands, with nothing but options and their values in front of it.
    private static func nextWord(_ arguments: [String], _ start: Int, of family: any ParsableCommand.Type) -> Int? {
        var index = start
        while index < arguments.count, arguments[index] != "--" {
            let (argument, isAfterOption) = (arguments[index], index > start && arguments[index - 1].hasPrefix("-"))
            if argument.hasPrefix("-") {
                index += valued.contains(argument) ? 2 : 1
            } else if child(argument, of: family) != nil {
                return index
            } else if isAfterOption {
                // The value of an option of the command that is still to come.
                index += 1
            } else {
                return nil
            }
        }
        return nil
    }

    /// Puts a `--` in front of a program named right after `--stdin-from-command`, so that its options stay its own.
    private static func protectingProgram(_ arguments: [String]) -> [String] {
        guard let flag = arguments.firstIndex(of: "--stdin-from-command"), !arguments.contains("--"),
            flag + 1 < arguments.count, !arguments[flag + 1].hasPrefix("-")
        else { return arguments }
        return Array(arguments[...flag]) + ["--"] + arguments[(flag + 1)...]
    }
}

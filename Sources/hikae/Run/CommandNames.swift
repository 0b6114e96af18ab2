// Names that are no command's: what was probably meant, or that restic has such a command and Hikae does not yet.

import ArgumentParser
import HikaeCore

/// The names of the program's commands.
enum CommandNames {
    /// What restic has beside them.
    private static let missing: Set<String> = [
        "tag", "mount", "rewrite", "recover", "migrate", "cache", "self-update", "generate",
    ]

    /// What is wrong with the command that the arguments name or ask help for; nil when there is such a command, or
    /// none is named.
    static func problem(_ arguments: [String]) -> HikaeError? {
        var words = arguments.prefix { !$0.hasPrefix("-") }
        while words.first == "help" { words.removeFirst() }
        var commands = Hikae.configuration.subcommands
        var path = "hikae"
        while let word = words.popFirst(), !commands.isEmpty {
            guard let command = commands.first(where: { $0._commandName == word }) else {
                return unknown(word, path, commands.map { $0._commandName })
            }
            commands = command.configuration.subcommands
            path += " \(word)"
        }
        return nil
    }

    private static func unknown(_ word: String, _ path: String, _ names: [String]) -> HikaeError {
        if path == "hikae", missing.contains(word) {
            return HikaeError(
                .usage, "the command \(word) is not in Hikae yet",
                hint: "restic does it on the same repository: `restic \(word)`.")
        }
        let command = String((path + " ").dropFirst("hikae ".count)) + word
        let nearest = names.map { (name: $0, distance: EditDistance.of(word, $0)) }.min { $0.distance < $1.distance }
        // Two letters of a word of two are all of it.
        if let nearest, nearest.distance <= min(2, word.count - 1) {
            return HikaeError(
                .usage, "there is no command \(Words.safe(command))",
                hint: "Did you mean `\(path) \(nearest.name)`?")
        }
        return HikaeError(
            .usage, "there is no command \(Words.safe(command))", hint: "See `\(path) --help`.")
    }
}

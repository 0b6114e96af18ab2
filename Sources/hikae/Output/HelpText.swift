// The parser's help, arranged: the options that every command has stand under a heading of their own, last.

import ArgumentParser

/// Help as it is shown.
enum HelpText {
    /// The heading of the options that every command has.
    static let globalHeading = "OPTIONS OF EVERY COMMAND:"

    /// The help with that heading put in.
    static func arranged(_ help: String) -> String {
        guard let start = help.firstRange(of: "\n  -r, --repo") else { return help }
        var before = String(help[..<start.lowerBound])
        // A command without options of its own has nothing to show above.
        if before.hasSuffix("\nOPTIONS:") { before.removeLast("\nOPTIONS:".count) } else { before += "\n" }
        return before + "\n" + globalHeading + help[start.lowerBound...]
    }

    /// One command's help in so many columns.
    static func of(_ command: any ParsableCommand.Type, columns: Int? = nil) -> String {
        arranged(Hikae.helpMessage(for: command, columns: columns))
    }
}

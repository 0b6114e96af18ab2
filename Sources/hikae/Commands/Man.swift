// `hikae man`: the manual page, made from the help of the commands, so that the two never differ.

import ArgumentParser
import HikaeCore

struct Man: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the manual page.",
        discussion: """
            EXAMPLE
              hikae man > /usr/local/share/man/man1/hikae.1
            """)

    func run() throws { Console.shared.print(ManualPage.text) }
}

/// The manual page.
enum ManualPage {
    /// Every command that does something, by its words, in the order of the help.
    private static var commands: [(String, any ParsableCommand.Type)] { commands(of: Hikae.self, "") }

    private static func commands(
        of family: any ParsableCommand.Type, _ words: String
    ) -> [(String, any ParsableCommand.Type)] {
        family.configuration.subcommands.flatMap { type in
            let name = words + type._commandName
            return type.configuration.subcommands.isEmpty ? [(name, type)] : commands(of: type, name + " ")
        }
    }

    /// The page in man(7) macros.
    static var text: String {
        var page = """
            .TH HIKAE 1 "" "\(Program.title)" "User Commands"
            .SH NAME
            hikae \\- encrypted, deduplicated backups in restic's repository format
            .SH SYNOPSIS
            .B hikae
            .I command
            [options] ...
            .SH DESCRIPTION

            """
        page += preformatted(plain(Hikae.helpMessage(columns: 78).lines(before: "USAGE")))
        for (name, type) in commands {
            page += ".SH \"\(name.uppercased())\"\n"
            page += preformatted(help(type))
        }
        page += ".SH \"OPTIONS OF EVERY COMMAND\"\n" + preformatted(globalOptions)
        page += ".SH \"EXIT STATUS\"\n" + preformatted(exitStatus)
        page += ".SH ENVIRONMENT\n" + preformatted(environment)
        page += ".SH \"SEE ALSO\"\n.BR restic (1)\n"
        return page
    }

    /// A command's help without the options that all have.
    private static func help(_ type: any ParsableCommand.Type) -> String {
        plain(HelpText.of(type, columns: 78).lines(before: HelpText.globalHeading))
    }

    /// Help without the parser's word in front: the section has a heading.
    private static func plain(_ help: String) -> String {
        let word = "OVERVIEW: "
        return help.hasPrefix(word) ? String(help.dropFirst(word.count)) : help
    }

    private static var globalOptions: String {
        let lines = HelpText.of(Version.self, columns: 78).split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix(HelpText.globalHeading) }) else { return "" }
        return lines[(start + 1)...].joined(separator: "\n")
    }

    private static let exitStatus = """
        0    done
        1    failed, for any reason not below
        3    done, but some of the input could not be read (backup), some
             snapshots could not be removed (forget), or some files have no
             right version left (vault undelete)
        10   there is no repository at that place
        11   the repository is locked by another process
        12   wrong password
        20   a capture is suspect: it was kept, and a person must look at it
        129, 130, 143   stopped by a closed terminal, by Ctrl-C, by SIGTERM
        141  whoever read the output went away
        """

    private static let environment = """
        HIKAE_REPOSITORY, HIKAE_REPOSITORY_FILE    the repository
        HIKAE_PASSWORD, HIKAE_PASSWORD_FILE,
        HIKAE_PASSWORD_COMMAND                     its password
        HIKAE_KEY_HINT                             the key to try first
        HIKAE_FROM_REPOSITORY,
        HIKAE_FROM_PASSWORD_FILE, ...              the same of copy's source
        HIKAE_HOST                                 --host
        HIKAE_CACHE_DIR, XDG_CACHE_HOME            the local cache
        HIKAE_COMPRESSION, HIKAE_PACK_SIZE         --compression, --pack-size
        HIKAE_READ_CONCURRENCY                     --read-concurrency
        HIKAE_PROGRESS_FPS                         progress updates a second
        RESTIC_...                                 the same, where HIKAE_... is not set
        """

    private static func preformatted(_ text: String) -> String {
        var result = ".nf\n"
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var escaped = ""
            for character in line {
                switch character {
                case "\\": escaped += "\\e"
                case "-": escaped += "\\-"
                default: escaped.append(character)
                }
            }
            // A line that begins with a dot or a quote would be a macro.
            if escaped.hasPrefix(".") || escaped.hasPrefix("'") { escaped = "\\&" + escaped }
            result += escaped + "\n"
        }
        return result + ".fi\n"
    }
}

extension String {
    /// All lines before the first that begins with `heading`.
    fileprivate func lines(before heading: String) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.hasPrefix(heading) }
            .joined(separator: "\n")
    }
}

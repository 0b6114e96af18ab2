// `hikae key person`: a person's own key, with which removals are agreed to or vetoed.

import ArgumentParser
import HikaeAgreement
import HikaeCore

struct KeyPerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person", abstract: "Make or show a person's key for agreeing to removals.",
        subcommands: [KeyPersonNew.self, KeyPersonShow.self])
}

struct KeyPersonNew: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key, and print the line for the vault's administrator.",
        discussion: """
            The key never leaves its file, which is sealed with a passphrase. Make it on your own machine, not on one \
            that captures, and let each person make one: a key that two people know is one person's.

            EXAMPLES
              hikae key person new 佐藤 --file ~/.config/hikae/sato.key
            """)

    @Argument(help: .init("What you are called.", valueName: "name"))
    var name: String

    @Option(help: .init("The file to make.", valueName: "file"))
    var file: String

    @Option(help: .init("Read the passphrase from a file instead of asking for it.", valueName: "file"))
    var passphraseFile: String?

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let name = try PersonName(name)
        let path = try ArgumentBytes.requireText(file, "the file's path")
        guard !NewFile.exists(path) else {
            throw HikaeError(.usage, "\(path) exists already: no key is ever overwritten")
        }
        let passphrase: [UInt8]
        if let passphraseFile {
            passphrase = TextFile.trimmed(try TextFile.read(passphraseFile))
        } else {
            passphrase = try PasswordPrompt.askNew("enter a passphrase: ", again: "enter the passphrase again: ")
        }
        let sealed = try PersonKeyFile(PersonPrivateKey(), of: name, passphrase: Secret(passphrase))
        try NewFile.make(path, sealed.encoded(), mode: 0o600)
        KeyPersonReport.show(sealed.person, global)
        console.note("Give this line to the vault's administrator, and compare the fingerprint by voice.")
        return .done
    }
}

struct KeyPersonShow: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the public line of a key's file.")

    @Option(help: .init("The key's file.", valueName: "file"))
    var file: String

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        KeyPersonReport.show(try PersonKeyFile(decoding: try TextFile.read(file)).person, global)
        return .done
    }
}

/// The public half of a key, for people and for programs.
enum KeyPersonReport {
    static func show(_ person: Person, _ global: GlobalOptions) {
        if global.json {
            Console.shared.printObject { json in
                json.member("message_type", "person")
                json.member("name", person.name.text)
                json.member("line", person.line)
                json.member("fingerprint", person.key.fingerprint)
            }
        } else {
            Console.shared.print(person.line)
            Console.shared.note("fingerprint \(person.key.fingerprint)")
        }
    }
}

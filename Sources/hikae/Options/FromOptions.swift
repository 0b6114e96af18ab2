// The options that name a second repository: where `copy` copies from, where `init` takes the chunker from.

import ArgumentParser

/// The source repository.
struct FromOptions: ParsableArguments {
    @Option(help: .init("The source repository. [HIKAE_FROM_REPOSITORY]", valueName: "repository"))
    var fromRepo: String?

    @Option(
        help: .init("Read the source repository's place from a file. [HIKAE_FROM_REPOSITORY_FILE]", valueName: "file"))
    var fromRepositoryFile: String?

    @Option(
        help: .init("Read the source repository's password from a file. [HIKAE_FROM_PASSWORD_FILE]", valueName: "file"))
    var fromPasswordFile: String?

    @Option(
        help: .init(
            "Run a program that prints the source repository's password. [HIKAE_FROM_PASSWORD_COMMAND]",
            valueName: "command"))
    var fromPasswordCommand: String?

    @Option(help: .init("The source repository's key to try first. [HIKAE_FROM_KEY_HINT]", valueName: "id"))
    var fromKeyHint: String?

    @Flag(help: "The source repository has an empty password (insecure).")
    var fromInsecureNoPassword = false
}

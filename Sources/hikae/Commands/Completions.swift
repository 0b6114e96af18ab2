// `hikae completions`

import ArgumentParser
import HikaeCore

struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print completions for a shell.",
        discussion: """
            EXAMPLES
              hikae completions bash > /etc/bash_completion.d/hikae
              hikae completions zsh > /usr/local/share/zsh/site-functions/_hikae
              hikae completions fish > ~/.config/fish/completions/hikae.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Console.shared.print(Hikae.completionScript(for: kind))
    }
}

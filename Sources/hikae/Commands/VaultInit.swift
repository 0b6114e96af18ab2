// `hikae vault init`

import ArgumentParser
import HikaeCore
import HikaeOperations
import HikaePlan
import HikaeRepository

struct VaultInit: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the vaults that the plan names and that are not there yet.",
        discussion: """
            Each is made as the plan says: with its password (a file that is not there yet gets a new one), under its \
            account, with its locks. Files are cut there as in the plan's first vault, so that copies between them \
            store nothing twice. A vault that is there already stays as it is: only its password is tried.

            Exit status: 1 when one of them could not be made.

            EXAMPLES
              hikae vault init
              hikae vault init far
            """)

    @Argument(help: .init("Vaults of the plan; all when none is named.", valueName: "vault"))
    var names: [String] = []

    @OptionGroup(title: "Which plan") var plan: PlanOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let making = VaultMaking(session: try PlanSession(plan, global), opening: try Session.openOptions(global))
        let vaults = try making.vaults(named: names)
        var failure: HikaeError?
        for vault in vaults {
            do throws(HikaeError) {
                try Shutdown.cancellation.check()
                tell(vault, try making.make(vault))
            } catch {
                if error.code == .cancelled || vaults.count == 1 { throw error }
                failure = failure ?? error
                ErrorDisplay.passing(error, during: "init", item: vault.name)
            }
        }
        return failure == nil ? .done : .failed
    }

    private func tell(_ vault: PlanVault, _ made: VaultMaking.Outcome) {
        guard !console.isJSON else {
            console.printObject { json in
                json.member("message_type", "initialized")
                json.member("vault", vault.name)
                json.member("repository", made.location)
                json.member("vault_is_new", made.isNew)
                if let file = made.newPasswordFile { json.member("password_file", file) }
            }
            return
        }
        console.note(
            made.isNew
                ? "vault \(vault.name): made at \(made.location)"
                : "vault \(vault.name): was there already, and its password opens it")
        guard let file = made.newPasswordFile else { return }
        console.note("  its password is in \(file): without it nobody can read the vault, and nobody can help.")
        console.note("  Print it or copy it to another place.")
    }
}

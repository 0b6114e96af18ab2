import ArgumentParser
import HikaeCore

struct Restore: HikaeSubcommand {
    @OptionGroup var global: GlobalOptions
    func execute() throws(HikaeError) -> ExitStatus { .done }
}

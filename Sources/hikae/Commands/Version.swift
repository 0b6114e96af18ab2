// `hikae version`

import ArgumentParser
import HikaeCore

/// The program's own version.
enum Program {
    static let name = "hikae"
    static let version = "0.1.0"
    /// How snapshots name the program that made them.
    static let title = "hikae \(version)"

    #if os(Linux)
        static let system = "linux"
    #else
        static let system = "darwin"
    #endif
    #if arch(x86_64)
        static let architecture = "amd64"
    #else
        static let architecture = "arm64"
    #endif
}

struct Version: HikaeSubcommand {
    static let configuration = CommandConfiguration(abstract: "Show which version this is.")

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        if global.json {
            console.printObject { json in
                json.member("message_type", "version")
                json.member("version", Program.version)
                json.member("os", Program.system)
                json.member("arch", Program.architecture)
            }
        } else {
            console.print("\(Program.title) on \(Program.system)/\(Program.architecture)")
        }
        return .done
    }
}

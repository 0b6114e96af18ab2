// `hikae vault audit`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeServer

struct VaultAudit: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Verify a vault server's audit log, from its first line to its last.",
        discussion: """
            Every line bears the hash of the line before, so that none can be changed, left out or put in. Whoever \
            owns the machine could write the whole log anew: keep what --head prints somewhere else, and give it back \
            with --expect. Exit status 1 when the chain is broken; the first broken line is named.

            EXAMPLES
              hikae vault audit /srv/vault
              hikae vault audit /srv/vault --head >> /somewhere/else
              hikae vault audit /srv/vault --expect 812:3f0c…
            """)

    @Argument(help: .init("The vault server's folder.", valueName: "directory"))
    var folder: String

    @Flag(help: "Print only the number and hash of the last line.")
    var head = false

    @Option(help: .init("A head that was kept elsewhere: the log must contain that line.", valueName: "number:hash"))
    var expect: String?

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        var expected: AuditHead?
        if let expect {
            guard let head = AuditHead(expect) else {
                throw HikaeError(.usage, "--expect \(expect) is not NUMBER:HASH", hint: "Give what --head has printed.")
            }
            expected = head
        }
        let result = try AuditVerification.run(vault: folder, expected: expected)
        if let broken = result.firstBreak {
            throw HikaeError(
                .damaged,
                "the audit log is broken at \(broken.file)\(broken.line > 0 ? ", line \(broken.line)" : ""): "
                    + Words.safe(broken.reason),
                hint:
                    "\(Words.count(result.lines, "line")) before it \(result.lines == 1 ? "is" : "are") as written. Find "
                    + "out who could write to that folder."
            )
        }
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "summary")
                json.member("lines", result.lines)
                json.member("head", result.head.description)
            }
        } else if head {
            console.print(result.head.description)
        } else {
            console.print("the audit log is whole: \(Words.count(result.lines, "line")), the last \(result.head)")
        }
        return .done
    }
}

// `hikae vault undelete`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRemote

struct VaultUndelete: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "undelete",
        abstract: "Bring back what was deleted or overwritten in a bucket that keeps versions.",
        discussion: """
            In such a bucket a deletion only lays a mark over a file, and an overwriting a new version. This looks at \
            every file of the repository that was touched since the time given, and makes the oldest version whose \
            SHA-256 is the file's name the newest again: by taking the marks away, or by laying a copy on top where \
            the key may not do that. No version is ever removed.

            Needs no password. Run `hikae check --read-data` afterwards.

            EXAMPLES
              hikae vault undelete -r s3:https://s3.example.com/vault \\
                --since "2026-11-28 03:00"
              hikae vault undelete -r s3:https://s3.example.com/vault --all
            """)

    @Option(help: .init("Undo what was done since then. What was removed before stays removed.", valueName: "time"))
    var since: String?

    @Flag(help: "Bring back everything that still has a version, pruned packs and forgotten snapshots too.")
    var all = false

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        guard all != (since != nil) else {
            throw HikaeError(.usage, "say what is to be undone", hint: "Give --since TIME, or --all.")
        }
        let time = try since.map { text throws(HikaeError) in try TypedTime.parse(text, "--since") }
        guard let store = try BucketPlace.store(global) as? S3Store else {
            throw HikaeError(
                .unsupported, "only repositories in S3 buckets keep versions",
                hint: "Name one with -r s3:https://HOST/BUCKET/PREFIX.")
        }
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "files", countsBytes: false))
        defer { display.stop() }
        let report = try BucketUndelete(store, since: time).run(progress: progress) { error in
            ErrorDisplay.passing(error, during: "undelete")
        }
        display.stop()
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "summary")
                json.member("files", report.files)
                json.member("brought_back", report.broughtBack)
                json.member("replaced", report.replaced)
                json.member("lost", report.lost)
            }
        } else {
            console.note(
                "\(Words.count(Int(report.files), "file")) looked at, \(report.broughtBack) brought back, "
                    + "\(report.replaced) given their own bytes again"
                    + (report.lost > 0 ? ", \(report.lost) LOST: no version is right" : ""))
        }
        return report.lost > 0 ? .incomplete : .done
    }
}

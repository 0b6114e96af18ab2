// `hikae init`: a plan with its first vault, or a repository alone.

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaePlan
import HikaeRepository
import HikaeStore

struct Init: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a new plan and make its first vault, or make a repository alone.",
        discussion: """
            Without a repository (-r, HIKAE_REPOSITORY) it writes a plan: on a terminal it asks a few questions, in a \
            script it takes options. The plan, hikae.yaml, is commented in your language; the first vault is made \
            with a password of its own. No file that is there already is changed.

            With a repository it makes just that, empty, in a directory that is created for it. The password encrypts \
            everything in it: without it nobody can read the backups, and nobody can help. Write it down and keep it \
            in another place.

            EXAMPLES
              hikae init
              hikae init --organisation "Sakura Shop" --vault /srv/hikae/office \\
                  --source sftp://web@www.example.com/var/www \\
                  --source imaps://info@mail.example.com
              hikae init -r /srv/backup
              hikae init -r /srv/backup --password-file /etc/backup-password
              hikae init -r /srv/second --password-file /etc/second-password \\
                  --copy-chunker-params --from-repo /srv/backup \\
                  --from-password-file /etc/backup-password
            """)

    enum ChunkerName: String, CaseIterable, ExpressibleByArgument { case gear, rabin }

    @Option(help: "How files are cut: gear (fast, chunk sizes keyed by a secret) or rabin (restic's own).")
    var chunker: ChunkerName = .gear

    @Flag(help: "Cut files as the source repository does, so that `copy` stores nothing twice.")
    var copyChunkerParams = false

    @Option(help: .init("Repository format: 1, 2, stable or latest.", valueName: "version"))
    var repositoryVersion = "stable"

    @OptionGroup(title: "A new plan") var plan: NewPlanOptions
    @OptionGroup(title: "Source repository, for --copy-chunker-params") var from: FromOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        var options = CreateOptions()
        options.version = try version()
        options.chunking = try chunking()
        let identity = ProcessIdentity.current()
        (options.username, options.hostname) = (identity.username, identity.hostname)
        let place = try RepositoryPlace(global)
        if try wantsPlan(place) {
            try NewPlan(options: plan, global: global, creation: options).run()
            return .done
        }
        guard place.isGiven else {
            throw HikaeError(
                .usage, "no repository named, no options of a plan given, and no terminal to ask on",
                hint: "For a plan: --organisation NAME --vault DIRECTORY --source ADDRESS. For a repository alone: "
                    + "-r DIRECTORY, --repository-file FILE or HIKAE_REPOSITORY.")
        }
        let store = try Session.store(at: place, global)
        let vault = NewVault(
            store: store, creation: options, opening: try Session.openOptions(global), hint: "Name another place.")
        if try vault.isThere() {
            throw HikaeError(
                .repositoryExists, "there is a repository at \(store.location) already",
                hint: "Nothing was changed. Use it as it is, or name another place.")
        }
        let repository = try vault.make(Secret(try password(place)))
        report(repository)
        return .done
    }

    /// Whether a plan is meant: options of a plan say so, or nothing names a repository and a person can be asked.
    private func wantsPlan(_ place: RepositoryPlace) throws(HikaeError) -> Bool {
        guard plan.isGiven else { return !place.isGiven && Questions.canAsk }
        guard global.repo == nil, global.repositoryFile == nil else {
            throw HikaeError(
                .usage, "--repo makes a repository alone, and options of a plan are given as well",
                hint: "A plan's vault is named with --vault.")
        }
        return true
    }

    private func password(_ place: RepositoryPlace) throws(HikaeError) -> [UInt8] {
        if let password = try place.resolvePassword() { return password }
        return try PasswordPrompt.askNew("enter password for new repository: ", again: "enter password again: ")
    }

    private func report(_ repository: Repository) {
        if global.json {
            console.printObject { json in
                json.member("message_type", "initialized")
                json.member("id", repository.config.id)
                json.member("repository", repository.store.location)
            }
            return
        }
        console.note("created repository \(repository.config.id.prefix(10)) at \(repository.store.location)")
        console.note("")
        console.note("Please note that knowledge of your password is required to access")
        console.note("the repository. Losing your password means that your data is")
        console.note("irrecoverably lost.")
    }

    private func version() throws(HikaeError) -> Int {
        switch repositoryVersion {
        case "stable", "latest", "2": return 2
        case "1": return 1
        default:
            throw HikaeError(
                .usage, "unknown repository version \(repositoryVersion)", hint: "Use 1, 2, stable or latest.")
        }
    }

    private func chunking() throws(HikaeError) -> CreateOptions.Chunking {
        let place = RepositoryPlace(from)
        guard copyChunkerParams else {
            if from.fromRepo != nil || from.fromRepositoryFile != nil {
                throw HikaeError(.usage, "--from-repo is only of use together with --copy-chunker-params")
            }
            return chunker == .gear ? .gear : .rabin
        }
        return .sameAs(try Session.open(place, global).config)
    }
}

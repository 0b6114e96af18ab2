// Which repository is meant, and where its password comes from: an option wins over HIKAE_…, that over RESTIC_….

import HikaeCore
import HikaePlan

/// One way of naming a repository and its password: from options, from our variables, or from restic's.
struct RepositoryPlace {
    var location: String?
    var locationFile: String?
    var password: [UInt8]?
    var passwordFile: String?
    var passwordCommand: String?
    var keyHint: String?
    var insecureNoPassword = false
    /// What the password prompt calls the repository.
    var name = "repository"
    /// How the options are spelled, for messages.
    var optionPrefix = ""

    /// The repository of the options of every command.
    init(_ options: GlobalOptions) throws(HikaeError) {
        location = options.repo
        locationFile = options.repositoryFile
        passwordFile = options.passwordFile
        passwordCommand = options.passwordCommand
        keyHint = options.keyHint
        insecureNoPassword = options.insecureNoPassword
        fill(from: "")
    }

    /// The other repository, of `copy` and `init`.
    init(_ options: FromOptions) {
        location = options.fromRepo
        locationFile = options.fromRepositoryFile
        passwordFile = options.fromPasswordFile
        passwordCommand = options.fromPasswordCommand
        keyHint = options.fromKeyHint
        insecureNoPassword = options.fromInsecureNoPassword
        name = "source repository"
        optionPrefix = "from-"
        fill(from: "FROM_")
    }

    /// Takes from the environment what no option gave, one prefix as a whole before the next.
    private mutating func fill(from infix: String) {
        for prefix in Environment.prefixes {
            if location == nil, locationFile == nil {
                location = Environment.value(infix + "REPOSITORY", prefixes: [prefix])
                locationFile = Environment.value(infix + "REPOSITORY_FILE", prefixes: [prefix])
            }
            if password == nil, passwordFile == nil, passwordCommand == nil, !insecureNoPassword {
                passwordFile = Environment.value(infix + "PASSWORD_FILE", prefixes: [prefix])
                passwordCommand = Environment.value(infix + "PASSWORD_COMMAND", prefixes: [prefix])
                password = Environment.bytes(prefix + infix + "PASSWORD")
            }
        }
        keyHint = keyHint ?? Environment.value(infix + "KEY_HINT")
    }

    /// Whether the place of a repository is given at all.
    var isGiven: Bool { location != nil || locationFile != nil }

    /// Whether a password can be had without asking anyone.
    var hasPasswordSource: Bool {
        password != nil || passwordFile != nil || passwordCommand != nil || insecureNoPassword
    }

    /// The error for a password that nothing and nobody gives.
    func missingPassword(_ location: String, because reason: String = "") -> HikaeError {
        let variables = optionPrefix.isEmpty ? "HIKAE_" : "HIKAE_FROM_"
        return HikaeError(
            .usage, "no password given for the \(name) \(location)\(reason)",
            hint: "Use --\(optionPrefix)password-file FILE, --\(optionPrefix)password-command COMMAND, "
                + "\(variables)PASSWORD_FILE or \(variables)PASSWORD, or type it on a terminal.")
    }

    /// The repository's location. Throws `.usage` when none is named, or two are.
    func resolveLocation() throws(HikaeError) -> String {
        if location != nil, locationFile != nil {
            throw HikaeError(
                .usage, "--\(optionPrefix)repo and --\(optionPrefix)repository-file cannot be given together")
        }
        if let location { return try ArgumentBytes.requireText(location, "the repository's place") }
        guard let locationFile else {
            throw HikaeError(
                .usage, "no \(name) named",
                hint: optionPrefix.isEmpty
                    ? "Say where it is with -r DIRECTORY, --repository-file FILE or HIKAE_REPOSITORY."
                    : "Say where it is with --from-repo DIRECTORY, --from-repository-file FILE or "
                        + "HIKAE_FROM_REPOSITORY.")
        }
        let text = TextFile.trimmed(try TextFile.read(locationFile, "the file that names the \(name)"))
        guard !text.isEmpty else { throw HikaeError(.usage, "the file \(locationFile) names no repository") }
        return try ArgumentBytes.requireText(ArgumentBytes.string(text), "the repository's place")
    }

    /// The password from a file, a program or the environment; nil when a person has to be asked.
    func resolvePassword() throws(HikaeError) -> [UInt8]? {
        if passwordFile != nil, passwordCommand != nil {
            throw HikaeError(
                .usage,
                "--\(optionPrefix)password-file and --\(optionPrefix)password-command cannot be given together")
        }
        let found: [UInt8]?
        if let passwordCommand {
            found = TextFile.trimmed(try SecretProgram.output(of: passwordCommand, encode: ArgumentBytes.bytes))
        } else if let passwordFile {
            found = TextFile.trimmed(try TextFile.read(passwordFile, "the password file"))
        } else {
            found = password
        }
        if insecureNoPassword {
            guard (found ?? []).isEmpty else {
                throw HikaeError(
                    .usage, "--\(optionPrefix)insecure-no-password and a password cannot be given together")
            }
            return []
        }
        if let found, found.isEmpty {
            throw HikaeError(
                .usage, "the password is empty",
                hint: "For a repository without one, say --\(optionPrefix)insecure-no-password.")
        }
        return found
    }
}

// The options that every command has. restic's names, restic's meaning; the environment fills what is not given.

import ArgumentParser
import HikaeCore
import HikaeFormat

/// Options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: [.customShort("r", allowingJoined: true), .long],
        help: .init("Where the repository is: a directory. [HIKAE_REPOSITORY]", valueName: "repository"))
    var repo: String?

    @Option(help: .init("Read the repository's place from a file. [HIKAE_REPOSITORY_FILE]", valueName: "file"))
    var repositoryFile: String?

    @Option(
        name: [.customShort("p", allowingJoined: true), .long],
        help: .init("Read the password from a file. [HIKAE_PASSWORD_FILE]", valueName: "file"))
    var passwordFile: String?

    @Option(help: .init("Run a program that prints the password. [HIKAE_PASSWORD_COMMAND]", valueName: "command"))
    var passwordCommand: String?

    @Flag(help: "The repository has an empty password (insecure).")
    var insecureNoPassword = false

    @Option(help: .init("The key to try first, by ID or its beginning. [HIKAE_KEY_HINT]", valueName: "id"))
    var keyHint: String?

    @Flag(help: "Do not lock the repository, for one that cannot be written to.")
    var noLock = false

    @Option(help: .init("Try for this long when the repository is locked: 5m, 2h.", valueName: "duration"))
    var retryLock: GoDuration?

    @Flag(help: "Print JSON, for programs.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print no progress and no messages, only results and errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say more; twice for each file.")
    var verbose: Int

    @Option(help: .init("Where to keep the local cache. [HIKAE_CACHE_DIR]", valueName: "directory"))
    var cacheDir: String?

    @Flag(help: "Keep no local cache.")
    var noCache = false

    @Option(help: .init("Size of pack files to write, in MiB: 4 to 128. [HIKAE_PACK_SIZE]", valueName: "MiB"))
    var packSize: Int?

    @Option(help: .init("How to compress: auto, off, fastest, better or max. [HIKAE_COMPRESSION]", valueName: "mode"))
    var compression: String?

    @Option(help: .init("Write at most so much to the repository.", valueName: "KiB/s"))
    var limitUpload: Int?

    @Option(help: .init("Read at most so much from the repository.", valueName: "KiB/s"))
    var limitDownload: Int?

    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("option")],
        help: .init("Set an option of the store. May be repeated.", valueName: "key=value"))
    var storeOptions: [String] = []

    // restic has these too. They have no meaning for a store on this machine and are taken so that scripts go on.
    @Flag(help: .hidden) var cleanupCache = false
    @Flag(help: .hidden) var noExtraVerify = false
    @Flag(help: .hidden) var insecureTls = false
    @Option(help: .hidden) var cacert: [String] = []
    @Option(help: .hidden) var tlsClientCert: String?
    @Option(help: .hidden) var httpUserAgent: String?
    @Option(help: .hidden) var stuckRequestTimeout: String?

    func validate() throws {
        if quiet, verbose > 0 { throw ValidationError("--quiet and --verbose cannot be given together") }
        for option in storeOptions where !option.contains("=") {
            throw ValidationError("-o \(option): an option of the store is given as key=value")
        }
        for (name, value) in [("--limit-upload", limitUpload), ("--limit-download", limitDownload)] {
            if let value, value < 0 { throw ValidationError("\(name) must not be negative") }
        }
    }

    /// 0 with `--quiet`, 1 by default, 2 with `-v`, 3 with `-vv`.
    var verbosity: Int { quiet ? 0 : min(3, 1 + verbose) }

    /// Pack size in bytes, from the option or the environment; nil when neither says.
    func packBytes() throws(HikaeError) -> Int? {
        let size: Int
        if let packSize {
            size = packSize
        } else if let text = Environment.value("PACK_SIZE") {
            guard let number = Int(text) else {
                throw HikaeError(.usage, "the pack size in the environment is no number of MiB: \(text)")
            }
            size = number
        } else {
            return nil
        }
        // restic takes 0 as "the default".
        if size == 0 { return nil }
        guard (4...128).contains(size) else {
            throw HikaeError(.usage, "the pack size must be 4 to 128 MiB, not \(size)")
        }
        return size << 20
    }

    /// The compression mode, from the option or the environment.
    func compressionMode() throws(HikaeError) -> CompressionMode {
        let text = compression ?? Environment.value("COMPRESSION") ?? "auto"
        guard let mode = CompressionMode(rawValue: text) else {
            throw HikaeError(
                .usage, "unknown compression mode \(text)", hint: "Use auto, off, fastest, better or max.")
        }
        return mode
    }
}

// From options to an open, locked repository, and back to an unlocked one on every way out.

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRemote
import HikaeRepository
import HikaeStore

/// The lock a command needs.
enum LockMode {
    case none
    /// Beside others who add: for reading. `--no-lock` does without.
    case reading
    /// Beside others who add: for adding.
    case shared
    /// Alone, to read what nobody changes meanwhile. `--no-lock` does without.
    case readingAlone
    /// Alone: for removing.
    case exclusive

    var isExclusive: Bool { self == .exclusive || self == .readingAlone }
    var onlyReads: Bool { self == .reading || self == .readingAlone }
}

/// An open repository and the lock held on it.
struct Session {
    let repository: Repository
    /// Nil with `--no-lock`.
    let lock: RepositoryLock?

    /// Opens the repository that the options name, runs `body` under a lock, and gives the lock back.
    ///
    /// - Parameter inputIsData: standard input holds data to save, so no password is read from it.
    static func run<Result>(
        _ options: GlobalOptions, lock mode: LockMode, inputIsData: Bool = false,
        _ body: (Session) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        let repository = try open(
            RepositoryPlace(options), options, inputIsData: inputIsData, willLock: mode != .none && !options.noLock)
        return try run(repository, options, lock: mode, body)
    }

    /// Runs `body` under a lock on a repository that is open.
    static func run<Result>(
        _ repository: Repository, _ options: GlobalOptions, lock mode: LockMode,
        _ body: (Session) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        guard mode != .none, !options.noLock else { return try body(Session(repository: repository, lock: nil)) }
        let lock = try lock(repository, options, mode)
        let debt = Shutdown.owe { lock.release() }
        defer {
            lock.release()
            Shutdown.settle(debt)
        }
        do throws(HikaeError) {
            return try body(Session(repository: repository, lock: lock))
        } catch {
            // Stopped by no signal: the lock could not be kept. Asking for it again tells why.
            if error.code == .cancelled, Shutdown.signalExitCode == nil { try lock.confirm() }
            throw error
        }
    }

    private static func lock(
        _ repository: Repository, _ options: GlobalOptions, _ mode: LockMode
    ) throws(HikaeError) -> RepositoryLock {
        do throws(HikaeError) {
            return try RepositoryLock.acquire(
                repository, exclusive: mode.isExclusive, retrySeconds: options.retryLock?.seconds ?? 0,
                lost: Shutdown.cancellation)
        } catch {
            guard error.code == .permission else { throw error }
            throw HikaeError(
                .permission, "cannot lock \(repository.store.location): \(error.message)",
                hint: mode.onlyReads
                    ? "Use --no-lock to read a repository that may not be written to."
                    : "Run it as a user who may write there.")
        }
    }

    /// Opens a repository, asking for the password when nothing else gives it.
    static func open(
        _ place: RepositoryPlace, _ options: GlobalOptions, inputIsData: Bool = false, willLock: Bool = false
    ) throws(HikaeError) -> Repository {
        let store = try store(at: place, options)
        var opening = try openOptions(options, keyHint: place.keyHint)
        opening.willLock = willLock
        if let password = try place.resolvePassword() {
            return try Repository.open(store, password: password, options: opening)
        }
        // Nobody is asked for the password of nothing.
        guard try store.exists(StoredFile.config) else {
            throw HikaeError(
                .noRepository, "there is no repository at \(store.location)",
                hint: "Run `hikae init` to make one, or check the path given with --repo.")
        }
        // A person who mistyped may try again.
        for attempt in 1...3 {
            let password = try PasswordPrompt.ask(
                "enter password for \(place.name): ", inputIsData: inputIsData,
                missing: { place.missingPassword(store.location, because: $0) })
            do throws(HikaeError) {
                return try Repository.open(store, password: password, options: opening)
            } catch {
                guard error.code == .wrongPassword, attempt < 3, PasswordPrompt.isInteractive(inputIsData) else {
                    throw error
                }
                Console.shared.warn("wrong password, try again")
            }
        }
        throw HikaeError(.wrongPassword, "wrong password")
    }

    /// The store of a place, slowed down as the options say.
    static func store(at place: RepositoryPlace, _ options: GlobalOptions) throws(HikaeError) -> any ObjectStore {
        try store(at: try place.resolveLocation(), options)
    }

    /// The store at a location, slowed down as the options say.
    static func store(at location: String, _ options: GlobalOptions) throws(HikaeError) -> any ObjectStore {
        var work = RemoteLocation.Work()
        let (upload, download) = (options.limitUpload ?? 0, options.limitDownload ?? 0)
        if upload > 0 { work.uploadRate = UInt64(upload) << 10 }
        if download > 0 { work.downloadRate = UInt64(download) << 10 }
        work.report = { tellRetry($0, $1, of: location) }
        return try RemoteLocation.store(at: location, try remoteOptions(options, location), work)
    }

    /// What the environment and the options say of stores on other machines.
    static func remoteOptions(_ options: GlobalOptions, _ location: String? = nil) throws(HikaeError) -> RemoteOptions {
        var remote = RemoteOptions.environment()
        for option in options.storeOptions { try remote.set(option) }
        if let file = options.cacert.last { remote.trust.certificateAuthority = file }
        remote.cancellation = Shutdown.cancellation
        guard location.map(RemoteLocation.isRemote) ?? true else { return remote }
        if options.insecureTls {
            throw HikaeError(
                .unsupported, "--insecure-tls is not offered: whoever stands between could read and change everything",
                hint: "Trust the server's certificate: --cacert FILE, or -o tls.fingerprint=sha256:….")
        }
        if options.tlsClientCert != nil {
            throw HikaeError(.unsupported, "--tls-client-cert is not supported")
        }
        return remote
    }

    /// Says that a server is asked again.
    static func tellRetry(_ error: HikaeError, _ nanoseconds: UInt64, of location: String) {
        guard RemoteLocation.isRemote(location) else { return }
        let seconds = (Double(nanoseconds) / 1e8).rounded() / 10
        Console.shared.warn("\(error.message); trying again in \(seconds) s")
    }

    /// How the options want a repository opened.
    static func openOptions(_ options: GlobalOptions, keyHint: String? = nil) throws(HikaeError) -> OpenOptions {
        var opening = OpenOptions()
        opening.keyHint = keyHint
        opening.compression = try options.compressionMode()
        if let bytes = try options.packBytes() { opening.packSize = bytes }
        opening.cacheDirectory = options.noCache ? nil : CacheFolder.path(options.cacheDir)
        return opening
    }

    /// Loads the index, showing how far it has come.
    func loadIndex() throws(HikaeError) {
        let progress = Progress()
        let display = ProgressDisplay(progress, .init(unit: "index files", countsBytes: false))
        defer { display.stop() }
        try repository.loadIndex(progress: progress)
        try Shutdown.cancellation.check()
    }
}

/// Where the local cache is.
enum CacheFolder {
    /// The option's folder, else the environment's, else `~/.cache/hikae`; nil when there is no home.
    static func path(_ option: String?) -> String? {
        if let option = option ?? Environment.value("CACHE_DIR", prefixes: ["HIKAE_"]) { return option }
        // restic's cache has a form of its own, so ours is a folder beside it.
        if let shared = Environment.value("CACHE_DIR", prefixes: ["RESTIC_"]) { return shared + "/hikae" }
        if let folder = Environment.value("XDG_CACHE_HOME", prefixes: [""]) { return folder + "/hikae" }
        return Environment.value("HOME", prefixes: [""]).map { $0 + "/.cache/hikae" }
    }
}

// From a plan's file to what commands that work on it need.

import HikaeCore
import HikaeOperations
import HikaePlan

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A plan at work.
struct PlanSession {
    let plan: Plan
    let vaults: VaultOpener.Options
    let context: WorkContext
    let journal: Journal
    var words: PlanWords { PlanWords(language: plan.language) }

    /// Loads the plan; times are in its zone from here on.
    init(_ options: PlanOptions, _ global: GlobalOptions) throws(HikaeError) {
        plan = try options.load()
        if let zone = plan.timeZone {
            setenv("TZ", zone, 1)
            tzset()
        }
        var vaults = VaultOpener.Options()
        vaults.cacheDirectory = global.noCache ? nil : CacheFolder.path(global.cacheDir)
        vaults.packSize = try global.packBytes()
        vaults.compression = try global.compressionMode()
        vaults.remote = try Session.remoteOptions(global, nil)
        vaults.retrying = { name, error, nanoseconds in
            let seconds = (Double(nanoseconds) / 1e8).rounded() / 10
            Console.shared.warn("vault \(name): \(error.message); trying again in \(seconds) s")
        }
        vaults.retryLockSeconds = global.retryLock?.seconds ?? 0
        vaults.uploadRate = global.limitUpload.flatMap { $0 > 0 ? UInt64($0) << 10 : nil }
        vaults.downloadRate = global.limitDownload.flatMap { $0 > 0 ? UInt64($0) << 10 : nil }
        self.vaults = vaults
        context = WorkContext(
            cancellation: Shutdown.cancellation,
            owe: { body in
                let debt = Shutdown.owe(body)
                return { Shutdown.settle(debt) }
            })
        journal = Journal(folder: Journal.folder(beside: plan.file))
    }

    /// The source that "SYSTEM/SOURCE" names. Throws `.usage` for a system alone that has several.
    func source(_ text: String) throws(HikaeError) -> (system: PlanSystem, source: PlanSource) {
        let found = try plan.sources(matching: [text])
        guard found.count == 1, let first = found.first else {
            let names = found.map { "\($0.system.name)/\($0.source.name)" }.joined(separator: ", ")
            throw HikaeError(.usage, "\(text) has several sources", hint: "Name one: \(names).")
        }
        return first
    }

    /// Whether no repository is meant but a plan: no `-r`, no variable that names one, and a plan is there.
    static func isMeant(_ options: PlanOptions, _ global: GlobalOptions) -> Bool {
        if options.plan != nil { return true }
        if global.repo != nil || global.repositoryFile != nil { return false }
        if Environment.value("REPOSITORY") != nil || Environment.value("REPOSITORY_FILE") != nil { return false }
        return PlanLocation.find(option: nil) != nil
    }
}

// The options of `prune`, which `forget --prune` has too.

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

/// How much to rewrite.
struct PruneOptionGroup: ParsableArguments {
    @Option(help: .init("Unused data that may stay: 5%, 500M or unlimited.", valueName: "limit"))
    var maxUnused = "5%"

    @Option(help: .init("Rewrite at most so much data: 2G.", valueName: "size"))
    var maxRepackSize: String?

    @Flag(help: "Rewrite only packs that hold directories, none with file data.")
    var repackCacheableOnly = false

    @Flag(help: "Rewrite packs that are much smaller than they should be, too.")
    var repackSmall = false

    @Flag(help: "Rewrite all packs with data that is not compressed.")
    var repackUncompressed = false

    /// The options as the pruner takes them.
    func options(_ global: GlobalOptions) throws(HikaeError) -> PruneOptions {
        var options = PruneOptions()
        options.maxUnused = try UnusedLimit(maxUnused)
        if let maxRepackSize {
            guard let size = ByteCount(maxRepackSize) else {
                throw HikaeError(
                    .usage, "--max-repack-size: \(maxRepackSize) is no size", hint: "Write it as 500M or 2G.")
            }
            options.maxRepackBytes = size.bytes
        }
        options.repackCacheableOnly = repackCacheableOnly
        options.repackSmall = repackSmall
        options.repackUncompressed = repackUncompressed
        if repackUncompressed, try global.compressionMode() == .off {
            throw HikaeError(.usage, "--repack-uncompressed and --compression off cannot be given together")
        }
        return options
    }
}

// What `backup` is to save: paths on the command line, and lists of paths in files.

import HikaeCore
import HikaeSource

/// Collecting the targets of a backup.
struct BackupTargets {
    /// Paths given one by one.
    var paths: [String]
    /// Files of patterns, a shell pattern a line; `#` begins a comment.
    var patternFiles: [String]
    /// Files of paths, one a line, as they are.
    var lineFiles: [String]
    /// Files of paths, each ended by a zero byte.
    var rawFiles: [String]
    /// Whether there could have been a plan, and is none.
    var lacksPlan = false
    /// Told of targets that are not there.
    let report: (HikaeError) -> Void

    /// The targets that are there. Throws when there is none.
    func collect() throws(HikaeError) -> [[UInt8]] {
        var targets: [[UInt8]] = []
        for file in patternFiles { targets += try expanded(file) }
        for file in lineFiles { targets += TextLines.split(try TextFile.read(file)).filter { !$0.isEmpty } }
        for file in rawFiles { targets += try raw(file) }
        targets += paths.map { ArgumentBytes.bytes($0) }
        guard !targets.isEmpty else {
            let files = "Name files or directories, or use --files-from."
            throw HikaeError(
                .usage, "nothing to back up",
                hint: lacksPlan
                    ? "There is no plan here (hikae.yaml): `hikae init` writes one, --plan names it. For a repository "
                        + "without a plan, say -r. \(files)" : files)
        }
        return try LocalFileTree.existing(targets, report: report)
    }

    private func expanded(_ file: String) throws(HikaeError) -> [[UInt8]] {
        var targets: [[UInt8]] = []
        for line in TextLines.split(try TextFile.read(file)) {
            let pattern = TextLines.trimmed(line)
            if pattern.isEmpty || pattern.first == UInt8(ascii: "#") { continue }
            let matches = PathGlob.matches(pattern)
            if matches.isEmpty { Console.shared.warn("\(Words.safe(pattern)) in \(file) matches nothing") }
            targets += matches
        }
        return targets
    }

    private func raw(_ file: String) throws(HikaeError) -> [[UInt8]] {
        let content = try TextFile.readRaw(file)
        guard content.isEmpty || content.last == 0 else {
            throw HikaeError(.usage, "\(file): the last path is not ended by a zero byte")
        }
        let names = content.dropLast().split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
        guard !content.isEmpty else { return [] }
        guard !names.contains(where: \.isEmpty) else {
            throw HikaeError(.usage, "\(file): there is an empty path in the list")
        }
        return names
    }
}

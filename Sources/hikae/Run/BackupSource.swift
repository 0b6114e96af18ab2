// What `backup` reads: files of this machine, standard input, or a program's output.

import HikaeCore
import HikaeRepository
import HikaeSource

/// The source of one backup.
struct BackupSource {
    /// The paths that the snapshot names.
    let paths: [String]
    /// The tree to archive.
    let root: any SourceDirectory
    /// The same tree once more, to count what is ahead; nil for a stream.
    let scanned: (any SourceDirectory)?

    /// - Parameters:
    ///   - time: what the file of a stream is dated.
    ///   - report: told of paths that are not there.
    init(_ command: Backup, time: Timestamp, report: @escaping (HikaeError) -> Void) throws(HikaeError) {
        let input = command.input
        guard !input.isStream else {
            let tree = try Self.stream(command, time: time)
            paths = [String(decoding: tree.absolutePath, as: UTF8.self)]
            (root, scanned) = (tree.root, nil)
            // Reading a stream cannot be hurried: a signal that finds it waiting ends the program soon.
            Shutdown.shortenGrace()
            return
        }
        let targets = try BackupTargets(
            paths: command.paths, patternFiles: input.filesFrom, lineFiles: input.filesFromVerbatim,
            rawFiles: input.filesFromRaw, lacksPlan: !RepositoryPlace(command.global).isGiven, report: report
        ).collect()
        var selection = try command.selection.selection(excluding: try command.excludes.filter())
        if let cache = CacheFolder.path(command.global.cacheDir), cache.hasPrefix("/") {
            selection.hiddenDirectories.append(LexicalPath.clean(ArgumentBytes.bytes(cache)))
        }
        let tree = try LocalFileTree(targets: targets, selection: selection)
        paths = tree.absoluteTargets.map { String(decoding: $0, as: UTF8.self) }
        root = tree.root
        scanned = try LocalFileTree(targets: targets, selection: selection).root
    }

    private static func stream(_ command: Backup, time: Timestamp) throws(HikaeError) -> StreamTree {
        let opener: any StreamOpener
        if command.input.stdinFromCommand {
            opener = try CommandSource(command.paths)
        } else {
            opener = StandardInputSource()
        }
        let identity = ProcessIdentity.current()
        return try StreamTree(
            name: command.input.stdinFilename, time: time, owner: (identity.uid, identity.gid), content: opener)
    }
}

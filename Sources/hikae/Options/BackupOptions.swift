// The options of `backup`, by what they are about.

import ArgumentParser
import HikaeCore
import HikaeSource

/// Where what is saved comes from, besides paths on the command line.
struct BackupInputOptions: ParsableArguments {
    @Option(help: .init("Read paths from a file, a shell pattern a line; - is standard input.", valueName: "file"))
    var filesFrom: [String] = []

    @Option(help: .init("Read paths from a file, one a line, as they are.", valueName: "file"))
    var filesFromVerbatim: [String] = []

    @Option(help: .init("Read paths from a file, each ended by a zero byte (find -print0).", valueName: "file"))
    var filesFromRaw: [String] = []

    @Flag(help: "Save standard input as one file.")
    var stdin = false

    @Option(help: .init("The name of that file, and of a program's output.", valueName: "name"))
    var stdinFilename = "stdin"

    @Flag(help: "Run the program that follows, and save what it prints. Nothing is saved when it fails.")
    var stdinFromCommand = false

    /// Whether one stream is saved rather than files.
    var isStream: Bool { stdin || stdinFromCommand }

    /// Whether standard input holds something to save, or a list.
    var takesStandardInput: Bool {
        stdin || (filesFrom + filesFromVerbatim + filesFromRaw).contains("-")
    }

    /// Throws `.usage` for what does not go together.
    func check(_ arguments: [String]) throws(HikaeError) {
        if stdin, stdinFromCommand {
            throw HikaeError(.usage, "--stdin and --stdin-from-command cannot be given together")
        }
        guard isStream else { return }
        for (name, files) in [
            ("--files-from", filesFrom), ("--files-from-verbatim", filesFromVerbatim),
            ("--files-from-raw", filesFromRaw),
        ] where !files.isEmpty {
            throw HikaeError(.usage, "--stdin and \(name) cannot be given together")
        }
        if stdin, !arguments.isEmpty {
            throw HikaeError(.usage, "--stdin was given, and files as well")
        }
        if stdinFromCommand, arguments.isEmpty {
            throw HikaeError(.usage, "which program?", hint: "hikae backup --stdin-from-command PROGRAM ARGUMENTS")
        }
    }
}

/// What to leave out besides patterns.
struct BackupSelectionOptions: ParsableArguments {
    @Flag(help: "Leave out what caches mark as theirs (CACHEDIR.TAG).")
    var excludeCaches = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("Leave out directories that hold this file (that begins with this).", valueName: "name[:header]"))
    var excludeIfPresent: [String] = []

    @Option(help: .init("Leave out files larger than this: 500M, 2G.", valueName: "size"))
    var excludeLargerThan: String?

    @Flag(name: [.customShort("x"), .long], help: "Stay on the filesystems that the paths are on.")
    var oneFileSystem = false

    /// The selection, with what the patterns leave out.
    func selection(excluding filter: PathFilter) throws(HikaeError) -> FileSelection {
        var selection = FileSelection()
        selection.excludes = filter
        selection.staysOnFilesystem = oneFileSystem
        if let excludeLargerThan {
            guard let size = ByteCount(excludeLargerThan) else {
                throw HikaeError(
                    .usage, "--exclude-larger-than: \(excludeLargerThan) is no size", hint: "Write it as 500M or 2G.")
            }
            selection.largestSize = size.bytes
        }
        for text in excludeIfPresent { selection.markers.append(try DirectoryMarker(text)) }
        if excludeCaches { selection.markers.append(.cacheDirectory) }
        return selection
    }
}

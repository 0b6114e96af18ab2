// Patterns of what to leave out and what to take in: given one by one, or in files.

import ArgumentParser
import HikaeCore
import HikaeSource

/// What to leave out.
struct ExcludeOptions: ParsableArguments {
    @Option(
        name: [.customShort("e", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: .init("Leave out what matches. May be repeated.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("The same, not heeding upper and lower case.", valueName: "pattern"))
    var iexclude: [String] = []

    @Option(help: .init("Read such patterns from a file, one a line.", valueName: "file"))
    var excludeFile: [String] = []

    @Option(help: .init("The same, not heeding upper and lower case.", valueName: "file"))
    var iexcludeFile: [String] = []

    /// The patterns, compiled.
    func filter() throws(HikaeError) -> PathFilter {
        try compile(exclude, excludeFile, iexclude, iexcludeFile)
    }
}

/// What to take in, for `restore`.
struct IncludeOptions: ParsableArguments {
    @Option(
        name: [.customShort("i", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: .init("Restore only what matches. May be repeated.", valueName: "pattern"))
    var include: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init("The same, not heeding upper and lower case.", valueName: "pattern"))
    var iinclude: [String] = []

    @Option(help: .init("Read such patterns from a file, one a line.", valueName: "file"))
    var includeFile: [String] = []

    @Option(help: .init("The same, not heeding upper and lower case.", valueName: "file"))
    var iincludeFile: [String] = []

    /// The patterns, compiled.
    func filter() throws(HikaeError) -> PathFilter {
        try compile(include, includeFile, iinclude, iincludeFile)
    }
}

private func compile(
    _ patterns: [String], _ files: [String], _ caseless: [String], _ caselessFiles: [String]
) throws(HikaeError) -> PathFilter {
    var (strict, loose) = (patterns.map { ArgumentBytes.bytes($0) }, caseless.map { ArgumentBytes.bytes($0) })
    for file in files { strict += try PatternFile.patterns(at: file) }
    for file in caselessFiles { loose += try PatternFile.patterns(at: file) }
    return try PathFilter(bytes: strict, ignoringCase: loose)
}

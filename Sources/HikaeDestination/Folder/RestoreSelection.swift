// Which nodes of a tree are restored, step by step with the walk.

import HikaeFormat
import HikaeSource

/// The patterns' view of a directory.
struct RestoreSelection: Sendable {
    private let include: PathFilter?
    private let exclude: PathFilter
    private var included: PathFilter.Directory?
    private var excluded: PathFilter.Directory

    /// What is to be done with a node.
    struct Choice {
        var isSelected: Bool
        /// A directory: something in it may be selected.
        var isEntered: Bool
    }

    /// At the root.
    init(_ options: RestoreOptions) {
        include = options.include
        exclude = options.exclude
        included = options.include?.root
        excluded = options.exclude.root
    }

    /// What is to be done with an entry of the directory.
    func choice(_ name: [UInt8], isDirectory: Bool) -> Choice {
        if exclude.matches(name, in: excluded) { return Choice(isSelected: false, isEntered: false) }
        guard let include, let included else { return Choice(isSelected: true, isEntered: isDirectory) }
        let verdict = include.verdict(name, in: included)
        return Choice(isSelected: verdict.matches, isEntered: isDirectory && verdict.mayMatchBelow)
    }

    /// The view of a directory in this one.
    func entering(_ name: [UInt8]) -> RestoreSelection {
        var inner = self
        if let include, let included { inner.included = include.directory(name, in: included) }
        inner.excluded = exclude.directory(name, in: excluded)
        return inner
    }
}

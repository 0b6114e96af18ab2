// What all parts of one walk over local files share. Immutable, but for the caches inside.

import HikaeCore
import HikaeFormat

/// The settings and caches of a walk.
final class WalkContext: Sendable {
    let selection: FileSelection
    /// Nil when the walk may go anywhere.
    let bounds: FilesystemBounds?
    let nodes = NodeMaker()

    init(selection: FileSelection, bounds: FilesystemBounds?) {
        self.selection = selection
        self.bounds = bounds
    }
}

// What of the files found is to be saved. Values only; LocalDirectory applies them.

/// What a walk over local files leaves out.
public struct FileSelection: Sendable {
    /// Paths that match are left out, directories with all that is in them.
    public var excludes = PathFilter()
    /// Stay on the filesystems that the targets are on. A mount point itself is kept, empty.
    public var staysOnFilesystem = false
    /// Whatever is no directory and larger than this many bytes is left out; nil: no limit.
    public var largestSize: UInt64?
    /// Directories with one of these hold nothing to save but the marker itself.
    public var markers: [DirectoryMarker] = []
    /// Absolute, clean paths that are left out whatever the patterns say: Hikae's own cache.
    public var hiddenDirectories: [[UInt8]] = []

    /// Leaves nothing out.
    public init() {}
}

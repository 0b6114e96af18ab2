// Files and directories of this machine as one source: what `backup` is given.

internal import CLinux
public import HikaeCore
import HikaeFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The tree over the targets of a backup, the same as restic builds: absolute paths give all directories on the way,
/// relative ones begin at their first name, and equal names from different directories get a number behind them.
public struct LocalFileTree: Sendable {
    /// Where the walk begins. Directories on the way to a target have their own metadata; nothing else in them is saved.
    public let root: any SourceDirectory
    /// The targets as a snapshot names them: absolute and clean, in the order given.
    public let absoluteTargets: [[UInt8]]

    /// Builds the tree over targets whose bytes need be no UTF-8. Relative ones are taken from the working directory,
    /// which must stay the same while the tree is in use.
    ///
    /// Throws `.usage` without targets or for targets that contradict each other, and whatever keeps a directory on the
    /// way to a target from being looked at.
    public init(targets: [[UInt8]], selection: FileSelection = FileSelection()) throws(HikaeError) {
        guard !targets.isEmpty, !targets.contains(where: { $0.isEmpty || $0.contains(0) }) else {
            throw HikaeError(.usage, "nothing to back up", hint: "Name files or directories to save.")
        }
        let workingDirectory = try Self.workingDirectory()
        absoluteTargets = targets.map { LexicalPath.absolute($0, workingDirectory: workingDirectory) }
        let tree = try TargetTree(targets: targets) { path throws(HikaeError) in try Self.names(in: path) }
        let bounds =
            selection.staysOnFilesystem
            ? try FilesystemBounds(targets: targets, workingDirectory: workingDirectory) : nil
        let context = WalkContext(selection: selection, bounds: bounds)
        root = TargetDirectory(tree, context: context, workingDirectory: workingDirectory, displayPath: "/")
        try Self.check(tree)
    }

    /// The same for targets in UTF-8.
    public init(targets: [String], selection: FileSelection = FileSelection()) throws(HikaeError) {
        try self.init(targets: targets.map { Array($0.utf8) }, selection: selection)
    }

    /// Those of the targets that are there, symlinks included; the others go to `report`. Throws when none is.
    public static func existing(
        _ targets: [[UInt8]], report: (HikaeError) -> Void
    ) throws(HikaeError) -> [[UInt8]] {
        let found = targets.filter { target in
            var status = stat()
            let result = (target + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { lstat($0, &status) } ?? -1 }
            }
            if result == 0 || errno != ENOENT { return true }
            report(
                HikaeError(.notFound, "\(String(decoding: target, as: UTF8.self)) does not exist and is passed over"))
            return false
        }
        guard !found.isEmpty || targets.isEmpty else {
            throw HikaeError(.notFound, "none of the files and directories to back up exists")
        }
        return found
    }

    private static func workingDirectory() throws(HikaeError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 1 << 13)
        guard getcwd(&buffer, buffer.count) != nil else { throw .system("find", "the working directory") }
        return buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    }

    private static func names(in path: [UInt8]) throws(HikaeError) -> [[UInt8]] {
        let display = String(decoding: path, as: UTF8.self)
        let descriptor = SystemPath.open(path, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw .system("open the directory", display) }
        defer { close(descriptor) }
        return try NameList(reading: descriptor, path: display).names
    }

    /// A directory on the way that cannot be looked at ends the backup before it begins.
    private static func check(_ tree: TargetTree) throws(HikaeError) {
        for node in tree.nodes.values where !node.isLeaf {
            _ = try TargetDirectory.status(of: node.metadataPath)
            try check(node)
        }
    }
}

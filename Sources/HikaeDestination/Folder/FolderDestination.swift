// A folder of this machine as a destination: the way back without any server.

public import HikaeCore
import HikaeFormat
import HikaeRepository
public import HikaeSource
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A folder that content is put back into.
public struct FolderDestination: Destination {
    /// Absolute, or relative to the current directory.
    public let path: String

    public init(_ path: String) { self.path = path }

    public var address: String { path }

    /// Whether the folder, or the nearest one above it that is there, may be written to.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        var nearest = path
        while access(nearest, F_OK) != 0, nearest.contains("/"), nearest != "/" {
            nearest = String(nearest[..<(nearest.lastIndex(of: "/") ?? nearest.startIndex)])
            if nearest.isEmpty { nearest = "/" }
        }
        guard access(nearest, W_OK | X_OK) == 0 else { throw .system("write to", nearest) }
        return ServiceIdentity(software: "folder")
    }

    /// Compares types, sizes and times; reads no content.
    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnPreview
    {
        var preview = ReturnPreview()
        try content.walk { names, node throws(HikaeError) in
            try watch.cancellation.check()
            guard node.kind != .dir else { return }
            let place = FolderPlace(path, names)
            guard let found = place.status() else {
                preview.items += 1
                preview.bytes += node.size
                return
            }
            if place.seemsToBe(node, found) {
                preview.present += 1
                return
            }
            preview.conflictCount += 1
            if preview.conflicts.count < 1000 { preview.conflicts.append("\(place.path) is there and differs") }
            if options.replaces, !options.onlyMissing {
                preview.items += 1
                preview.bytes += node.size
            }
        }
        return preview
    }

    /// Restores into the folder, which is made when it is not there. What is in the way is refused beforehand.
    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch)
        throws(HikaeError) -> ReturnSummary
    {
        if !options.onlyMissing, !options.replaces {
            let before = try preview(content, options, watch)
            if let first = before.conflicts.first {
                throw HikaeError(
                    .refused,
                    "\(before.conflictCount) file\(before.conflictCount == 1 ? " is" : "s are") in the way in \(path): "
                        + first,
                    hint: "Restore into another folder, or use --only-missing or --replace.")
            }
        }
        var settings = RestoreOptions()
        settings.overwriting = options.onlyMissing ? .never : .ifChanged
        settings.countsBeforehand = true
        let restorer = FolderRestorer(
            content.repository, options: settings, progress: watch.progress, cancellation: watch.cancellation,
            report: watch.report)
        let done = try restorer.restore(content.tree, to: path)
        var summary = ReturnSummary()
        summary.itemsWritten = UInt64(done.files + done.hardLinks + done.others)
        summary.bytesWritten = done.bytes
        summary.itemsSkipped = UInt64(done.skipped)
        summary.errors = UInt64(done.errors)
        return summary
    }

    /// Reads every file again and compares it by the hashes of its content.
    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        var found = Verification()
        var hasher = FileComparison(content.repository)
        var (files, bytes): (UInt64, UInt64) = (0, 0)
        try content.walk { names, node throws(HikaeError) in
            try watch.cancellation.check()
            guard node.kind != .dir else { return }
            // Links and the like are compared, but no source counts them as files.
            if node.kind == .file { files += 1 }
            let place = FolderPlace(path, names)
            found.compared += 1
            if let difference = try hasher.difference(place, node) {
                found.differs(difference)
            } else {
                found.equal += 1
            }
            bytes += node.size
            watch.progress.add(files: 1, bytes: Int(clamping: node.size))
        }
        found.methods.append("every file read again and compared byte for byte by its hashes")
        found.checkTotals(facts, items: files, bytes: bytes)
        return found
    }
}

extension Verification {
    /// Compares what the content holds with what was counted when it was captured.
    public mutating func checkTotals(_ facts: CaptureFacts?, items: UInt64, bytes: UInt64) {
        guard let facts, facts.unit == .files else { return }
        if facts.items != items { differs("\(facts.items) files were counted at the capture, \(items) are in it") }
        methods.append("\(facts.items) files counted at the capture")
    }
}

// Planning files: which blobs, where to, and which names belong to one file.

import HikaeCore
import HikaeFormat
import HikaeRepository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension RestoreWalk {
    mutating func planFile(
        _ node: Node, _ folder: TargetFolder, replaces: Bool, _ path: EntryPath
    ) throws(HikaeError) {
        let key = LinkKey(node)
        if let key, firstNames[key] != nil {
            if options.isDryRun {
                reporter.count { $0.hardLinks += 1 }
                tell(path, replaces ? .updated : .restored)
            } else {
                batch.links.append(PlannedLink(key: key, folder: folder, node: node, replaces: replaces))
            }
            return
        }
        try plan(node, folder, replaces: replaces, path, key)
        if let key { firstNames[key] = (folder, node.name) }
    }

    mutating func plan(
        _ node: Node, _ folder: TargetFolder, replaces: Bool, _ path: EntryPath, _ key: LinkKey?
    ) throws(HikaeError) {
        let content = node.content ?? []
        let first = batch.blobs.count
        let number = UInt32(batch.files.count)
        var offset: UInt64 = 0
        var bytes: UInt64 = 0
        for id in content {
            guard let position = index.lookupPosition(id, .data) else {
                batch.blobs.removeLast(batch.blobs.count - first)
                throw HikaeError(
                    .damaged, "\(path.text) cannot be restored: the repository has no blob \(id.short)",
                    hint: "Run `hikae check`; another copy of the repository may have it.")
            }
            let blob = index.blob(at: position)
            batch.blobs.append(
                PlannedBlob(
                    pack: UInt32(index.packNumber(at: position)), offset: blob.offset, length: blob.length,
                    file: number, position: UInt64(position), fileOffset: offset))
            offset += UInt64(blob.plaintextLength)
            bytes += UInt64(blob.length)
        }
        if offset != node.size {
            reporter.fail(
                HikaeError(
                    .damaged,
                    "\(path.text) is restored with the \(offset) bytes that its blobs hold, not the \(node.size) "
                        + "that its directory tells"))
        }
        if options.isDryRun {
            batch.blobs.removeAll(keepingCapacity: true)
            reporter.count { summary in
                summary.files += 1
                summary.bytes += offset
            }
            reporter.progress.add(files: 1, bytes: Int(clamping: offset))
        } else {
            planned += 1
            batch.bytes += bytes
            batch.files.append(
                PlannedFile(
                    number: planned, folder: folder, name: node.name, metadata: NodeMetadata(node), size: offset,
                    blobCount: Int32(content.count), replaces: replaces, link: key))
        }
        tell(path, replaces ? .updated : .restored, size: offset)
    }
}

extension LinkKey {
    /// Nil for what has one name only.
    init?(_ node: Node) {
        guard node.kind == .file, node.links > 1, node.inode != 0 else { return nil }
        var hasher = Hasher()
        for id in node.content ?? [] { hasher.combine(id) }
        self.init(device: node.deviceID, inode: node.inode, content: hasher.finalize())
    }
}

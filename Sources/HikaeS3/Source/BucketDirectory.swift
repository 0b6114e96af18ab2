// A bucket's keys as folders. A part of the bucket with few keys is listed at once, whatever folders it has; one with
// many is listed folder by folder, so that memory depends on the largest folder and not on the bucket.

import HikaeCore
import HikaeFormat
import HikaeSource

/// One thing that a list told of, and its place.
struct ListedItem: Sendable {
    enum Leaf: Sendable {
        case object(ListedObject)
        /// Keys that begin so, not listed yet.
        case prefix([UInt8])
    }

    /// From the content's top.
    var names: [[UInt8]]
    var leaf: Leaf
}

/// One folder.
struct BucketDirectory: SourceDirectory {
    enum Content: Sendable {
        /// All that is below, in the order of names.
        case known(ArraySlice<ListedItem>)
        /// What begins with this is still to be listed; what else stands there.
        case listed([UInt8], beside: [ListedItem])
    }

    let session: S3Session
    let kind: S3Client.ListingKind
    let names: [[UInt8]]
    let content: Content

    var displayPath: String {
        session.settings.address + names.map { "/" + String(decoding: $0, as: UTF8.self) }.joined()
    }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        do throws(HikaeError) {
            return try list(report: report)
        } catch {
            // Nothing is known of what is here: a snapshot without it would look like one of a bucket that shrank.
            session.isLost(error)
            throw error
        }
    }

    private func list(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        try session.checkFatal()
        let items: ArraySlice<ListedItem>
        switch content {
        case .known(let known): items = known
        case .listed(let prefix, let beside):
            let listed = try itemsBelow(prefix, report: report) + beside
            items = listed.sorted { Self.precedes($0.names, $1.names) }[...]
        }
        var previous: [[UInt8]: Node] = [:]
        if let capture = session.context.previous {
            for node in try capture.nodes(at: names) ?? [] { previous[node.name] = node }
        }
        var entries: [SourceEntry] = []
        var start = items.startIndex
        while start < items.endIndex {
            let name = items[start].names[names.count]
            var end = start + 1
            while end < items.endIndex, items[end].names[names.count] == name { end += 1 }
            append(items[start..<end], named: name, previous, to: &entries)
            start = end
        }
        if names.isEmpty, kind == .objects, session.settings.versions { entries.append(versionsFolder) }
        return entries.sorted { $0.node.name.lexicographicallyPrecedes($1.node.name) }
    }

    /// Appends the entries for all items that share a name here: an object, a folder, or both.
    private func append(
        _ items: ArraySlice<ListedItem>, named name: [UInt8], _ previous: [[UInt8]: Node],
        to entries: inout [SourceEntry]
    ) {
        var object: ListedObject?
        var prefix: [UInt8]?
        var deeper: [ListedItem] = []
        for item in items {
            guard item.names.count == names.count + 1 else {
                deeper.append(item)
                continue
            }
            switch item.leaf {
            case .object(let found): object = found
            case .prefix(let found): prefix = found
            }
        }
        let isFolder = prefix != nil || !deeper.isEmpty
        if isFolder {
            let content: Content = prefix.map { .listed($0, beside: deeper) } ?? .known(deeper[...])
            let folder = BucketDirectory(session: session, kind: kind, names: names + [name], content: content)
            entries.append(SourceEntry(node: Self.folderNode(name, deeper), body: .directory(folder)))
        }
        if let object {
            let own = isFolder ? ObjectPath.besideFolder(name) : name
            entries.append(ObjectFile(session: session, object: object, name: own, kind: kind).entry(previous[own]))
        }
    }

    private static func folderNode(_ name: [UInt8], _ items: [ListedItem]) -> Node {
        var node = Node(name: name, kind: .dir)
        node.mode = FileMode.directory | 0o755
        // S3 knows no folders: the newest object in it tells its time, as far as it is known here.
        var newest = Timestamp(seconds: 0)
        for item in items {
            if case .object(let object) = item.leaf, object.modified > newest { newest = object.modified }
        }
        (node.mtime, node.atime, node.ctime) = (newest, newest, newest)
        return node
    }

    private var versionsFolder: SourceEntry {
        let folder = BucketDirectory(
            session: session, kind: .versions, names: [ObjectPath.versions],
            content: .listed(Array(session.settings.prefix.utf8), beside: []))
        return SourceEntry(node: Self.folderNode(ObjectPath.versions, []), body: .directory(folder))
    }

    // What the server is asked.

    private func itemsBelow(_ prefix: [UInt8], report: (HikaeError) -> Void) throws(HikaeError) -> [ListedItem] {
        let limits = session.client.limits
        if let all = try items(prefix, delimiter: nil, limit: limits.flat, report: report) { return all }
        if let level = try items(prefix, delimiter: "/", limit: limits.folder, report: report) { return level }
        throw HikaeError(
            .limit, "\(displayPath) has more than \(limits.folder) entries in one folder",
            hint: "Capture it in parts, by prefixes.")
    }

    /// Lists; nil when there are more than `limit`.
    private func items(
        _ prefix: [UInt8], delimiter: String?, limit: Int, report: (HikaeError) -> Void
    ) throws(HikaeError) -> [ListedItem]? {
        var items: [ListedItem] = []
        var isOver = false
        // Told when the list is complete, so that nothing is told twice.
        var refused: [HikaeError] = []
        try session.client.list(kind, prefix: prefix, delimiter: delimiter) { page throws(HikaeError) in
            for object in page.objects where kind == .objects || !object.isLatest || object.isDeleteMarker {
                if let names = place(of: object) {
                    items.append(ListedItem(names: names, leaf: .object(object)))
                } else {
                    refused.append(unnameable(object.key))
                }
            }
            for found in page.prefixes {
                if let names = placed(found.dropLast()) {
                    items.append(ListedItem(names: names, leaf: .prefix(found)))
                } else {
                    refused.append(unnameable(found))
                }
            }
            isOver = items.count > limit
            return !isOver
        }
        if isOver { return nil }
        for error in refused { report(error) }
        return try withoutDoubles(items)
    }

    /// Two things at one place would be a server's lie: keys are unique.
    private func withoutDoubles(_ items: [ListedItem]) throws(HikaeError) -> [ListedItem] {
        var last: [UInt8]?
        for item in items {
            guard case .object(let object) = item.leaf, kind == .objects else { continue }
            guard object.key != last else {
                throw HikaeError(
                    .protocolViolation, "\(session.client.address.display) lists \(S3Client.shown(object.key)) twice")
            }
            last = object.key
        }
        return items
    }

    private func place(of object: ListedObject) -> [[UInt8]]? {
        guard var names = placed(object.key[...]) else { return nil }
        if kind == .versions {
            names.append(ObjectPath.versionName(object.version ?? "", modified: RequestSigner.stamp(object.modified)))
        }
        return names
    }

    private func placed(_ key: ArraySlice<UInt8>) -> [[UInt8]]? {
        guard let names = ObjectPath.names(of: key.dropFirst(session.base.count)) else { return nil }
        return kind == .versions ? [ObjectPath.versions] + names : names
    }

    private func unnameable(_ key: [UInt8]) -> HikaeError {
        HikaeError(.unsupported, "\(S3Client.shown(key)) has a NUL in its key, which no file can have: it was left out")
    }

    private static func precedes(_ left: [[UInt8]], _ right: [[UInt8]]) -> Bool {
        left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) }
    }
}

// A folder of a site: its listing turned into entries of a source.

import HikaeCore
import HikaeFormat
import HikaeSource

/// A folder of a site.
struct FTPFolder: SourceDirectory {
    let session: FTPSession
    let path: RemotePath
    /// From the site's root, as the snapshot has them.
    let names: [[UInt8]]
    /// The folder as the excludes see it.
    let place: PathFilter.Directory
    /// What names this folder and those above it, where the server tells.
    let ancestors: [[UInt8]]
    /// The place in the walker's order: the index in each folder above.
    let order: [UInt32]

    init(
        _ session: FTPSession, path: RemotePath, names: [[UInt8]], place: PathFilter.Directory, ancestors: [[UInt8]],
        order: [UInt32]
    ) {
        (self.session, self.path, self.names, self.place) = (session, path, names, place)
        (self.ancestors, self.order) = (ancestors, order)
    }

    var displayPath: String { "/" + names.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/") }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        let content: ListingAhead.Content
        do throws(HikaeError) {
            content = try session.ahead.content(of: self)
        } catch {
            // Without its own folder nothing is known of the site: that is no capture of an empty one.
            if names.isEmpty { session.fail(error) }
            throw error
        }
        for error in content.reports { report(error) }
        return content.entries
    }

    /// Lists the folder.
    func load(_ urgency: ConnectionPool.Urgency) throws(HikaeError) -> ListingAhead.Content {
        let listing = try session.pool.attempt(urgency) { connection, _ throws(HikaeError) in
            try session.listing.list(connection, path)
        }
        var content = ListingAhead.Content(entries: [], reports: [])
        if listing.unreadableCount > 0 {
            let example = listing.unreadable.first.map { Self.printable($0) } ?? ""
            content.reports.append(
                HikaeError(
                    .protocolViolation,
                    "\(listing.unreadableCount) lines of the listing of \(displayPath) have no form"
                        + " that is known, for example: \(example)"))
        }
        let names = NameDecoding(listing.entries.map { $0.name }, session.encoding)
        var previous: [[UInt8]: Node] = [:]
        if session.listing.manner?.form == .list, let nodes = try session.context.previous?.nodes(at: self.names) {
            for node in nodes where node.kind == .file { previous[node.name] = node }
        }
        var found: [(name: [UInt8], entry: ListedEntry)] = []
        for (index, entry) in listing.entries.enumerated() {
            guard ListedEntry.isAllowed(entry.name), let name = names[index] else {
                content.reports.append(
                    HikaeError(
                        .protocolViolation,
                        "\(displayPath) lists the name \"\(Self.printable(entry.name))\", which no"
                            + " file here can bear: it is left out"))
                continue
            }
            found.append((name, entry))
        }
        found.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var folders: UInt32 = 0
        var last: [UInt8]?
        for (name, entry) in found {
            if session.filter.matches(name, in: place) { continue }
            guard name != last else {
                content.reports.append(
                    HikaeError(
                        .protocolViolation,
                        "\(displayPath) lists \"\(String(decoding: name, as: UTF8.self))\" twice:"
                            + " the second is left out"))
                continue
            }
            last = name
            do throws(HikaeError) {
                content.entries.append(try sourceEntry(entry, name, previous[name], &folders))
            } catch {
                content.reports.append(error)
            }
        }
        return content
    }

    private func sourceEntry(_ entry: ListedEntry, _ name: [UInt8], _ previous: Node?, _ folders: inout UInt32)
        throws(HikaeError) -> SourceEntry
    {
        var node = Node(name: name, kind: .file)
        node.mode = FileMode.fromSystem(0o100000 | (entry.permissions ?? (entry.kind == .folder ? 0o755 : 0o644)))
        node.links = 1
        let mtime = entry.time.map { session.listing.instant($0) } ?? Timestamp(seconds: 0)
        (node.mtime, node.atime, node.ctime) = (mtime, mtime, mtime)
        (node.uid, node.user) = Self.owner(entry.owner)
        (node.gid, node.group) = Self.owner(entry.group)
        let shown = displayPath == "/" ? "/" + node.displayName : displayPath + "/" + node.displayName
        switch entry.kind {
        case .file:
            node.size = entry.size
            session.count(names.first ?? [], bytes: entry.size)
            var known = SourceEntry.ContentKnowledge.metadataTells
            if let time = entry.time, time.precision != .second, let previous, previous.size == entry.size,
                session.listing.agrees(previous.mtime, time)
            {
                // The exact time of the capture before is worth more than the listing's, which means the same.
                (node.mtime, node.atime, node.ctime) = (previous.mtime, previous.mtime, previous.mtime)
                known = .isUnchanged
            }
            let isExact = entry.time?.precision == .second
            let file = FTPFile(
                session, folder: path, wireName: entry.name, node: node, shown: shown, top: names.first ?? [],
                isExact: isExact)
            var source = SourceEntry(node: node, body: .file(file))
            source.content = known
            return source
        case .folder:
            node.kind = .dir
            node.mode |= FileMode.directory
            node.links = 0
            guard names.count < FTPSession.depthLimit else {
                throw HikaeError(
                    .limit, "\(shown) lies more than \(FTPSession.depthLimit) folders deep: it is left out")
            }
            guard entry.identity.isEmpty || !ancestors.contains(entry.identity) else {
                throw HikaeError(.limit, "\(shown) leads back to a folder that it lies in: it is left out")
            }
            folders += 1
            let inner = FTPFolder(
                session, path: path.appending(entry.name), names: names + [name],
                place: session.filter.directory(name, in: place),
                ancestors: entry.identity.isEmpty ? ancestors : ancestors + [entry.identity], order: order + [folders])
            return SourceEntry(node: node, body: .directory(inner))
        case .link:
            guard !entry.target.isEmpty else {
                throw HikaeError(
                    .unsupported, "\(shown) is a link, and the server does not say where to: it is left out")
            }
            node.kind = .symlink
            node.mode = FileMode.symlink | 0o777
            node.linkTarget = NameDecoding.decode(entry.target, session.encoding)
            return SourceEntry(node: node, body: .other)
        case .other:
            throw HikaeError(.unsupported, "\(shown) is neither file nor folder nor link: it is left out")
        }
    }

    private static func owner(_ text: [UInt8]) -> (UInt32, String) {
        if let number = ListingText.number(text), let id = UInt32(exactly: number) { return (id, "") }
        return (0, text.count <= 64 && NameEncoding.isUTF8(text) ? String(decoding: text, as: UTF8.self) : "")
    }

    /// For people: what would steer a terminal is replaced.
    private static func printable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(100), as: UTF8.self)
        return String(
            text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : Character($0) })
    }
}

// A directory on the server as a source.

import HikaeCore
import HikaeFormat
import HikaeSource
import Synchronization

/// A directory below, or the one that is read itself.
final class RemoteDirectory: SourceDirectory {
    private enum Phase {
        case waiting
        case underWay(DirectoryListing)
    }

    /// What was found ahead of its time.
    private struct Children {
        var phase = Phase.waiting
        /// Directories in it by name; made once, for the walk and for what goes ahead of it.
        var directories: [[UInt8]: RemoteDirectory] = [:]
    }

    let path: [UInt8]
    /// The names that lead here, each with a NUL behind: sorted by it, directories stand as a walk comes to them.
    let order: [UInt8]
    private let depth: Int
    private let reading: Reading
    private let position: PathFilter.Directory
    /// Which part of the facts this belongs to; nil at the top.
    private let group: Int?
    private let children = Mutex(Children())

    /// Deeper is no tree but a trap.
    private static let deepest = 500

    /// The directory that is read.
    init(root path: [UInt8], _ reading: Reading) {
        self.path = path
        self.reading = reading
        order = []
        depth = 0
        position = reading.excludes.root
        group = nil
    }

    private init(_ name: [UInt8], in parent: RemoteDirectory) {
        path = RemotePath.child(of: parent.path, name)
        order = parent.order + name + [0]
        depth = parent.depth + 1
        reading = parent.reading
        position = parent.reading.excludes.directory(name, in: parent.position)
        group = parent.group ?? parent.reading.tally.group(named: name)
    }

    var displayPath: String { Printable.path(path) }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        let outcome: DirectoryListing.Outcome
        do throws(HikaeError) {
            outcome = try listing()
        } catch {
            if depth == 0 { reading.rootFailure.set(error) }
            throw error
        }
        for problem in outcome.problems { report(problem) }
        var entries: [SourceEntry] = []
        entries.reserveCapacity(outcome.entries.count)
        var counted = FileTally.Count()
        var directories: [RemoteDirectory] = []
        for found in outcome.entries {
            let node = found.node
            switch found.attributes.kind {
            case .directory:
                guard depth < Self.deepest else {
                    report(
                        HikaeError(
                            .limit,
                            "\(displayPath)/\(Printable.path(found.name)) lies deeper than \(Self.deepest)"
                                + " folders: it was left out"))
                    continue
                }
                let inner = child(found.name)
                directories.append(inner)
                entries.append(SourceEntry(node: node, body: .directory(inner)))
            case .file:
                counted.items += 1
                counted.bytes += node.size
                let file = RemoteFile(found, in: path, reading: reading, group: group)
                entries.append(SourceEntry(node: node, body: .file(file)))
            case .symlink: entries.append(SourceEntry(node: node, body: .other))
            case .special, .unknown: counted.special += 1
            }
        }
        reading.tally.add(counted, group: group)
        reading.directories.announce(directories)
        return entries
    }

    /// What was listed ahead, or a listing made now.
    private func listing() throws(HikaeError) -> DirectoryListing.Outcome {
        let ahead = children.withLock { children -> DirectoryListing? in
            if case .underWay(let listing) = children.phase { return listing }
            children.phase = .underWay(DirectoryListing(machine))
            return nil
        }
        if let ahead {
            do throws(HikaeError) {
                let outcome = try ahead.wait()
                reading.directories.claimed(entries: outcome.entries.count)
                return outcome
            } catch {
                guard error.isRetryable else { throw error }
            }
        }
        return try reading.connection.perform { channel throws(HikaeError) in
            let listing = DirectoryListing(machine)
            listing.start(on: channel)
            return try listing.wait()
        }
    }

    private var machine: ListingMachine {
        let (excludes, position) = (reading.excludes, position)
        return ListingMachine(path: path, bounds: reading.bounds) { !excludes.matches($0.name, in: position) }
    }

    private func child(_ name: [UInt8]) -> RemoteDirectory {
        children.withLock { children in
            if let known = children.directories.removeValue(forKey: name) { return known }
            return RemoteDirectory(name, in: self)
        }
    }

    // MARK: - Ahead of the walk

    /// Whether nobody has begun to list this; then the caller has.
    func beginAhead() -> Bool {
        children.withLock { children in
            guard case .waiting = children.phase else { return false }
            children.phase = .underWay(DirectoryListing(machine))
            return true
        }
    }

    /// Lists; the walk finds the result when it comes here.
    func listAhead(on channel: SFTPChannel) {
        let listing = children.withLock { children -> DirectoryListing? in
            if case .underWay(let listing) = children.phase { listing } else { nil }
        }
        listing?.start(on: channel) { [self] result in
            guard case .success(let outcome) = result else {
                return reading.directories.ended(entries: 0, announcing: [])
            }
            var directories: [RemoteDirectory] = []
            if depth < Self.deepest {
                for entry in outcome.entries where entry.attributes.kind == .directory {
                    directories.append(RemoteDirectory(entry.name, in: self))
                }
            }
            children.withLock { children in
                for directory in directories { children.directories[directory.name] = directory }
            }
            reading.directories.ended(entries: outcome.entries.count, announcing: directories)
        }
    }

    private var name: [UInt8] { Array(path.suffix(from: (path.lastIndex(of: RemotePath.slash) ?? -1) + 1)) }
}

extension RemoteEntry {
    /// The entry as a snapshot has it.
    var node: Node {
        let mode = attributes.mode ?? 0
        let kind: NodeKind =
            switch attributes.kind {
            case .file: .file
            case .directory: .dir
            case .symlink: .symlink
            case .special, .unknown: .irregular
            }
        var node = Node(name: name, kind: kind)
        node.mode = FileMode.fromSystem(mode)
        let time = Timestamp(seconds: Int64(attributes.modificationTime ?? 0))
        (node.mtime, node.atime, node.ctime) = (time, time, time)
        (node.uid, node.gid) = (attributes.uid ?? 0, attributes.gid ?? 0)
        (node.user, node.group) = (owners.user, owners.group)
        if kind == .file { node.size = attributes.size ?? 0 }
        if kind != .dir { node.links = 1 }
        node.linkTarget = linkTarget
        return node
    }
}

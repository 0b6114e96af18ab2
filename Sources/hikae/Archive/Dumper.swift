// Files and folders of a snapshot as a stream of bytes. Blobs are read ahead by a few threads, written in order.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import Synchronization

/// Reads what is dumped.
struct Dumper {
    let repository: Repository
    /// Blobs read ahead; at most 8 MiB each.
    private static let ahead = 4

    /// The folder `tree` as a tar archive, names beginning with `prefix`.
    func tar(_ tree: BlobID, prefix: [UInt8], _ output: consuming ArchiveOutput) throws(HikaeError) {
        var writer = TarWriter(output)
        var links: [LinkKey: (path: [UInt8], content: [BlobID])] = [:]
        try walk(tree, prefix) { node, path throws(HikaeError) in
            guard node.kind != .socket, node.kind != .irregular else { return }
            let content = node.content ?? []
            if node.kind == .file, node.links > 1, node.inode != 0 {
                let key = LinkKey(device: node.deviceID, inode: node.inode)
                if let first = links[key], first.content == content {
                    return try writer.begin(node, path: path, size: 0, linkedTo: first.path)
                }
                links[key] = (path, content)
            }
            try writer.begin(node, path: path, size: try size(of: node))
            if node.kind == .file {
                try self.content(of: node) { piece throws(HikaeError) in try writer.write(piece) }
            }
        }
        try writer.finish()
    }

    /// The folder `tree` as a zip archive, names beginning with `prefix`.
    func zip(_ tree: BlobID, prefix: [UInt8], _ output: consuming ArchiveOutput) throws(HikaeError) {
        var writer = ZipWriter(output)
        try walk(tree, prefix) { node, path throws(HikaeError) in
            guard node.kind == .file || node.kind == .dir || node.kind == .symlink else { return }
            guard path.count < 1 << 16 else { throw HikaeError(.limit, "a path is too long for a zip archive") }
            try writer.begin(node, path: path, size: try size(of: node))
            if node.kind == .file {
                try content(of: node) { piece throws(HikaeError) in try writer.write(piece) }
            }
            try writer.end()
        }
        try writer.finish()
    }

    /// Every entry below `tree`, parents first, with its path in the archive.
    private func walk(
        _ tree: BlobID, _ prefix: [UInt8], _ body: (Node, [UInt8]) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        try TreeWalk(repository: repository).walk(tree, at: prefix) { path, node, _ throws(HikaeError) in
            try body(node, path.first == UInt8(ascii: "/") ? Array(path.dropFirst()) : path)
            return .descend
        }
    }

    /// The bytes that a file's blobs hold: what an archive's header must say, whatever the node does.
    private func size(of node: Node) throws(HikaeError) -> UInt64 {
        guard node.kind == .file else { return 0 }
        let index = repository.index
        var size: UInt64 = 0
        for id in node.content ?? [] {
            guard let location = index.lookup(id, .data) else {
                throw HikaeError(
                    .damaged, "\(Words.safe(node.name)) needs the blob \(id.short), which the index does not have",
                    hint: "Run `hikae check`, then `hikae repair index`.")
            }
            size += UInt64(location.plaintextLength)
        }
        return size
    }

    /// Hands out a file's content piece by piece.
    func content(of node: Node, _ body: ([UInt8]) throws(HikaeError) -> Void) throws(HikaeError) {
        let ids = node.content ?? []
        guard ids.count > 2 else {
            for id in ids { try body(try repository.blob(id, .data)) }
            return
        }
        let reading = BlobsAhead(repository, ids, Self.ahead)
        defer { reading.stop() }
        for index in ids.indices { try body(try reading.blob(index)) }
    }

    private struct LinkKey: Hashable {
        var device: UInt64
        var inode: UInt64
    }
}

/// Blobs of one file, read by threads ahead of whoever takes them in order.
private final class BlobsAhead: Sendable {
    private struct State {
        var next = 0
        var taken = 0
        var ready: [Int: Swift.Result<[UInt8], HikaeError>] = [:]
        var isStopped = false
    }

    private let monitor = Monitor(State())
    private let threads = Mutex<[RunningThread]>([])

    init(_ repository: Repository, _ ids: [BlobID], _ ahead: Int) {
        let running = (0..<min(repository.store.traits.threads(processorCount()), ahead)).map { _ in
            RunningThread { [self] in
                var opener = BlobOpener(repository)
                while let index = claim(ids.count, ahead) {
                    let result: Swift.Result<[UInt8], HikaeError>
                    do throws(HikaeError) {
                        result = .success(try repository.blob(ids[index], .data, with: &opener))
                    } catch {
                        result = .failure(error)
                    }
                    monitor.withLock { $0.ready[index] = result }
                }
            }
        }
        threads.withLock { $0 = running }
    }

    private func claim(_ count: Int, _ ahead: Int) -> Int? {
        monitor.wait { state -> Int?? in
            if state.isStopped || state.next >= count { return .some(nil) }
            guard state.next < state.taken + ahead else { return nil }
            state.next += 1
            return state.next - 1
        }
    }

    /// The blob at `index`; each is taken once, in order.
    func blob(_ index: Int) throws(HikaeError) -> [UInt8] {
        let result = monitor.wait { state -> Swift.Result<[UInt8], HikaeError>? in
            guard let result = state.ready.removeValue(forKey: index) else { return nil }
            state.taken += 1
            return result
        }
        return try result.get()
    }

    /// Ends the threads.
    func stop() {
        monitor.withLock { $0.isStopped = true }
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }
}

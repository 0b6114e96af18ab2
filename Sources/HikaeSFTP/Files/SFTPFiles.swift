// Single files on a server for many threads: what a repository needs, and nothing of sources and restores.

package import HikaeCore
import Synchronization

/// Blocking operations on files, over a few connections that are made when they are needed.
///
/// A connection that broke is made again by the next call. What was under way on it fails, and its error says that it may
/// be repeated: whether that is sensible, only the caller knows.
package final class SFTPFiles: Sendable {
    private struct Lane: Sendable {
        let connection: SFTPConnection
        var calls = 0
    }

    /// One entry of a folder.
    package struct Entry: Sendable {
        package let name: [UInt8]
        package let size: UInt64
        package let isFile: Bool
        package let isFolder: Bool
        /// Seconds since 1970; 0 when the server does not tell.
        package let modified: UInt32
    }

    private let settings: SFTPSettings
    private let most: Int
    private let cancellation: Cancellation
    private let lanes = Monitor<[Lane]>([])
    /// Parts of files that were being written when the connection broke: of no use to anybody.
    private let leftovers = Mutex<[[UInt8]]>([])

    /// - Parameter connections: at most, at least one.
    package init(_ settings: SFTPSettings, connections: Int, cancellation: Cancellation) {
        self.settings = settings
        most = max(1, connections)
        self.cancellation = cancellation
    }

    /// A path as the protocol wants it: "~" and what does not begin with a slash begin at the account's home.
    package static func path(_ text: String) -> [UInt8] { RemotePath.start(text) }

    /// The server and the folder, for people.
    package var address: String { settings.address }

    /// Ends all connections.
    package func close() {
        let all = lanes.withLock { lanes in
            defer { lanes = [] }
            return lanes
        }
        for lane in all { lane.connection.close() }
    }

    /// The length of a file in bytes; nil when there is none. Follows links.
    package func size(_ path: [UInt8]) throws(HikaeError) -> UInt64? {
        try perform { channel throws(HikaeError) in try channel.attributes(.status(path: path), path) }.map {
            $0.size ?? 0
        }
    }

    /// Whether a folder stands at the path.
    package func isFolder(_ path: [UInt8]) throws(HikaeError) -> Bool {
        let found = try perform { channel throws(HikaeError) in try channel.attributes(.status(path: path), path) }
        return found?.kind == .directory
    }

    /// Reads until the buffer is full or the file ends; the number of bytes that were read.
    package func read(
        _ path: [UInt8], at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) -> Int {
        let target = RangeFetch.Target(buffer)
        return try perform(isLarge: buffer.count >= Self.largeCall) { channel throws(HikaeError) in
            let handle = try channel.handle(.open(path: path, access: .read, attributes: FileAttributes()), path)
            defer { channel.closeSoon(handle) }
            return try RangeFetch(path: path, handle: handle, offset: offset, target: target, on: channel).run()
        }
    }

    /// A whole file, of at most `limit` bytes; `.limit` when it has more. Its length is asked for while it is opened.
    package func load(_ path: [UInt8], limit: UInt64) throws(HikaeError) -> [UInt8] {
        try perform { channel throws(HikaeError) -> [UInt8] in
            let length = Monitor<Result<FileAttributes, HikaeError>?>(nil)
            channel.send(.status(path: path)) { answer in
                let result = SFTPChannel.result(of: answer) { reply throws(HikaeError) in
                    if case .attributes(let attributes) = reply { return attributes }
                    throw reply.failure("read the metadata of", path)
                }
                length.withLock { $0 = result }
            }
            let handle = try channel.handle(.open(path: path, access: .read, attributes: FileAttributes()), path)
            defer { channel.closeSoon(handle) }
            let size = try length.wait { $0 }.get().size ?? 0
            guard size <= limit else {
                throw HikaeError(.limit, "\(Printable.path(path)) has \(size) bytes: more than can be loaded at once")
            }
            guard size > 0 else { return [] }
            var bytes = [UInt8](repeating: 0, count: Int(size))
            let count = try bytes.withMutableBytes { buffer throws(HikaeError) in
                try RangeFetch(path: path, handle: handle, offset: 0, target: RangeFetch.Target(buffer), on: channel)
                    .run()
            }
            guard count == bytes.count else {
                throw HikaeError(
                    .damaged, "\(Printable.path(path)) ended after \(count) of its \(bytes.count) bytes")
            }
            return bytes
        }
    }

    /// Writes a file under another name beside it, has the server bring it to disk where it can, and moves it to its
    /// place: nobody ever sees half of it.
    ///
    /// - Parameters:
    ///   - part: the other name, at which nothing stands.
    ///   - replaces: whether what stands in the place may be replaced; otherwise the move fails.
    package func write(
        _ path: [UInt8], part: [UInt8], _ bytes: UnsafeRawBufferPointer, replaces: Bool
    ) throws(HikaeError) {
        let content = UploadContent.lent(UploadContent.Lent(bytes))
        do throws(HikaeError) {
            try perform(isLarge: bytes.count >= Self.largeCall) { channel throws(HikaeError) in
                let left = leftovers.withLock { left in
                    defer { left = [] }
                    return left
                }
                for path in left { channel.send(.remove(path: path)) { _ in } }
                var placing = FileUpload.Placing(path: path, part: part, replaces: replaces)
                // Where nothing can be replaced in one step, what stands there is taken away only if it must.
                let isGentle = replaces && !channel.features.renamesOver
                if isGentle { placing.replaces = false }
                guard let failure = upload(content, placing, on: channel) else { return }
                guard isGentle, case .place = failure.step, !failure.error.isRetryable,
                    let found = try channel.attributes(.linkStatus(path: path), path)
                else { throw failure.error }
                // What is there already need not be gone for a moment to be there again.
                if try holds(path, found, bytes, on: channel) { return }
                placing.replaces = true
                if let failure = upload(content, placing, on: channel) { throw failure.error }
            }
        } catch {
            if error.isRetryable { leftovers.withLock { $0.append(part) } }
            throw error
        }
    }

    /// Whether a file has these very bytes.
    private func holds(
        _ path: [UInt8], _ found: FileAttributes, _ bytes: UnsafeRawBufferPointer, on channel: SFTPChannel
    ) throws(HikaeError) -> Bool {
        guard found.kind == .file, found.size == UInt64(bytes.count) else { return false }
        let handle = try channel.handle(.open(path: path, access: .read, attributes: FileAttributes()), path)
        defer { channel.closeSoon(handle) }
        var read = [UInt8](repeating: 0, count: bytes.count)
        let count = try read.withMutableBytes { buffer throws(HikaeError) in
            try RangeFetch(path: path, handle: handle, offset: 0, target: RangeFetch.Target(buffer), on: channel).run()
        }
        return count == bytes.count && read.elementsEqual(bytes)
    }

    private func upload(
        _ content: UploadContent, _ placing: FileUpload.Placing, on channel: SFTPChannel
    ) -> UploadFailure? {
        let outcome = Monitor<UploadFailure??>(nil)
        var attributes = FileAttributes()
        attributes.mode = 0o600
        let upload = FileUpload(placing, attributes, content: content, isCertain: true, on: channel) { failure in
            outcome.withLock { $0 = .some(failure) }
        }
        upload.start()
        return outcome.wait { $0 }
    }

    /// The server's own time in seconds since 1970, as it gives it to a file that is made for this and taken away again.
    /// Nil when it tells no times.
    ///
    /// - Parameter path: at which nothing stands.
    package func time(byMaking path: [UInt8]) throws(HikaeError) -> UInt32? {
        try perform { channel throws(HikaeError) in
            let handle = try channel.handle(PartFile.creating(path), path)
            defer {
                channel.closeSoon(handle)
                channel.send(.remove(path: path)) { _ in }
            }
            return try channel.attributes(.handleStatus(handle: handle), path)?.modificationTime
        }
    }

    /// What stands in a folder. Throws `.notFound` when there is no such folder.
    package func list(_ path: [UInt8]) throws(HikaeError) -> [Entry] { try list([path])[0] }

    /// What stands in several folders, asked for at once.
    package func list(_ paths: [[UInt8]]) throws(HikaeError) -> [[Entry]] {
        var found: [[Entry]] = []
        for start in stride(from: 0, to: paths.count, by: 32) {
            let group = paths[start..<min(start + 32, paths.count)]
            found += try perform { channel throws(HikaeError) -> [[Entry]] in
                let listings = group.map { path in
                    let listing = DirectoryListing(ListingMachine(path: path, bounds: settings.bounds))
                    listing.start(on: channel)
                    return listing
                }
                var entries: [[Entry]] = []
                for listing in listings { entries.append(try listing.wait().entries.map(Self.entry)) }
                return entries
            }
        }
        return found
    }

    /// Removes a file. Throws `.notFound` when there is none.
    package func remove(_ path: [UInt8]) throws(HikaeError) {
        try perform { channel throws(HikaeError) in try channel.succeed(.remove(path: path), "remove", path) }
    }

    /// Makes folders, all asked for at once; one that is there already is no error.
    package func makeFolders(_ paths: [[UInt8]]) throws(HikaeError) {
        try perform { channel throws(HikaeError) in
            let state = Monitor((left: paths.count, failed: [[UInt8]](), broken: HikaeError?.none))
            var attributes = FileAttributes()
            attributes.mode = 0o700
            for path in paths {
                channel.send(.makeDirectory(path: path, attributes: attributes)) { answer in
                    state.withLock { state in
                        state.left -= 1
                        switch answer {
                        case .broken(let error): state.broken = error
                        case .reply(let reply):
                            if reply.problem("make the folder", path) != nil { state.failed.append(path) }
                        }
                    }
                }
            }
            let (failed, broken) = state.wait { $0.left == 0 ? ($0.failed, $0.broken) : nil }
            if let broken { throw broken }
            // The protocol has no word for "it is there already".
            for path in failed where try channel.attributes(.status(path: path), path)?.kind != .directory {
                try channel.succeed(.makeDirectory(path: path, attributes: attributes), "make the folder", path)
            }
        }
    }

    private static func entry(_ entry: RemoteEntry) -> Entry {
        Entry(
            name: entry.name, size: entry.attributes.size ?? 0, isFile: entry.attributes.kind == .file,
            isFolder: entry.attributes.kind == .directory, modified: entry.attributes.modificationTime ?? 0)
    }

    /// Bytes from which a call has a connection made for it when all are at work. Smaller ones go beside others: they
    /// wait for less than greeting a server takes.
    private static let largeCall = 256 << 10

    /// Runs `body` on the connection that has least to do.
    private func perform<Value>(
        isLarge: Bool = false, _ body: (SFTPChannel) throws(HikaeError) -> Value
    ) throws(HikaeError) -> Value {
        let number = lanes.withLock { lanes in
            let idlest = lanes.indices.min { lanes[$0].calls < lanes[$1].calls }
            if let idlest, lanes[idlest].calls == 0 || !isLarge || lanes.count >= most {
                lanes[idlest].calls += 1
                return idlest
            }
            lanes.append(
                Lane(connection: SFTPConnection(settings, laterAttempts: 1, cancellation: cancellation), calls: 1))
            return lanes.count - 1
        }
        defer { lanes.withLock { if $0.indices.contains(number) { $0[number].calls -= 1 } } }
        guard let connection = lanes.withLock({ $0.indices.contains(number) ? $0[number].connection : nil }) else {
            throw HikaeError(.cancelled, "the connection to \(settings.address) was closed")
        }
        do throws(HikaeError) {
            return try body(try connection.channel())
        } catch {
            // One that cannot be made is asked for anew next time, by whoever thinks that this may help.
            if connection.fatalError != nil {
                lanes.withLock { lanes in
                    guard lanes.indices.contains(number), lanes[number].connection === connection else { return }
                    let fresh = SFTPConnection(settings, laterAttempts: 1, cancellation: cancellation)
                    lanes[number] = Lane(connection: fresh, calls: lanes[number].calls)
                }
            }
            throw error
        }
    }
}

// A file of a site, and the reader that fetches it: small ones whole, large ones as they are asked for.

import HikaeCore
import HikaeFormat
import HikaeSource

/// A file of a site.
struct FTPFile: SourceFile {
    /// Up to this size a file is fetched whole before it is read, and its connection is free at once.
    static let wholeLimit: UInt64 = 1 << 20

    let session: FTPSession
    let folder: RemotePath
    let wireName: [UInt8]
    let node: Node
    let displayPath: String
    /// The group that it is counted in.
    let top: [UInt8]
    /// Whether the listing told its time to the second.
    let isExact: Bool

    init(
        _ session: FTPSession, folder: RemotePath, wireName: [UInt8], node: Node, shown: String, top: [UInt8],
        isExact: Bool
    ) {
        (self.session, self.folder, self.wireName, self.node) = (session, folder, wireName, node)
        (displayPath, self.top, self.isExact) = (shown, top, isExact)
    }

    func open() throws(HikaeError) -> any SourceReader {
        let asksTime = !isExact && session.listing.manner?.asksTime == true
        let transfer = Transfer(
            session.pool, folder, wireName, size: node.size, listed: isExact ? node.mtime : nil, shown: displayPath,
            asksTime: asksTime)
        do throws(HikaeError) {
            if node.size <= Self.wholeLimit, let whole = try transfer.whole(limit: Int(Self.wholeLimit) * 2) {
                return WholeFileReader(whole, current(UInt64(whole.count), transfer.time))
            }
            try transfer.start()
            return StreamedFileReader(self, transfer)
        } catch {
            session.recount(top, listed: node.size, read: nil)
            throw error
        }
    }

    /// The node as it was read; nil when it is as it was listed.
    func current(_ size: UInt64, _ time: Timestamp?) -> Node? {
        if size != node.size { session.recount(top, listed: node.size, read: size) }
        guard size != node.size || (time != nil && time != node.mtime) else { return nil }
        var current = node
        current.size = size
        if let time { (current.mtime, current.atime, current.ctime) = (time, time, time) }
        return current
    }
}

/// A file that is in memory whole.
private final class WholeFileReader: SourceReader {
    private var bytes: ArraySlice<UInt8>
    private let node: Node?

    init(_ bytes: [UInt8], _ node: Node?) { (self.bytes, self.node) = (bytes[...], node) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let part = min(buffer.count, bytes.count)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<part])) }
        bytes = bytes.dropFirst(part)
        return part
    }

    func currentNode() -> Node? { node }
}

/// A file that is fetched while it is read.
private final class StreamedFileReader: SourceReader {
    private let file: FTPFile
    private let transfer: Transfer
    private var hasEnded = false

    init(_ file: FTPFile, _ transfer: Transfer) { (self.file, self.transfer) = (file, transfer) }

    deinit { transfer.stop() }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        guard !hasEnded, !buffer.isEmpty else { return 0 }
        do throws(HikaeError) {
            let count = try transfer.read(into: buffer)
            if count == 0 {
                hasEnded = true
                _ = file.current(transfer.received, nil)
            }
            return count
        } catch {
            hasEnded = true
            file.session.recount(file.top, listed: file.node.size, read: nil)
            throw error
        }
    }

    func currentNode() -> Node? {
        guard let time = transfer.time, time != file.node.mtime else { return nil }
        var current = file.node
        (current.mtime, current.atime, current.ctime) = (time, time, time)
        return current
    }
}

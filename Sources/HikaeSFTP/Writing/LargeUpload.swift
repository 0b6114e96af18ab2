// A large file on its way to the server: many writes under way, gone on with after a broken connection.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// Which bytes of a file have arrived.
private final class WriteWindow: Sendable {
    private struct State {
        /// Places that are written and not confirmed.
        var underWay: Set<UInt64> = []
        var sent: UInt64
        var failure: HikaeError?
    }

    private let channel: SFTPChannel
    let handle: [UInt8]
    private let path: [UInt8]
    private let monitor: Monitor<State>
    private static let limit = 24

    init(_ channel: SFTPChannel, _ handle: [UInt8], _ path: [UInt8], from offset: UInt64) {
        self.channel = channel
        self.handle = handle
        self.path = path
        monitor = Monitor(State(sent: offset))
    }

    /// Sends bytes, waiting while too many are under way.
    func write(_ bytes: UnsafeRawBufferPointer) throws(HikaeError) {
        let piece = min(Int(channel.features.writeLength), 128 << 10)
        var start = 0
        while start < bytes.count {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + piece, bytes.count)])
            let offset = try monitor.wait { state -> Result<UInt64, HikaeError>? in
                if let failure = state.failure { return .failure(failure) }
                guard state.underWay.count < Self.limit else { return nil }
                let offset = state.sent
                state.underWay.insert(offset)
                state.sent += UInt64(part.count)
                return .success(offset)
            }.get()
            channel.send(.write(handle: handle, offset: offset, bytes: part)) { [self] answer in
                let result = SFTPChannel.result(of: answer) { reply throws(HikaeError) in
                    try reply.success("write", path)
                }
                monitor.withLock { state in
                    switch result {
                    case .success: state.underWay.remove(offset)
                    case .failure(let error): if state.failure == nil { state.failure = error }
                    }
                }
            }
            start += part.count
        }
    }

    /// Waits until all is confirmed.
    func settle() throws(HikaeError) {
        try monitor.wait { state -> Result<Void, HikaeError>? in
            if let failure = state.failure { return .failure(failure) }
            return state.underWay.isEmpty ? .success(()) : nil
        }.get()
    }

    /// Everything before this place has arrived.
    var confirmed: UInt64 { monitor.withLock { $0.underWay.min() ?? $0.sent } }
}

/// Writes one file from the repository.
struct LargeUpload {
    let content: SnapshotContent
    let connection: SFTPConnection
    let progress: Progress
    let cancellation: Cancellation

    /// Broken connections in a row, without a byte between them, that are borne.
    private static let patience = 10

    /// Writes the file under its other name and moves it to its place.
    func run(_ node: Node, _ placing: FileUpload.Placing) throws(HikaeError) {
        do throws(HikaeError) {
            try write(node, placing)
        } catch {
            try? connection.channel().send(.remove(path: placing.part)) { _ in }
            throw error
        }
    }

    private func write(_ node: Node, _ placing: FileUpload.Placing) throws(HikaeError) {
        var confirmed: UInt64 = 0
        var setbacks = 0
        var isMade = false
        while true {
            var window: WriteWindow?
            do throws(HikaeError) {
                let channel = try connection.channel()
                let opening: Request =
                    isMade
                    ? .open(path: placing.part, access: .write, attributes: FileAttributes())
                    : PartFile.creating(placing.part)
                let handle: [UInt8]
                do throws(HikaeError) {
                    handle = try channel.handle(opening, placing.path)
                } catch {
                    // The answer to the first attempt may have been lost on the way.
                    if error.isRetryable { isMade = try connection.exists(placing.part) }
                    throw error
                }
                isMade = true
                let writing = WriteWindow(channel, handle, placing.path, from: confirmed)
                window = writing
                let before = Int(confirmed)
                var counted = before
                try content.read(node, from: confirmed) { bytes throws(HikaeError) in
                    try cancellation.check()
                    try writing.write(bytes)
                    progress.add(bytes: bytes.count)
                    counted += bytes.count
                }
                try writing.settle()
                confirmed = UInt64(counted)
                try channel.succeed(
                    .setHandleStatus(handle: handle, attributes: node.remoteAttributes), "set mode and time of",
                    placing.path)
                try channel.succeed(.close(handle: handle), "write", placing.path)
                window = nil
                for (request, isLast) in PartFile.placing(placing, channel.features) {
                    do throws(HikaeError) {
                        try channel.succeed(request, "put in its place", placing.path)
                    } catch {
                        if isLast { throw error }
                    }
                }
                return
            } catch {
                let arrived = window?.confirmed ?? confirmed
                setbacks = arrived > confirmed ? 0 : setbacks + 1
                confirmed = arrived
                guard error.isRetryable, setbacks <= Self.patience else { throw error }
                if try connection.holds(node, at: placing.path) { return }
            }
        }
    }
}

extension SFTPConnection {
    /// Whether anything stands at a path; links are not followed.
    func exists(_ path: [UInt8]) throws(HikaeError) -> Bool {
        try perform { channel throws(HikaeError) in
            try channel.attributes(.linkStatus(path: path), path) != nil
        }
    }

    /// Whether the node's file stands at a path already, by size and time.
    func holds(_ node: Node, at path: [UInt8]) throws(HikaeError) -> Bool {
        try perform { channel throws(HikaeError) in
            guard let there = try channel.attributes(.linkStatus(path: path), path) else { return false }
            let entry = RemoteEntry(name: node.name, attributes: there)
            return TargetRelation(node, entry) == .same
        }
    }
}

// A large file read as a stream: many reads under way, handed out in order, gone on with after a broken connection.

import HikaeCore
import HikaeFormat
import HikaeSource

/// What has come of a file, and in which places.
private final class ReadWindow: Sendable {
    private struct State {
        var ready: [UInt64: [UInt8]] = [:]
        var failure: HikaeError?
        /// The least place at which the server said that the file ends.
        var end = UInt64.max
    }

    private let channel: SFTPChannel
    let handle: [UInt8]
    private let path: [UInt8]
    private let monitor = Monitor(State())

    init(_ channel: SFTPChannel, _ handle: [UInt8], _ path: [UInt8]) {
        self.channel = channel
        self.handle = handle
        self.path = path
    }

    func close() { channel.closeSoon(handle) }

    /// Bytes that one read may ask for.
    var pieceLength: UInt64 { UInt64(channel.features.readLength) }

    func ask(_ offset: UInt64, _ length: UInt64) {
        channel.send(.read(handle: handle, offset: offset, length: UInt32(length))) { [self] answer in
            switch answer {
            case .broken(let error): fail(error)
            case .reply(.data(let bytes)) where bytes.count > 0 && bytes.count <= length:
                let piece = Array(bytes)
                monitor.withLock { $0.ready[offset] = piece }
                let count = UInt64(bytes.count)
                // A server may give less than was asked for.
                if count < length { ask(offset + count, length - count) }
            case .reply(.data(let bytes)) where bytes.count == 0: endsAt(offset)
            case .reply(.status(let status)) where status.code == ReplyStatus.endOfFile: endsAt(offset)
            case .reply(let reply): fail(reply.failure("read", path))
            }
        }
    }

    /// The bytes that begin at `offset`; nil when the file ends there.
    func piece(at offset: UInt64) throws(HikaeError) -> [UInt8]? {
        try monitor.wait { state -> Result<[UInt8]?, HikaeError>? in
            if let piece = state.ready.removeValue(forKey: offset) { return .success(piece) }
            if let failure = state.failure { return .failure(failure) }
            return state.end <= offset ? .success(nil) : nil
        }.get()
    }

    private func endsAt(_ offset: UInt64) { monitor.withLock { $0.end = min($0.end, offset) } }

    private func fail(_ error: HikaeError) { monitor.withLock { if $0.failure == nil { $0.failure = error } } }
}

/// Reads a file from its start to the size that it had when it was opened. One thread.
final class StreamReader: SourceReader {
    /// Bytes under way at most.
    private static let widest: UInt64 = 4 << 20
    /// After a broken connection: what is under way when the next one breaks is lost, so it begins with little.
    private static let narrow: UInt64 = 64 << 10
    /// Broken connections in a row, without a byte between them, that are borne.
    private static let patience = 20

    private let path: [UInt8]
    private let connection: SFTPConnection
    /// What the server said when the file was opened.
    let attributes: FileAttributes
    let size: UInt64
    /// The metadata, where they are not as listed.
    var node: Node?
    /// Called once when the file cannot be read to its end.
    var onFailure: (() -> Void)?
    private var window: ReadWindow
    private var position: UInt64 = 0
    private var asked: UInt64 = 0
    private var current: [UInt8] = []
    private var currentStart = 0
    private var setbacks = 0
    private var windowBytes = StreamReader.widest

    /// Opens the file.
    init(_ path: [UInt8], _ connection: SFTPConnection) throws(HikaeError) {
        self.path = path
        self.connection = connection
        let opened = try Self.open(path, connection)
        window = opened.window
        attributes = opened.attributes
        size = opened.attributes.size ?? 0
    }

    deinit { window.close() }

    func currentNode() throws(HikaeError) -> Node? { node }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        if currentStart == current.count {
            do throws(HikaeError) {
                guard try advance() else { return 0 }
            } catch {
                onFailure?()
                onFailure = nil
                throw error
            }
        }
        let count = min(buffer.count, current.count - currentStart)
        current.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[currentStart..<currentStart + count]))
        }
        currentStart += count
        return count
    }

    /// Takes the next piece. False at the end.
    private func advance() throws(HikaeError) -> Bool {
        while true {
            guard position < size else { return false }
            while asked < size, asked - position < windowBytes {
                let length = min(window.pieceLength, size - asked, windowBytes / 2)
                window.ask(asked, length)
                asked += length
            }
            do throws(HikaeError) {
                guard let piece = try window.piece(at: position) else {
                    throw HikaeError(
                        .incomplete, "\(Printable.path(path)) became shorter while it was read: it was left out")
                }
                (current, currentStart) = (piece, 0)
                position += UInt64(piece.count)
                setbacks = 0
                windowBytes = min(windowBytes * 2, Self.widest)
                return true
            } catch {
                setbacks += 1
                guard error.isRetryable, setbacks <= Self.patience else { throw error }
            }
            try reopen()
        }
    }

    /// Goes on where the connection broke, if it still is the same file.
    private func reopen() throws(HikaeError) {
        let opened = try Self.open(path, connection)
        window = opened.window
        asked = position
        windowBytes = Self.narrow
        guard opened.attributes.size == attributes.size,
            opened.attributes.modificationTime == attributes.modificationTime
        else {
            throw HikaeError(
                .incomplete,
                "\(Printable.path(path)) changed while it was read and the connection broke: it was left out")
        }
    }

    private static func open(_ path: [UInt8], _ connection: SFTPConnection) throws(HikaeError)
        -> (window: ReadWindow, attributes: FileAttributes)
    {
        try connection.perform { channel throws(HikaeError) in
            let handle = try channel.handle(.open(path: path, access: .read, attributes: FileAttributes()), path)
            let window = ReadWindow(channel, handle, path)
            do throws(HikaeError) {
                guard let attributes = try channel.attributes(.handleStatus(handle: handle), path),
                    attributes.size != nil
                else {
                    throw HikaeError(.protocolViolation, "the server does not tell the size of \(Printable.path(path))")
                }
                return (window, attributes)
            } catch {
                window.close()
                throw error
            }
        }
    }
}

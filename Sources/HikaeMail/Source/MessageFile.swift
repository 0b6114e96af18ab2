// One message as a file: fetched ahead when it is small, read in pieces when it is large.

import HikaeCore
import HikaeFormat
import HikaeSource

/// A message that is to be read.
final class MessageFile: SourceFile {
    /// From this size on a message is read in pieces of this size.
    static let pieceSize = 2 << 20

    private let mailbox: CapturedMailbox
    private let uid: UInt32
    /// As the server gave it.
    private let size: UInt64
    private let date: Timestamp

    init(_ mailbox: CapturedMailbox, uid: UInt32, size: UInt64, date: Timestamp) {
        (self.mailbox, self.uid, self.size, self.date) = (mailbox, uid, size, date)
    }

    var displayPath: String { "\(mailbox.displayPath)/\(uid)" }

    /// Whether a message of this size is fetched ahead of its being opened.
    static func isPrefetched(_ size: UInt64) -> Bool { size < UInt64(pieceSize) }

    func open() throws(HikaeError) -> any SourceReader {
        do throws(HikaeError) {
            let limit = mailbox.session.settings.maximumMessageSize
            guard size <= limit else {
                throw HikaeError(
                    .limit,
                    "message \(uid) of \(mailbox.displayPath) has \(size) bytes, more than the \(limit) allowed",
                    hint: "Raise the limit in the plan if it is to be captured.")
            }
            guard Self.isPrefetched(size) else { return pieceReader() }
            switch try mailbox.session.fetcher.take(MessageKey(mailbox: mailbox.number, uid: uid)) {
            case .bytes(let bytes):
                mailbox.correct(items: 0, bytes: Int64(bytes.count) - Int64(size))
                // A server's RFC822.SIZE need not be true.
                let truth =
                    UInt64(bytes.count) == size
                    ? nil : MailFile.node([], size: UInt64(bytes.count), time: date)
                return BytesReader(bytes, node: truth)
            case .inPieces: return pieceReader()
            case .failure(let error): throw error
            }
        } catch {
            mailbox.missed(size: size, error)
            throw error
        }
    }

    private func pieceReader() -> PieceReader {
        // Of no size: it is read until it ends, whatever the server said.
        PieceReader(mailbox, uid: uid, announced: size, node: MailFile.node([], size: 0, time: date))
    }
}

/// A message that is read piece by piece, each asked for when it is needed. A broken connection costs one piece.
private final class PieceReader: SourceReader {
    private let mailbox: CapturedMailbox
    private let uid: UInt32
    private let announced: UInt64
    private var offset: UInt64 = 0
    private var piece: [UInt8] = []
    private var position = 0
    private let node: Node
    private var isLastPiece = false
    private var isAtEnd = false

    init(_ mailbox: CapturedMailbox, uid: UInt32, announced: UInt64, node: Node) {
        (self.mailbox, self.uid, self.announced, self.node) = (mailbox, uid, announced, node)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        if isAtEnd { return 0 }
        if position == piece.count, !isLastPiece {
            do throws(HikaeError) { try fetchPiece() } catch {
                mailbox.missed(size: announced, error)
                throw error
            }
        }
        if position == piece.count {
            isAtEnd = true
            mailbox.correct(items: 0, bytes: Int64(offset) - Int64(announced))
            return 0
        }
        let count = min(buffer.count, piece.count - position)
        buffer.copyBytes(from: piece[position..<position + count])
        position += count
        return count
    }

    private func fetchPiece() throws(HikaeError) {
        let size = MessageFile.pieceSize
        let (uid, offset) = (uid, offset)
        let found = try mailbox.session.withConnection(in: mailbox.identity) { connection throws(HikaeError) in
            try connection.bytes(of: uid, from: offset, count: size)
        }
        guard let found else {
            throw HikaeError(
                .notFound, "message \(uid) of \(mailbox.displayPath) was removed while it was captured")
        }
        (piece, position) = (found, 0)
        self.offset += UInt64(found.count)
        isLastPiece = found.count < size
        let limit = mailbox.session.settings.maximumMessageSize
        guard self.offset <= limit else {
            throw HikaeError(.limit, "message \(uid) of \(mailbox.displayPath) has more than \(limit) bytes")
        }
    }

    func currentNode() throws(HikaeError) -> Node? { node }
}

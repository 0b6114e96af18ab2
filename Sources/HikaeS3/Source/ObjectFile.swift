// One object as a file: what is known of it before it is read, and the reading.

import HikaeCore
import HikaeFormat
import HikaeHTTP
import HikaeSource

/// An object that was listed.
struct ObjectFile: SourceFile {
    let session: S3Session
    let object: ListedObject
    let name: [UInt8]
    let kind: S3Client.ListingKind
    /// Whether it was counted as unchanged. It may be read all the same, when the repository has lost its bytes.
    private var isCounted = false
    /// An object up to this size is read at once, before anything of it is handed on.
    private static let smallObject = 1 << 20

    init(session: S3Session, object: ListedObject, name: [UInt8], kind: S3Client.ListingKind) {
        (self.session, self.object, self.name, self.kind) = (session, object, name, kind)
    }

    var displayPath: String { session.settings.endpoint + "/" + S3Client.shown(object.key) }

    /// The entry, compared with what the capture before has under this name.
    func entry(_ previous: Node?) -> SourceEntry {
        var entry = SourceEntry(node: node, body: .file(self))
        if let previous, previous.kind == .file, previous.size == object.size, previous.mtime == object.modified,
            let known = ObjectAttributes(previous), isSame(known)
        {
            entry.node.extendedAttributes = previous.extendedAttributes
            entry.content = .isUnchanged
            count(object.size)
            var counted = self
            counted.isCounted = true
            entry.body = .file(counted)
        } else {
            entry.content = .mustBeRead
        }
        return entry
    }

    private func isSame(_ known: ObjectAttributes) -> Bool {
        if object.isDeleteMarker { return known["delete-marker"] != nil }
        return !object.etag.isEmpty && known["etag"] == object.etag
            && (object.storageClass.isEmpty || known["storage-class"] == object.storageClass)
    }

    private var node: Node {
        var node = Node(name: name, kind: .file)
        node.mode = 0o644
        node.size = object.size
        node.links = 1
        (node.mtime, node.atime, node.ctime) = (object.modified, object.modified, object.modified)
        return node
    }

    func open() throws(HikaeError) -> any SourceReader {
        try session.checkFatal()
        guard !object.isDeleteMarker else { return marker }
        do throws(HikaeError) {
            let reader = try object.size <= UInt64(Self.smallObject) ? small() : OpenObject(self, begun(), tags())
            session.readingEnded(nil)
            return reader
        } catch {
            session.readingEnded(error)
            throw error
        }
    }

    private func begun() throws(HikaeError) -> ObjectReader {
        try ObjectReader(session.client, object.key, version: kind == .versions ? object.version : nil)
    }

    private func tags() throws(HikaeError) -> String? {
        guard session.settings.tags else { return nil }
        return try session.client.tags(object.key, version: kind == .versions ? object.version : nil)
    }

    /// Reads a small object whole. One that is replaced meanwhile is read again.
    private func small() throws(HikaeError) -> any SourceReader {
        var attempt = 1
        while true {
            let reader = try begun()
            guard reader.size <= UInt64(Self.smallObject) else { return OpenObject(self, reader, try tags()) }
            do throws(HikaeError) {
                var bytes = [UInt8](repeating: 0, count: Int(reader.size))
                var done = 0
                while done < bytes.count {
                    done += try bytes.withMutableBytes { all throws(HikaeError) in
                        try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: all[done...]))
                    }
                }
                // Differing bytes are asked for once more before they are believed, or not.
                if reader.checksum != .differs || attempt > 1 {
                    guard session.accepts(reader.checksum) else { throw damaged(reader.head) }
                    let found = described(by: reader.head, size: reader.size, tags: try tags())
                    count(reader.size)
                    return BytesReader(bytes, node: found)
                }
            } catch {
                guard error.code == .inputOutput, attempt < 3 else { throw error }
            }
            attempt += 1
        }
    }

    private var marker: any SourceReader {
        var found = node
        found.extendedAttributes = [
            ExtendedAttribute(name: ObjectAttributes.prefix + "delete-marker", value: Array("true".utf8))
        ]
        count(0)
        return BytesReader([], node: found)
    }

    fileprivate func count(_ bytes: UInt64) {
        if !isCounted { session.count(object.key, bytes: bytes, isOlderVersion: kind == .versions) }
    }

    /// The node as the answer tells it: the object may be a newer one than was listed.
    fileprivate func described(by head: ResponseHead, size: UInt64, tags: String?) -> Node {
        var found = node
        found.size = size
        if head.etag != object.etag, let time = head["last-modified"].flatMap({ HTTPDate.timestamp($0) }) {
            (found.mtime, found.atime, found.ctime) = (time, time, time)
        }
        found.extendedAttributes =
            ObjectAttributes(head, tags: tags, storageClass: object.storageClass).extendedAttributes
        return found
    }

    fileprivate func damaged(_ head: ResponseHead) -> HikaeError {
        HikaeError(
            .damaged, "\(S3Client.shown(object.key)) came with other bytes than its checksum \(head.etag ?? "") is of",
            hint: "It was left out. The next capture tries again.")
    }
}

/// A large object on its way.
private final class OpenObject: SourceReader {
    private let file: ObjectFile
    private let reader: ObjectReader
    private let tags: String?
    private var rest: UInt64

    init(_ file: ObjectFile, _ reader: ObjectReader, _ tags: String?) {
        (self.file, self.reader, self.tags) = (file, reader, tags)
        rest = reader.size
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        guard rest > 0 else { return 0 }
        let count: Int
        do throws(HikaeError) {
            count = try reader.read(into: buffer)
        } catch {
            file.session.readingEnded(error)
            throw error
        }
        rest -= UInt64(count)
        if rest == 0 {
            guard file.session.accepts(reader.checksum) else { throw file.damaged(reader.head) }
            file.count(reader.size)
        }
        return count
    }

    func currentNode() throws(HikaeError) -> Node? {
        file.described(by: reader.head, size: reader.size, tags: tags)
    }
}

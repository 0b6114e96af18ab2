// A part of a restore that fits into memory: files whose content is to be written, and what has to wait for them.

import HikaeCore
import HikaeFormat

/// A file of a batch.
struct PlannedFile: Sendable {
    /// Its own in the whole restore.
    let number: Int
    let folder: TargetFolder
    let name: [UInt8]
    let metadata: NodeMetadata
    /// Bytes, by the lengths of its blobs.
    var size: UInt64
    /// Its blobs, as a range of the batch's blobs before these are sorted.
    var blobCount: Int32
    /// Something of that name is there: the new file is written beside it and takes its place when it is whole.
    let replaces: Bool
    /// The file has more names: what links to it asks whether it is whole.
    let link: LinkKey?

    var path: String { EntryPath(folder: folder, name: name).text }

    /// The name it is written under.
    var workingName: [UInt8] { replaces ? Array(".hikae-restore-\(number)".utf8) : name }
}

/// One use of a blob: where it stands and where it goes. 32 bytes, no references.
struct PlannedBlob: Sendable {
    var pack: UInt32
    var offset: UInt32
    var length: UInt32
    var file: UInt32
    /// Its position in the index, which knows the rest.
    var position: UInt64
    var fileOffset: UInt64
}

/// What tells a file with several names: where it was when it was saved. And a hash of what is in it, so that a tree
/// that lies about the first gives no file the content of another.
struct LinkKey: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
    var content: Int
}

/// A further name for a file, to be made when that is whole.
struct PlannedLink: Sendable {
    let key: LinkKey
    let folder: TargetFolder
    let node: Node
    let replaces: Bool
}

/// A part of the restore.
struct RestoreBatch: Sendable {
    /// A batch is worked off when it has so many of one of these.
    private static let mostFiles = 1 << 15
    private static let mostBlobs = 1 << 18
    /// Or, when there is nothing else to do, as soon as it has so much: stretches of packs that are worth a request.
    private static let worthwhileBytes: UInt64 = 16 << 20
    private static let worthwhileFiles = 1 << 12

    var files: [PlannedFile] = []
    var blobs: [PlannedBlob] = []
    var links: [PlannedLink] = []
    /// Directories that all was planned for, the deeper before those around them.
    var folders: [(TargetFolder, NodeMetadata)] = []
    /// Bytes of all blobs, as they are stored.
    var bytes: UInt64 = 0

    var isFull: Bool { Self.areMany([self]) }

    /// Whether several batches are together as much as one may be.
    static func areMany(_ batches: [RestoreBatch]) -> Bool {
        var (items, blobs) = (0, 0)
        for batch in batches {
            items += batch.files.count + batch.links.count + batch.folders.count
            blobs += batch.blobs.count
        }
        return items >= mostFiles || blobs >= mostBlobs
    }

    /// Whether it is enough for threads that have nothing to do.
    var isWorthwhile: Bool { bytes >= Self.worthwhileBytes || files.count >= Self.worthwhileFiles }

    var isEmpty: Bool { files.isEmpty && links.isEmpty && folders.isEmpty }
}

/// A stretch of a pack that is read in one go, and the blobs in it.
struct ReadUnit: Sendable {
    var blobs: Range<Int>
    var pack: UInt32
    var start: UInt32
    var end: UInt32

    /// Unwanted bytes that are rather read than skipped.
    private static let largestGap: UInt32 = 256 << 10
    /// A unit grows no further than this; a single blob may be larger.
    static let largestUnit: UInt32 = 8 << 20

    /// Units over blobs that are sorted by pack and offset.
    static func units(over blobs: [PlannedBlob]) -> [ReadUnit] {
        var units: [ReadUnit] = []
        for (index, blob) in blobs.enumerated() {
            let end = blob.offset &+ blob.length
            if let last = units.last, last.pack == blob.pack, blob.offset <= last.end &+ largestGap,
                end <= last.end || end &- last.start <= largestUnit
            {
                units[units.count - 1].blobs = last.blobs.lowerBound..<index + 1
                units[units.count - 1].end = max(last.end, end)
            } else {
                units.append(ReadUnit(blobs: index..<index + 1, pack: blob.pack, start: blob.offset, end: end))
            }
        }
        return units
    }
}

// Reads a repository that restic made, by nothing but the codecs under test.

import HikaeCore
import HikaeTesting

@testable import HikaeFormat

/// The files of a repository on disk.
struct ResticRepositoryFiles {
    let path: String
    let key: CryptoKey
    let config: Config
    /// Every blob of every index.
    private(set) var blobs: [BlobID: (pack: FileID, blob: PackedBlob)] = [:]
    private(set) var packs: Set<FileID> = []

    init(path: String, password: String) throws(HikaeError) {
        self.path = path
        guard let name = Files.names(in: "\(path)/keys").first else { throw HikaeError(.noRepository, path) }
        let file = try Files.read("\(path)/keys/\(name)")
        guard Digest.fileID(file).hex == name else { throw HikaeError(.damaged, "the key file's name") }
        key = try KeyFile(decoding: file).unlock(password: utf8(password))
        config = try Config(decoding: key.open(Files.read("\(path)/config")))
        for name in Files.names(in: "\(path)/index") { try read(index: name) }
    }

    private mutating func read(index name: String) throws(HikaeError) {
        let json = try unpacked("index/\(name)")
        var current: [BlobID: (pack: FileID, blob: PackedBlob)] = [:]
        var named: Set<FileID> = []
        try IndexCodec.decode(
            json, pack: { pack in named.insert(pack) }, blob: { pack, blob in current[blob.id] = (pack, blob) })
        blobs.merge(current) { first, _ in first }
        packs.formUnion(named)
    }

    /// A file that is no pack, in plain JSON.
    func unpacked(_ name: String) throws(HikaeError) -> [UInt8] {
        try UnpackedFile.decode(key.open(Files.read("\(path)/\(name)")))
    }

    /// The snapshots, in no order.
    func snapshots() throws(HikaeError) -> [Snapshot] {
        var snapshots: [Snapshot] = []
        for name in Files.names(in: "\(path)/snapshots") {
            snapshots.append(try Snapshot(decoding: unpacked("snapshots/\(name)")))
        }
        return snapshots
    }

    /// A pack's bytes.
    func pack(_ id: FileID) throws(HikaeError) -> [UInt8] {
        try Files.read("\(path)/data/\(id.hex.prefix(2))/\(id.hex)")
    }

    /// A blob's plaintext, its hash checked.
    func blob(_ id: BlobID) throws(HikaeError) -> [UInt8] {
        guard let (pack, blob) = blobs[id] else { throw HikaeError(.notFound, "blob \(id)") }
        let sealed = try self.pack(pack)[Int(blob.offset)..<Int(blob.offset + blob.length)]
        var plaintext = try key.open(Array(sealed))
        if blob.isCompressed {
            let frame = plaintext
            try frame.withBytes { (bytes) throws(HikaeError) in
                try Decompressor().decompress(bytes, size: blob.plaintextLength, into: &plaintext)
            }
        }
        guard Digest.blobID(plaintext) == id, plaintext.count == blob.plaintextLength else {
            throw HikaeError(.damaged, "blob \(id)")
        }
        return plaintext
    }

    /// The JSON of every tree that the snapshots reach, by ID.
    func trees() throws(HikaeError) -> [BlobID: [UInt8]] {
        var found: [BlobID: [UInt8]] = [:]
        var open = try snapshots().map(\.tree)
        while let id = open.popLast() {
            guard found[id] == nil else { continue }
            let json = try blob(id)
            found[id] = json
            open += try Tree(decoding: json).nodes.compactMap(\.subtree)
        }
        return found
    }
}

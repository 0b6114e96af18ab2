// Well-formed input for each decoder, to begin mutating from.

import HikaeCore

@testable import HikaeFormat

extension DecoderExercise {
    /// Inputs that the decoder takes; none is empty.
    var seeds: [[UInt8]] {
        switch self {
        case .json:
            [
                Array(#"{"a":[1,-2.5e+3,true,false,null,"x\u00e9\n"],"b":{"c":[]},"d":"日本"}"#.utf8),
                Array("[[[]]]".utf8),
            ]
        case .tree: [Tree(nodes: Sample.nodes).encoded(), Tree().encoded(), Array(#"{"x":1,"nodes":null}"#.utf8)]
        case .index:
            [IndexCodec.encode(packs: [(Sample.file, Sample.blobs)], supersedes: [Sample.file])] + [Sample.oldIndex]
        case .snapshot: [Sample.snapshot.encoded()]
        case .lock:
            [
                LockFile(time: Sample.time, exclusive: true, hostname: "h", username: "u", pid: 7, uid: 1, gid: 2)
                    .encoded()
            ]
        case .keyFile: [Sample.keyFile.encoded()]
        case .config:
            [
                Config(version: 2, id: Sample.file.hex, chunkerPolynomial: 0x3DA3_358B_4DC1_73, gearSecret: nil)
                    .encoded(),
                Config(version: 1, id: Sample.file.hex, chunkerPolynomial: 1, gearSecret: [UInt8](1...32)).encoded(),
            ]
        case .masterKey: [Self.key.encoded()]
        case .packHeader: [PackHeader.encode(Sample.blobs)]
        case .pack: [Sample.packSeed]
        case .sealed: [[5, 0, 1] + Array("some plaintext".utf8), [0, 0, 0, 1]]
        case .unpacked:
            [
                UnpackedFile.encode(Sample.snapshot.encoded(), version: 2, compressor: Compressor(mode: .auto)),
                Sample.snapshot.encoded(),
            ]
        case .zstd: [Sample.frame(of: 5000), Sample.frame(of: 300)]
        case .time: [Array("2012-06-20T17:00:00.000000001+09:00".utf8), Array("0001-01-01T00:00:00Z".utf8)]
        case .base64: [Array("Zm9vYmE=".utf8), Array("AAECAwQFBgcICQoLDA0ODw==".utf8)]
        case .name:
            [Array("見積書\u{AD}\"\\<&>\t.xlsx".utf8) + [0xFF, 0x01], Array(#"a\x41\u00e9\U0001f600\101\n"#.utf8)]
        }
    }

    /// Words that mutations put in, for decoders of JSON.
    static let dictionary: [String] = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\\\x", "\\ud83d", "null", "true", "0", "-1", "1e9",
        "18446744073709551616",
        "4294967296", "\"name\"", "\"type\"", "\"nodes\"", "\"content\"", "\"subtree\"", "\"mtime\"", "\"packs\"",
        "\"blobs\"",
        "\"id\"", "\"length\"", "\"offset\"", "\"uncompressed_length\"", "\"supersedes\"", "\"linktarget_raw\"",
        "\"extended_attributes\"", "\"generic_attributes\"", "\"tree\"", "\"data\"", "\"file\"", "\"dir\"",
    ]
}

/// What the seeds are made of.
private enum Sample {
    static let time = Timestamp(seconds: 1_340_179_200, nanoseconds: 123_000_000, offset: 32400)
    static let blob = BlobID(words: 0x0123_4567_89AB_CDEF, 2, 3, 0xFEDC_BA98_7654_3210)
    static let file = FileID(words: 0xA0B0_C0D0_E0F0_0010, 5, 6, 7)

    static var nodes: [Node] {
        var file = Node(name: Array("a<b>.txt".utf8), kind: .file)
        (file.mode, file.mtime, file.atime, file.ctime) = (420, time, time, time)
        (file.uid, file.gid, file.user, file.group) = (1000, 100, "ikeda", "users")
        (file.inode, file.deviceID, file.size, file.links) = (123_456, 64769, 70_000, 2)
        file.content = [blob, blob]
        file.extendedAttributes = [ExtendedAttribute(name: "user.x", value: [1, 2, 3])]
        var folder = Node(name: Array("日本".utf8) + [0xFF], kind: .dir)
        folder.subtree = blob
        folder.genericAttributes = Array(#"{"windows.file_attributes":32}"#.utf8)
        var link = Node(name: Array("z\"\\".utf8), kind: .symlink)
        link.linkTarget = [0x61, 0xFF]
        link.error = "read: denied"
        return [file, folder, link]
    }

    static let blobs = [
        PackedBlob(id: blob, type: .data, offset: 0, length: 100, uncompressedLength: 250),
        PackedBlob(id: blob, type: .tree, offset: 100, length: 64, uncompressedLength: 0),
    ]

    static var oldIndex: [UInt8] {
        Array(IndexCodec.encode(packs: [(file, blobs)], supersedes: []).dropFirst(#"{"packs":"#.utf8.count).dropLast(2))
    }

    static var snapshot: Snapshot {
        var snapshot = Snapshot(time: time, tree: blob, paths: ["/srv/shop", "/日本"])
        (snapshot.hostname, snapshot.username, snapshot.uid, snapshot.gid) = ("clinic", "ikeda", 1000, 100)
        (snapshot.parent, snapshot.original) = (file, file)
        (snapshot.excludes, snapshot.tags) = (["*.tmp"], ["hikae", "系統"])
        snapshot.programVersion = "restic 0.18.0"
        snapshot.extra = [UnknownMember(name: Array("summary".utf8), json: Array(#"{"files_new":3}"#.utf8))]
        return snapshot
    }

    static var keyFile: KeyFile {
        do {
            return try KeyFile.create(
                master: DecoderExercise.key, password: [0x78], username: "u", hostname: "h", created: time,
                parameters: .insecureForTests)
        } catch {
            fatalError("\(error)")
        }
    }

    static var packSeed: [UInt8] {
        let body = blobs.reduce(0) { $0 + Int($1.length) }
        return [UInt8(truncatingIfNeeded: body), UInt8(truncatingIfNeeded: body >> 8), 0] + PackHeader.encode(blobs)
    }

    static func frame(of size: Int) -> [UInt8] {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 * $0 >> 5 & 15) }
        var input = [UInt8(truncatingIfNeeded: size), UInt8(truncatingIfNeeded: size >> 8), 0]
        content.withUnsafeBytes { Compressor(mode: .auto).appendFrame($0, to: &input) }
        return input
    }
}

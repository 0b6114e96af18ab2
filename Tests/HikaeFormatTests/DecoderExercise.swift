// One exercise for each decoder: feed it bytes and say what promise it broke. The mutation tests and the fuzzers
// (Fuzz/) share it, so it imports nothing but what it exercises.

import HikaeCore

@testable import HikaeFormat

/// Every decoder of bytes that may come from a stranger.
enum DecoderExercise: String, CaseIterable {
    case json, tree, index, snapshot, lock, keyFile, config, masterKey
    case packHeader, pack, sealed, unpacked, zstd, time, base64, name

    /// Feeds `input` to the decoder. Nil when all promises held: it threw, or gave what encodes and decodes to itself.
    func breach(_ input: [UInt8]) -> String? {
        do throws(HikaeError) {
            switch self {
            case .json: return try Self.json(input)
            case .tree: return try Self.tree(input)
            case .index: return try Self.index(input)
            case .snapshot:
                let snapshot = try Snapshot(decoding: input)
                return try Snapshot(decoding: snapshot.encoded()).encoded() == snapshot.encoded()
                    ? nil : "another snapshot"
            case .lock:
                let lock = try LockFile(decoding: input)
                return try LockFile(decoding: lock.encoded()).encoded() == lock.encoded() ? nil : "another lock"
            case .keyFile: return try Self.keyFile(input)
            case .config:
                let config = try Config(decoding: input)
                return try Config(decoding: config.encoded()) == config ? nil : "another config"
            case .masterKey:
                let key = try CryptoKey(decoding: input)
                return try CryptoKey(decoding: key.encoded()).encoded() == key.encoded() ? nil : "another key"
            case .packHeader: return try Self.packHeader(input)
            case .pack: return try Self.pack(input)
            case .sealed: return try Self.sealed(input)
            case .unpacked: return try Self.unpacked(input)
            case .zstd: return try Self.zstd(input)
            case .time: return Self.time(input)
            case .base64:
                guard let bytes = Base64.decode(input) else { return nil }
                return Base64.decode(Base64.encode(bytes)) == bytes ? nil : "other bytes"
            case .name: return Self.name(input)
            }
        } catch {
            return error.message.isEmpty ? "an error without words" : nil
        }
    }

    private static func json(_ input: [UInt8]) throws(HikaeError) -> String? {
        try input.withBytes { bytes throws(HikaeError) in
            var skipping = JSONReader(bytes, of: "input")
            let raw = try skipping.rawValue()
            try skipping.finish()
            // A value taken out is a document by itself, and ends where it ended.
            return try raw.withBytes { copy throws(HikaeError) in
                var again = JSONReader(copy, of: "input")
                try again.skip()
                try again.finish()
                return again.position == raw.count ? nil : "a value of another length"
            }
        }
    }

    private static func tree(_ input: [UInt8]) throws(HikaeError) -> String? {
        let tree = try Tree(decoding: input)
        let json = tree.encoded()
        let again = try Tree(decoding: json)
        guard again.encoded() == json else { return "another encoding" }
        // Times beyond the year 9999 cannot be written; nothing else may differ.
        guard again.nodes.map(\.name) == tree.nodes.map(\.name) else { return "other names" }
        guard again.nodes.map(\.content) == tree.nodes.map(\.content) else { return "other content" }
        guard again.nodes.map(\.linkTarget) == tree.nodes.map(\.linkTarget) else { return "other targets" }
        if (try? tree.validate()) != nil {
            for node in tree.nodes where node.name.contains(0x2F) || node.name.isEmpty { return "a bad name passed" }
        }
        return nil
    }

    private static func index(_ input: [UInt8]) throws(HikaeError) -> String? {
        func read(_ json: [UInt8]) throws(HikaeError) -> ([(FileID, [PackedBlob])], [FileID]) {
            var packs: [(FileID, [PackedBlob])] = []
            var supersedes: [FileID] = []
            try IndexCodec.decode(
                json, supersedes: { supersedes.append($0) }, pack: { packs.append(($0, [])) },
                blob: { _, blob in packs[packs.count - 1].1.append(blob) })
            return (packs, supersedes)
        }
        let (packs, supersedes) = try read(input)
        let (again, others) = try read(IndexCodec.encode(packs: packs, supersedes: supersedes))
        return again.map(\.0) == packs.map(\.0) && again.map(\.1) == packs.map(\.1) && others == supersedes
            ? nil : "another index"
    }

    private static func keyFile(_ input: [UInt8]) throws(HikaeError) -> String? {
        let file = try KeyFile(decoding: input)
        guard try KeyFile(decoding: file.encoded()).encoded() == file.encoded() else { return "another key file" }
        let cost = file.seal.parameters
        // Only what costs nothing is tried.
        guard !cost.isBounded || cost.rounds * cost.blockSize * cost.parallelism <= 1024 else { return nil }
        _ = try file.unlock(password: [0x78])
        return nil
    }

    private static func packHeader(_ input: [UInt8]) throws(HikaeError) -> String? {
        let blobs = try PackHeader.decode(input)
        var offset: UInt32 = 0
        for blob in blobs {
            guard blob.offset == offset else { return "a gap" }
            offset += blob.length
        }
        // An entry that calls itself compressed with a length of 0 is read as not compressed.
        return try PackHeader.decode(PackHeader.encode(blobs)) == blobs ? nil : "another header"
    }

    static let key: CryptoKey = {
        guard
            let key = CryptoKey(
                encrypt: [UInt8](1...32), macK: [UInt8](33...48), macR: [UInt8](49...64))
        else { fatalError("a key of the right lengths is refused") }
        return key
    }()

    /// The input is a pack's tail: a header's plaintext, which is sealed here, then what goes before and after it.
    private static func pack(_ input: [UInt8]) throws(HikaeError) -> String? {
        guard input.count > 3 else { return nil }
        let header = key.seal(Array(input[3...]))
        let body = Int(input[0]) | Int(input[1]) << 8
        var pack = [UInt8](repeating: 0, count: body) + header
        let claimed = UInt32(truncatingIfNeeded: header.count + Int(Int8(bitPattern: input[2])))
        withUnsafeBytes(of: claimed.littleEndian) { pack.append(contentsOf: $0) }
        var isOutside = false
        let blobs = try PackHeader.read(size: UInt64(pack.count), key: key) { offset, length throws(HikaeError) in
            guard length >= 0, offset <= UInt64(pack.count), UInt64(length) <= UInt64(pack.count) - offset else {
                isOutside = true
                throw HikaeError(.damaged, "outside")
            }
            return Array(pack[Int(offset)..<Int(offset) + length])
        }
        if isOutside { return "a read outside the pack" }
        return blobs.reduce(0) { $0 + Int($1.length) } == body ? nil : "blobs that do not fill the pack"
    }

    /// The input is a plaintext and where to change what was sealed.
    private static func sealed(_ input: [UInt8]) throws(HikaeError) -> String? {
        if (try? key.open(input)) != nil { return "random bytes authenticate" }
        guard input.count > 3 else { return nil }
        var sealed = key.seal(Array(input[3...]))
        guard try key.open(sealed) == Array(input[3...]) else { return "another plaintext" }
        guard input[2] != 0 else { return nil }
        sealed[(Int(input[0]) | Int(input[1]) << 8) % sealed.count] ^= input[2]
        return (try? key.open(sealed)) == nil ? nil : "changed bytes authenticate"
    }

    private static func unpacked(_ input: [UInt8]) throws(HikaeError) -> String? {
        let limit = 1 << 20
        let json = try UnpackedFile.decode(input, limit: limit)
        guard json.count <= max(limit, input.count) else { return "more than the limit" }
        let again = UnpackedFile.encode(json, version: 2, compressor: Compressor(mode: .fastest))
        return try UnpackedFile.decode(again) == json ? nil : "another file"
    }

    /// The input is the size to expect and a frame.
    private static func zstd(_ input: [UInt8]) throws(HikaeError) -> String? {
        guard input.count >= 3 else { return nil }
        let size = Int(input[0]) | Int(input[1]) << 8 | Int(input[2] & 0x0F) << 16
        var output: [UInt8] = [1]
        do throws(HikaeError) {
            try Array(input[3...]).withBytes { bytes throws(HikaeError) in
                try Decompressor().decompress(bytes, size: size, into: &output)
            }
        } catch {
            return output.isEmpty ? nil : "an error with output"
        }
        return output.count == size ? nil : "another size"
    }

    private static func time(_ input: [UInt8]) -> String? {
        guard let time = input.withUnsafeBufferPointer({ TimeText.parse($0) }) else { return nil }
        var json = JSONWriter()
        json.time(time)
        let again = Array(json.bytes.dropFirst().dropLast()).withUnsafeBufferPointer { TimeText.parse($0) }
        return again == (time.isWritable ? time : TimeText.writable(time)) ? nil : "another time"
    }

    /// Any bytes are a name: they must survive. They may also be a quoted name.
    private static func name(_ input: [UInt8]) -> String? {
        let json = Tree(nodes: [Node(name: input, kind: .file)]).encoded()
        guard let read = try? Tree(decoding: json).nodes.first else { return "a name that cannot be read" }
        guard read.name == input else { return "another name" }
        if let name = QuotedName.unquote(input), name.count > input.count { return "a name that grew" }
        return nil
    }
}

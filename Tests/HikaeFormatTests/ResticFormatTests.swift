// The codecs against the real restic: what it wrote is read, and written again byte for byte.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

/// A folder full of oddities: names, kinds, modes and times.
private let oddities = #"""
    set -e
    mkdir deep plain "names" links special attributes empty sizes
    printf 'hello' > plain/hello.txt
    : > plain/empty
    head -c 100 /dev/zero > sizes/hundred
    truncate -s 3000000 sizes/sparse
    head -c 2500000 /dev/urandom > sizes/noise
    chmod 4755 plain/hello.txt; chmod 1777 empty; chmod 2750 deep; chmod 0 sizes/hundred
    ln plain/hello.txt links/hard1; ln plain/hello.txt links/hard2
    ln -s ../plain/hello.txt links/soft; ln -s 'to <nowhere> & "back"\' links/marks
    mkdir rawlink; ln -s "$(printf 'a\377b\346\227')" rawlink/x
    ln -s 日本語 links/japanese; ln -s "$(printf 'ctl\001\010\014\033')" links/control
    d=deep; for i in $(seq 1 30); do d=$d/d$i; done; mkdir -p $d; echo x > $d/bottom
    cd names
    for i in $(seq 1 255); do [ $i = 47 ] || : > "$(printf "b\\$(printf %03o $i)e")"; done
    : > "$(printf '\377\376')"; : > "$(printf 'cut\346\227')"; : > "$(printf '\355\240\200')"
    : > "$(printf 'nl\nnl')"; : > "$(printf 'trailing\n\nx')"; : > 'quote"s'; : > 'back\slash'; : > "it's"; : > '<&>'
    : > 見積書.xlsx; : > ﾊﾝｶｸ; : > 'é'; : > "$(printf 'e\314\201')"; : > 😀
    # soft hyphen, no-break space, ideographic space, zero width space, byte order mark, line separator
    : > "$(printf 'sh\302\255')"; : > "$(printf 'nb\302\240')"; : > "$(printf 'is\343\200\200')"
    : > "$(printf 'zw\342\200\213')"; : > "$(printf 'bom\357\273\277')"; : > "$(printf 'ls\342\200\250')"
    # private use, unassigned, replacement character, tag, last character; emoji of Unicode 13, 14, 15, 15.1, 16
    : > "$(printf 'pu\356\200\200')"; : > "$(printf 'un\315\270')"; : > "$(printf 'rc\357\277\275')"
    : > "$(printf 'tag\363\240\200\201')"; : > "$(printf 'last\364\217\277\277')"
    : > "$(printf 'u13\360\237\253\220')"; : > "$(printf 'u14\360\237\253\240')"; : > "$(printf 'u15\360\237\253\250')"
    : > "$(printf 'u151\342\277\274')"; : > "$(printf 'u16\360\237\253\251')"
    : > "$(head -c 255 /dev/zero | tr '\0' n)"; : > "$(head -c 250 /dev/zero | tr '\0' '\377')"
    cd ..
    mkfifo special/fifo
    touch -d '1960-01-02 03:04:05.123456789 +0100' plain/old; touch -d '2040-02-29 00:00:00.1 +0000' plain/future
    touch -d '1970-01-01 00:00:00 +0000' plain/epoch; touch -d '2012-06-20 17:00:00.000000001 +0900' plain/accident
    touch -d '1900-01-01 12:00:00 +0000' plain/local-mean-time; touch -d '1851-01-01 00:00:00 +0000' plain/older
    touch -d '2400-01-01 00:00:00 +0000' plain/later
    touch attributes/a attributes/b attributes/c; mkdir attributes/d
    if [ "$(id -u)" = 0 ]; then
        mknod special/null c 1 3; mknod special/loop b 7 200; mknod special/big c 4095 1048575
        chown 12345:54321 plain/empty; chown 4294967294:0 plain/epoch
    fi
    """#

private let attributes = #"""
    setfattr -n user.plain -v value attributes/a || exit 0
    setfattr -n user.binary -v 0x00ff10 attributes/a; setfattr -n user.empty attributes/a
    setfattr -n 'user.<odd> & "quoted"' -v x attributes/b; setfattr -n user.日本 -v y attributes/b
    setfattr -n user.big -v "0x$(head -c 2000 /dev/zero | od -An -v -tx1 | tr -d ' \n')" attributes/b
    setfacl -m u:1234:rwx,g:4321:r attributes/c || exit 0
    setfacl -d -m u:1234:rwx attributes/d
    """#

/// A repository that restic 0.14 made of the oddities, in several time zones.
private final class ResticFixture: Sendable {
    let folder: TemporaryDirectory
    var repository: String { folder.path("repository") }
    static let password = "pässwörd 控え"

    func restic(_ arguments: [String], zone: String = "UTC") -> Command {
        var command = Command("restic", ["-q", "--no-cache"] + arguments)
        command.environment = [
            "RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD": Self.password, "TZ": zone,
            "RESTIC_PROGRESS_FPS": "0.01",
        ]
        command.folder = folder.path("source")
        return command
    }

    init(version: Int) throws {
        folder = try TemporaryDirectory()
        try Files.makeFolders(folder.path("source"))
        for script in [oddities, attributes] {
            var shell = Command("bash", ["-c", script])
            shell.folder = folder.path("source")
            shell.environment = ["LC_ALL": "C"]
            try shell.succeed()
        }
        try restic(["init", "--repository-version", "\(version)"]).succeed()
        for (index, zone) in ["UTC", "Asia/Tokyo", "America/St_Johns", "Africa/Monrovia", "Asia/Kathmandu"].enumerated()
        {
            // Another path each time, so that no snapshot is the parent of the next.
            try Files.makeFolders(folder.path("source/zone\(index)"))
            try restic(["backup", "--with-atime", "--tag", "zone\(index)", ".", "--force"], zone: zone).succeed()
        }
        try restic(["backup", "plain/hello.txt", "--exclude", "*.tmp", "--host", "<host>"]).succeed()
    }
}

@Suite(.enabled(if: Command.path(of: "restic") != nil)) struct ResticFormatTests {
    @Test(arguments: [1, 2])
    func everyTreeOfResticIsWrittenAgainByteForByte(version: Int) throws {
        let fixture = try ResticFixture(version: version)
        let repository = try ResticRepositoryFiles(path: fixture.repository, password: ResticFixture.password)
        #expect(repository.config.version == version)
        let trees = try repository.trees()
        #expect(trees.count > 40)
        var names: Set<[UInt8]> = []
        for (id, json) in trees {
            let tree = try Tree(decoding: json)
            try tree.validate()
            for node in tree.nodes { names.insert(node.name) }
            if tree.nodes.first?.linkTarget == utf8("a\u{FFFD}b\u{FFFD}\u{FFFD}") {
                theRawTargetIsAllThatResticLacks(tree, json)
                continue
            }
            let again = tree.encoded()
            #expect(again == json, "tree \(id.short): \(difference(text(json), text(again)))")
            #expect(Digest.blobID(again) == id)
        }
        for name: [UInt8] in [
            [0xFF, 0xFE], utf8("nl\nnl"), utf8("見積書.xlsx"), [UInt8](repeating: 0xFF, count: 250), utf8("quote\"s"),
            utf8("back\\slash"), utf8("u16\u{1FAE9}"), utf8("sh\u{AD}"), [0x62, 0x01, 0x65], [0x62, 0x7F, 0x65],
            [0x62, 0xFF, 0x65],
        ] {
            #expect(names.contains(name), "\(text(name))")
        }
        try everyPackIsAsItsIndexSays(repository)
        try theSmallFilesAreWrittenAgain(repository)
    }

    /// restic 0.14 loses the bytes of a target that is no UTF-8; newer ones write them beside it, and so do we.
    private func theRawTargetIsAllThatResticLacks(_ read: Tree, _ json: [UInt8]) {
        var tree = read
        tree.nodes[0].linkTarget = [0x61, 0xFF, 0x62, 0xE6, 0x97]
        #expect(text(tree.encoded()).replacing(#","linktarget_raw":"Yf9i5pc=""#, with: "") == text(json))
        #expect(text(tree.encoded()).utf8.count > json.count)
    }

    private func everyPackIsAsItsIndexSays(_ repository: ResticRepositoryFiles) throws {
        #expect(!repository.packs.isEmpty)
        for id in repository.packs {
            let pack = try repository.pack(id)
            #expect(Digest.fileID(pack) == id)
            let blobs = try PackHeader.read(size: UInt64(pack.count), key: repository.key) {
                (offset, length) throws(HikaeError) in Array(pack[Int(offset)..<Int(offset) + length])
            }
            let indexed = repository.blobs.values.filter { $0.pack == id }.map(\.blob).sorted { $0.offset < $1.offset }
            #expect(blobs == indexed)
        }
        for id in repository.blobs.keys { _ = try repository.blob(id) }
    }

    private func theSmallFilesAreWrittenAgain(_ repository: ResticRepositoryFiles) throws {
        for kind in ["snapshots", "index"] {
            for name in Files.names(in: "\(repository.path)/\(kind)") {
                let json = try repository.unpacked("\(kind)/\(name)")
                if kind == "snapshots" {
                    #expect(try Snapshot(decoding: json).encoded() == json)
                } else {
                    var packs: [(FileID, [PackedBlob])] = []
                    try IndexCodec.decode(
                        json, pack: { packs.append(($0, [])) },
                        blob: { _, blob in packs[packs.count - 1].1.append(blob) })
                    #expect(IndexCodec.encode(packs: packs, supersedes: []) == json)
                }
            }
        }
        let config = try repository.key.open(Files.read("\(repository.path)/config"))
        #expect(try Config(decoding: config).encoded() == config)
        let keyName = try #require(Files.names(in: "\(repository.path)/keys").first)
        let keyFile = try Files.read("\(repository.path)/keys/\(keyName)")
        #expect(try KeyFile(decoding: keyFile).encoded() == keyFile)
    }

    @Test func resticOpensAKeyFileOfOurs() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("r")
        let password = "ours"
        let master = CryptoKey.random()
        let key = try KeyFile.create(
            master: master, password: utf8(password), username: "u", hostname: "h",
            created: Timestamp(seconds: 1_340_179_200, offset: 32400), parameters: .insecureForTests
        ).encoded()
        let config = Config(
            version: 2, id: Config.randomID(), chunkerPolynomial: 0x25_b468_838d_cb75,
            gearSecret: SecureRandom.bytes(32))
        let snapshot = Snapshot(
            time: Timestamp(seconds: 1_340_179_200, offset: 32400), tree: Digest.blobID(Tree().encoded()), paths: ["/x"]
        ).encoded()
        let compressor = Compressor(mode: .auto)
        let sealed = master.seal(UnpackedFile.encode(snapshot, version: 2, compressor: compressor))
        // One pack with one tree: the empty one.
        var frame: [UInt8] = []
        Tree().encoded().withUnsafeBytes { compressor.appendFrame($0, to: &frame) }
        let blob = master.seal(frame)
        let packed = PackedBlob(
            id: Digest.blobID(Tree().encoded()), type: .tree, offset: 0, length: UInt32(blob.count),
            uncompressedLength: UInt32(Tree().encoded().count))
        let header = master.seal(PackHeader.encode([packed]))
        var pack = blob + header
        withUnsafeBytes(of: UInt32(header.count).littleEndian) { pack.append(contentsOf: $0) }
        let packID = Digest.fileID(pack)
        let index = master.seal(
            UnpackedFile.encode(
                IndexCodec.encode(packs: [(packID, [packed])], supersedes: []), version: 2, compressor: compressor))
        try Files.write("\(path)/config", master.seal(config.encoded()))
        try Files.write("\(path)/keys/\(Digest.fileID(key).hex)", key)
        try Files.write("\(path)/snapshots/\(Digest.fileID(sealed).hex)", sealed)
        try Files.write("\(path)/data/\(packID.hex.prefix(2))/\(packID.hex)", pack)
        try Files.write("\(path)/index/\(Digest.fileID(index).hex)", index)
        try Files.makeFolders("\(path)/locks")
        var command = Command("restic", ["-q", "--no-cache", "-r", path, "check", "--read-data"])
        command.environment = ["RESTIC_PASSWORD": password]
        try command.succeed()
        command.arguments = ["-q", "--no-cache", "-r", path, "cat", "snapshot", Digest.fileID(sealed).hex]
        #expect(try command.succeed().text.contains("2012-06-20T17:00:00+09:00"))
    }

    /// The first place where two texts differ, with what stands around it.
    private func difference(_ left: String, _ right: String) -> String {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        let place = zip(left, right).prefix { $0 == $1 }.count
        let from = max(0, place - 60)
        return text(Array(left[from..<min(left.count, place + 60)])) + "  →  "
            + text(Array(right[from..<min(right.count, place + 60)]))
    }
}

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

private func decode(_ json: String) throws(HikaeError) -> Tree { try Tree(decoding: utf8(json)) }

private func refusal(_ json: String) -> HikaeError.Code? {
    thrown { () throws(HikaeError) in _ = try decode(json) }?.code
}

@Suite struct TreeTests {
    /// restic's own test data (internal/restic/testdata, doc/design.rst), written from left to right.
    @Test func aTreeIsWrittenAsResticWritesIt() throws {
        let id = "50f77b3b4291e8411a027b9f9b9e64658181cc676ce6ba9958b95f268cb1109d"
        var file = Node(name: utf8("testfile"), kind: .file)
        file.mode = 420
        file.mtime = Timestamp(seconds: 1_417_884_623, nanoseconds: 345_135_380, offset: 3600)
        file.atime = Timestamp(seconds: 1_417_884_623, nanoseconds: 338_468_713, offset: 3600)
        file.ctime = file.mtime
        file.uid = 1000
        file.gid = 100
        file.user = "fd0"
        file.inode = 416_863_351
        file.size = 1234
        file.links = 1
        file.content = [try #require(BlobID(hex: id))]
        #expect(
            text(Tree(nodes: [file]).encoded())
                == #"{"nodes":[{"name":"testfile","type":"file","mode":420,"mtime":"2014-12-06T17:50:23.34513538+01:00","#
                + #""atime":"2014-12-06T17:50:23.338468713+01:00","ctime":"2014-12-06T17:50:23.34513538+01:00","#
                + #""uid":1000,"gid":100,"user":"fd0","inode":416863351,"size":1234,"links":1,"content":[""# + id
                + "\"]}]}\n")
    }

    @Test func everyMemberStandsInResticsOrder() throws {
        var node = Node(name: utf8("n"), kind: .symlink)
        node.mode = 1
        node.user = "u"
        node.group = "g"
        node.inode = 2
        node.deviceID = 3
        node.size = 4
        node.links = 5
        node.linkTarget = [0x61, 0xFF]
        node.extendedAttributes = [
            ExtendedAttribute(name: "user.a<", value: [1]), ExtendedAttribute(name: "user.b", value: []),
        ]
        node.genericAttributes = utf8(#"{"windows.creation_time":"x"}"#)
        node.device = 6
        node.content = []
        node.subtree = BlobID(words: 0, 0, 0, 1)
        node.error = "e"
        let zero = "0001-01-01T00:00:00Z"
        #expect(
            text(Tree(nodes: [node]).encoded())
                == #"{"nodes":[{"name":"n","type":"symlink","mode":1,"mtime":"\#(zero)","atime":"\#(zero)","ctime":"\#(zero)","#
                + #""uid":0,"gid":0,"user":"u","group":"g","inode":2,"device_id":3,"size":4,"links":5,"#
                + #""linktarget":"a\ufffd","linktarget_raw":"Yf8=","extended_attributes":[{"name":"user.a\u003c","#
                + #""value":"AQ=="},{"name":"user.b","value":""}],"generic_attributes":{"windows.creation_time":"x"},"#
                + #""device":6,"content":[],"subtree":"\#(String(repeating: "0", count: 63))1","error":"e"}]}"# + "\n")
    }

    @Test func anEmptyTreeIsAnEmptyList() throws {
        #expect(text(Tree().encoded()) == "{\"nodes\":[]}\n")
        #expect(try decode(#"{"nodes":null}"#).nodes.isEmpty)
        #expect(try decode("{}").nodes.isEmpty)
    }

    @Test func whatIsWrittenReadsBackAndIsWrittenTheSame() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            let tree = Tree(nodes: (0..<random.int(0...20)).map { _ in random.node() })
            let json = tree.encoded()
            let back = try Tree(decoding: json)
            #expect(back.encoded() == json)
            for (left, right) in zip(tree.nodes, back.nodes) {
                #expect(left.name == right.name)
                #expect(left.linkTarget == right.linkTarget)
                #expect(left.content == right.content)
                #expect(left.extendedAttributes == right.extendedAttributes)
                #expect(left == right)
            }
            #expect(back.nodes.count == tree.nodes.count)
        }
    }

    @Test func oneNodeAtATimeGivesTheSameBytes() {
        var random = SeededGenerator()
        let tree = Tree(nodes: (0..<50).map { _ in random.node() })
        var json = utf8("{\"nodes\":[")
        for (index, node) in tree.nodes.enumerated() {
            if index > 0 { json += [0x2C] }
            Tree.appendNode(node, to: &json)
        }
        #expect(json + utf8("]}\n") == tree.encoded())
    }

    @Test func membersOfNewerVersionsArePassedOver() throws {
        let tree = try decode(
            #"{"version":3,"nodes":[{"future":{"a":[1,{"b":null}]},"name":"x","type":"file","content":null,"size":null}],"#
                + #""more":"\u0000"}"#)
        #expect(tree.nodes.map(\.name) == [utf8("x")])
        #expect(tree.nodes[0].content == nil)
    }

    @Test func namesOfMembersMayBeSpelledWithEscapes() throws {
        let tree = try decode(#"{"n\u006fdes":[{"n\u0061me":"x","t\u0079pe":"dir","\u00e9":1,"content":null}]}"#)
        #expect(tree.nodes.map(\.name) == [utf8("x")])
        #expect(tree.nodes.map(\.kind) == [.dir])
        #expect(refusal(#"{"nodes":[{"n\u00zzme":"x","name":"y","type":"dir"}]}"#) == .damaged)
    }

    @Test func theRawTargetOfASymlinkWins() throws {
        let tree = try decode(
            #"{"nodes":[{"name":"x","type":"symlink","linktarget_raw":"Yf8=","linktarget":"a\ufffd","content":null}]}"#)
        #expect(tree.nodes[0].linkTarget == [0x61, 0xFF])
    }

    @Test(arguments: [
        "", "null", "[]", "{", #"{"nodes":1}"#, #"{"nodes":[1]}"#, #"{"nodes":[{}]}"#, #"{"nodes":[{"name":"a"}]}"#,
        #"{"nodes":[{"type":"file"}]}"#, #"{"nodes":[{"name":"a","type":"fiel"}]}"#,
        #"{"nodes":[{"name":"a","type":"file","uid":4294967296}]}"#,
        #"{"nodes":[{"name":"a","type":"file","uid":-1}]}"#,
        #"{"nodes":[{"name":"a","type":"file","size":1.5}]}"#, #"{"nodes":[{"name":"a","type":"file","size":"1"}]}"#,
        #"{"nodes":[{"name":"a","type":"file","content":["ab"]}]}"#,
        #"{"nodes":[{"name":"a","type":"file","mtime":"now"}]}"#,
        #"{"nodes":[{"name":"a","type":"file","extended_attributes":[{"name":"x","value":"*"}]}]}"#, #"{"nodes":[]}x"#,
        #"{"nodes":[null]}"#,
    ])
    func whatIsNoTreeIsRefused(json: String) {
        #expect(refusal(json) == .damaged)
    }

    @Test func namesThatCouldLeaveTheDirectoryAreRefused() {
        func verdict(_ names: [[UInt8]]) -> HikaeError.Code? {
            let tree = Tree(nodes: names.map { Node(name: $0, kind: .file) })
            return thrown { () throws(HikaeError) in try tree.validate() }?.code
        }
        #expect(verdict([]) == nil)
        #expect(verdict([utf8("a"), utf8("b")]) == nil)
        #expect(verdict([utf8("..."), utf8(".a"), utf8("a..")]) == nil)
        for name in ["", ".", "..", "/", "a/b", "../a", "a/", "/etc"] { #expect(verdict([utf8(name)]) == .damaged) }
        #expect(verdict([[0x61, 0x00]]) == .damaged)
        #expect(verdict([utf8("a"), utf8("a")]) == .damaged)
        #expect(verdict([utf8("b"), utf8("a")]) == .damaged)
    }

    @Test func nodesAreSortedAndFoundByTheirBytes() {
        var random = SeededGenerator()
        let names = Set((0..<200).map { _ in random.name() })
        var tree = Tree(nodes: names.map { Node(name: $0, kind: .file) })
        tree.sort()
        #expect(thrown { () throws(HikaeError) in try tree.validate() } == nil)
        for name in names { #expect(tree.node(named: name)?.name == name) }
        #expect(tree.node(named: utf8("not there at all")) == nil)
        #expect(Tree().node(named: [0x61]) == nil)
    }

    @Test func aTreeOfAnySizeIsWrittenWhole() throws {
        var node = Node(name: [UInt8](repeating: 0xFF, count: 255), kind: .file)
        node.content = (0..<20_000).map { BlobID(words: UInt64($0), 1, 2, 3) }
        node.extendedAttributes = [ExtendedAttribute(name: "user.big", value: [UInt8](repeating: 7, count: 65536))]
        node.linkTarget = [UInt8](repeating: 0xFE, count: 4096)
        node.user = String(repeating: "<", count: 300)
        let tree = Tree(nodes: [Node(name: [0x61], kind: .file), node, Node(name: [0x62], kind: .file)])
        #expect(try Tree(decoding: tree.encoded()) == tree)
    }
}

@Suite struct FileModeTests {
    /// Go's os.FileMode bits, from its documentation.
    @Test(arguments: [
        (0o100644, 0o644, NodeKind.file), (0o040755, 0x8000_0000 | 0o755, .dir),
        (0o120777, 0x800_0000 | 0o777, .symlink),
        (0o060660, 0x400_0000 | 0o660, .dev), (0o020620, 0x420_0000 | 0o620, .chardev),
        (0o010600, 0x200_0000 | 0o600, .fifo), (0o140755, 0x100_0000 | 0o755, .socket),
        (0o104755, 0x80_0000 | 0o755, .file), (0o102755, 0x40_0000 | 0o755, .file),
        (0o041777, 0x8010_0000 | 0o777, .dir),
    ])
    func theSystemsModesBecomeGosAndBack(system: Int, go: Int, kind: NodeKind) {
        #expect(FileMode.fromSystem(UInt32(system)) == UInt32(go))
        #expect(FileMode.toSystem(UInt32(go)) == UInt32(system))
        #expect(FileMode.kind(UInt32(go)) == kind)
        #expect(FileMode.toSystemPermissions(UInt32(go)) == UInt32(system) & 0o7777)
    }

    @Test func impossibleModesHaveNoKind() {
        #expect(FileMode.kind(FileMode.directory | FileMode.symlink) == nil)
        #expect(FileMode.kind(FileMode.irregular) == .irregular)
    }
}

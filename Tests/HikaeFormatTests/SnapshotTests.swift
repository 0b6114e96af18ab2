import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

private let a = String(repeating: "ab", count: 32)
private let b = String(repeating: "cd", count: 32)

@Suite struct SnapshotTests {
    /// As restic 0.17 and later write it; the summary's members are none of ours.
    private let newest =
        #"{"time":"2012-06-20T17:00:00.000000001+09:00","parent":"\#(a)","tree":"\#(b)","paths":["/srv/shop","/a\u0026b"],"#
        + #""hostname":"clinic","username":"ikeda","uid":1000,"gid":100,"excludes":["*.tmp"],"tags":["hikae","系統"],"#
        + #""original":"\#(b)","program_version":"restic 0.18.0","summary":{"backup_start":"2012-06-20T17:00:00+09:00","#
        + #""files_new":3, "x":[1.5e3]},"future":null}"#

    @Test func aSnapshotIsReadAndWrittenAsResticDoes() throws {
        let snapshot = try Snapshot(decoding: utf8(newest))
        #expect(snapshot.time.rfc3339 == "2012-06-20T17:00:00.000000001+09:00")
        #expect(snapshot.parent?.hex == a)
        #expect(snapshot.tree.hex == b)
        #expect(snapshot.paths == ["/srv/shop", "/a&b"])
        #expect(snapshot.hostname == "clinic")
        #expect(snapshot.username == "ikeda")
        #expect(snapshot.uid == 1000)
        #expect(snapshot.gid == 100)
        #expect(snapshot.excludes == ["*.tmp"])
        #expect(snapshot.tags == ["hikae", "系統"])
        #expect(snapshot.original?.hex == b)
        #expect(snapshot.programVersion == "restic 0.18.0")
        #expect(snapshot.extra.map { text($0.name) } == ["summary"])
        #expect(text(snapshot.encoded()) == newest.replacing(#","future":null"#, with: ""))
    }

    @Test func whatIsEmptyIsLeftOut() throws {
        let snapshot = Snapshot(time: .zero, tree: try #require(BlobID(hex: b)), paths: [])
        #expect(text(snapshot.encoded()) == #"{"time":"0001-01-01T00:00:00Z","tree":"\#(b)","paths":[]}"#)
        #expect(try Snapshot(decoding: snapshot.encoded()) == snapshot)
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"tree":null}"#, #"{"tree":"ab"}"#, #"{"tree":1}"#, "{\"tree\":\"\(b)\",\"time\":\"x\"}",
    ])
    func whatIsNoSnapshotIsRefused(json: String) {
        #expect(thrown { () throws(HikaeError) in _ = try Snapshot(decoding: utf8(json)) }?.code == .damaged)
    }

    @Test func aLockIsReadAndWrittenAsResticDoes() throws {
        let json =
            #"{"time":"2015-06-27T12:18:51.759239612+02:00","exclusive":true,"hostname":"kasimir","username":"fd0","#
            + #""pid":13607,"uid":1000,"gid":100}"#
        let lock = try LockFile(decoding: utf8(json))
        #expect(lock.exclusive)
        #expect(lock.pid == 13607)
        #expect(text(lock.encoded()) == json)
        let root = LockFile(time: .zero, exclusive: false, hostname: "", username: "", pid: 1)
        #expect(
            text(root.encoded())
                == #"{"time":"0001-01-01T00:00:00Z","exclusive":false,"hostname":"","username":"","pid":1}"#)
        #expect(try LockFile(decoding: root.encoded()) == root)
    }

    @Test func aConfigIsReadAndWrittenAsResticDoes() throws {
        let json = #"{"version":2,"id":"\#(a)","chunker_polynomial":"25b468838dcb75"}"#
        let config = try Config(decoding: utf8(json))
        #expect(config.chunkerPolynomial == 0x25_b468_838d_cb75)
        #expect(config.gearSecret == nil)
        #expect(text(config.encoded()) == json)
        var ours = config
        ours.gearSecret = [UInt8](1...32)
        #expect(
            text(ours.encoded()).hasSuffix(#","hikae_gear_secret":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="}"#))
        #expect(try Config(decoding: ours.encoded()) == ours)
        #expect(BlobID(hex: Config.randomID()) != nil)
    }

    @Test func aConfigOfAnotherFormatIsRefused() {
        func code(_ json: String) -> HikaeError.Code? {
            thrown { () throws(HikaeError) in _ = try Config(decoding: utf8(json)) }?.code
        }
        #expect(code(#"{"version":3,"id":"\#(a)","chunker_polynomial":"1"}"#) == .unsupported)
        #expect(code(#"{"version":0,"id":"\#(a)","chunker_polynomial":"1"}"#) == .unsupported)
        #expect(code(#"{"version":2,"id":"x","chunker_polynomial":"1"}"#) == .damaged)
        #expect(code(#"{"version":2,"id":"\#(a)","chunker_polynomial":"xyz"}"#) == .damaged)
        #expect(code(#"{"version":2,"id":"\#(a)","chunker_polynomial":"1","hikae_gear_secret":"AQID"}"#) == .damaged)
    }
}

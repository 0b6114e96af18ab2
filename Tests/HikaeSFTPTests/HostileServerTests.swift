// What a server can say, and what must not come of it.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeSFTP

@Suite struct HostileServerTests {
    @Test func theHonestPartOfTheServerWorks() throws {
        let server = try HostileServer("")
        let rig = try CaptureRig()
        let capture = try rig.capture(SFTPSource(server.settings))
        let back = try TemporaryDirectory()
        try rig.restore(capture, to: back.path("x"))
        #expect(try Files.read(back.path("x/a")) == Array("abc".utf8))
    }

    @Test(arguments: [
        ("an endless packet", "def answer(k, i, b): return u32(0xfffffff0) + b'x' * 100 if k == 12 else None"),
        ("an empty packet", "def answer(k, i, b): return u32(0) if k == 12 else None"),
        (
            "a string longer than its packet",
            "def answer(k, i, b): return packet(102, u32(i) + u32(99999)) if k == 11 else None"
        ),
        ("a number never asked", "def answer(k, i, b): return status(i + 77, 0) if k == 12 else None"),
        (
            "more names than there are",
            "def answer(k, i, b): return packet(104, u32(i) + u32(0xffffffff)) if k == 12 else None"
        ),
        ("an unknown type", "def answer(k, i, b): return packet(99, u32(i)) if k == 12 else None"),
        ("a long handle", "def answer(k, i, b): return packet(102, u32(i) + s(b'h' * 5000)) if k == 11 else None"),
        ("words instead of a greeting", "greeting = b'Welcome to our server! Please behave.\\n' * 3"),
        ("a greeting of another kind", "greeting = packet(101, u32(3))"),
        ("a path with a NUL", "def answer(k, i, b): return names(i, (b'/a\\0b', DIR, 0)) if k == 16 else None"),
        ("a path that is none", "def answer(k, i, b): return names(i, (b'../..', DIR, 0)) if k == 16 else None"),
        ("too many extensions", "greeting = packet(2, u32(3) + (s(b'x') + s(b'1')) * 5000)"),
        (
            "an answer that does not fit",
            "def answer(k, i, b): return packet(103, u32(i) + s(b'x')) if k == 11 else None"
        ),
    ])
    func whatNoServerMaySayEndsTheCapture(_ name: String, _ behaviour: String) throws {
        let server = try HostileServer(behaviour)
        let error = #expect(throws: HikaeError.self, "\(name)") {
            try CaptureRig().capture(SFTPSource(server.settings))
        }
        #expect(error?.code == .protocolViolation, "\(name): \(String(describing: error))")
    }

    @Test func namesThatLeadElsewhereAreLeftOutAndSaid() throws {
        let server = try HostileServer(
            """
            def answer(k, i, b):
                if k == 12 and b not in listed:
                    listed.add(b)
                    evil = [b'..', b'../up', b'/etc', b'a/b', b'x\\0y', b'', b'.']
                    return names(i, *[(n, DIR, 0) for n in evil], (b'good', FILE, 3), (b'good', FILE, 3), (b'\\x1b[2J', FILE, 3))
            """)
        let rig = try CaptureRig()
        let capture = try rig.capture(SFTPSource(server.settings))
        #expect(try capture.content.nodes()?.map(\.name) == [Array("\u{1B}[2J".utf8), Array("good".utf8)])
        #expect(capture.reports.count == 5)
        #expect(capture.reports.allSatisfy { $0.code == .protocolViolation && !$0.message.contains("\0") })
        let back = try TemporaryDirectory()
        try rig.restore(capture, to: back.path("x"))
        #expect(Files.names(in: back.path).count == 1)
    }

    @Test func aDirectoryWithoutEndIsGivenUp() throws {
        let server = try HostileServer(
            """
            def answer(k, i, b):
                if k == 12: return names(i, *[(b'n%d' % next(counter), FILE, 3) for _ in range(200)])
            """)
        let error = #expect(throws: HikaeError.self) { try CaptureRig().capture(SFTPSource(server.settings)) }
        #expect(error?.code == .limit)
    }

    @Test func aTreeWithoutGroundIsCutOff() throws {
        let server = try HostileServer(
            """
            def answer(k, i, b):
                if k == 12 and b not in listed:
                    listed.add(b)
                    return names(i, (b'd', DIR, 0), (b'f', FILE, 0))
            """)
        let capture = try CaptureRig().capture(SFTPSource(server.settings))
        #expect(capture.reports.map(\.code) == [.limit])
        #expect(capture.facts.items == 501)
    }

    @Test func aServerThatFallsSilentIsGivenUp() throws {
        let server = try HostileServer(
            """
            def answer(k, i, b): return b'' if k == 12 else None
            """)
        var settings = server.settings
        settings.silence = 0.2
        let error = #expect(throws: HikaeError.self) { try CaptureRig().capture(SFTPSource(settings)) }
        #expect(error?.code == .unreachable)
    }

    @Test func aFileThatIsShorterThanPromisedIsLeftOut() throws {
        let server = try HostileServer(
            """
            def answer(k, i, b):
                if k == 12 and b not in listed:
                    listed.add(b)
                    return names(i, (b'big', FILE, 5 << 20), (b'small', FILE, 3), (b'ok', FILE, 3))
                if k == 8: return packet(105, u32(i) + attrs(FILE, 5 << 20))
                if k == 5 and b[:6] == s(b'h2')[:6] + b'': return status(i, 1)
                if k == 5 and struct.unpack('>Q', b[-12:-4])[0] > 0: return status(i, 1)
            """)
        let capture = try CaptureRig().capture(SFTPSource(server.settings))
        #expect(capture.reports.contains { $0.message.contains("became shorter") }, "\(capture.reports)")
        #expect(capture.facts.items == UInt64(capture.summary.totalFiles))
        #expect(try capture.content.nodes()?.contains { $0.displayName == "big" } == false)
    }

    @Test func moreBytesThanAskedForAreNoFile() throws {
        let server = try HostileServer(
            """
            def answer(k, i, b):
                if k == 5: return packet(103, u32(i) + s(b'x' * 100000))
            """)
        let capture = try CaptureRig().capture(SFTPSource(server.settings))
        #expect(capture.reports.count == 1)
        #expect(capture.facts.items == 0)
        #expect(capture.summary.totalFiles == 0)
    }
}

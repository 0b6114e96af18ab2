// Standard input and programs as sources.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeTesting
import Testing

@testable import HikaeSource

private func everything(_ reader: any SourceReader) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 100)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

private func output(_ arguments: [String]) throws -> String {
    String(decoding: try everything(CommandSource(arguments).open()), as: UTF8.self)
}

@Suite("Streams")
struct StreamTests {
    private let time = Timestamp(seconds: 1_340_179_200, offset: 32400)

    @Test("A stream is one file, in the directories that its name leads through, as restic has it")
    func tree() throws {
        let tree = try StreamTree(
            name: "db/shop.sql", time: time, owner: (7, 8), content: CommandSource(["echo", "hello"]))
        #expect(tree.absolutePath == Array("/db/shop.sql".utf8))
        let top = try tree.root.entries { _ in }
        #expect(top.count == 1 && top[0].node.name == Array("db".utf8) && top[0].node.mode == 0x8000_01ED)
        guard case .directory(let inner) = top[0].body else { throw HikaeError(.notFound, "no directory") }
        let file = try inner.entries { _ in }[0]
        #expect(file.node.name == Array("shop.sql".utf8) && file.node.mode == 0o644 && file.node.mtime == time)
        #expect(file.node.ctime == time && file.node.uid == 7 && file.node.gid == 8 && file.node.user.isEmpty)
        guard case .file(let content) = file.body else { throw HikaeError(.notFound, "no file") }
        let reader = try content.open()
        #expect(try everything(reader) == Array("hello\n".utf8))
        #expect(try reader.currentNode() == nil)
        #expect(throws: HikaeError.self) { try content.open() }
        for name in ["", "/", "..", "."] {
            #expect(throws: HikaeError.self) {
                try StreamTree(name: name, time: time, owner: (0, 0), content: CommandSource(["true"]))
            }
        }
    }

    @Test("A program's output is read to its end, with an empty input and no shell in between")
    func program() throws {
        #expect(try output(["printf", "%s", "a $HOME *"]) == "a $HOME *")
        #expect(try output(["sh", "-c", "cat; yes | head -c 300000"]).count == 300_000)
    }

    @Test(
        "A program that fails, is killed, writes nothing or does not exist makes no capture",
        arguments: [
            (["sh", "-c", "echo begun; exit 3"], "exit status 3"),
            (["sh", "-c", "echo begun; kill -9 $$"], "signal 9"),
            (["true"], "nothing"), (["no-such-program-at-all"], "no-such-program-at-all"),
        ] as [([String], String)])
    func failure(_ arguments: [String], _ words: String) throws {
        let error = #expect(throws: HikaeError.self) { try output(arguments) }
        #expect(error?.code == .programFailed && error?.message.contains(words) == true)
    }

    @Test("A program whose output nobody wants any more is ended")
    func abandoned() throws {
        let folder = try TemporaryDirectory()
        do {
            let reader = try CommandSource(["sh", "-c", "echo $$ > \(folder.path("pid")); echo x; exec sleep 1000"])
                .open()
            var byte = [UInt8](repeating: 0, count: 1)
            _ = try byte.withUnsafeMutableBytes { try reader.read(into: $0) }
        }
        let text = String(decoding: try Files.read(folder.path("pid")), as: UTF8.self)
        let identifier = try #require(Int32(text.filter(\.isNumber)))
        #expect(kill(identifier, 0) != 0 && errno == ESRCH)
    }

    @Test("Standard input is read once, and must not be empty")
    func standardInput() throws {
        // Not for programs that other tests start: they would hold its other end.
        let ends = try SystemPipe(for: "a test")
        #expect(Glibc.write(ends.write, "data", 4) == 4)
        close(ends.write)
        let source = StandardInputSource(descriptor: ends.read)
        #expect(try everything(source.open()) == Array("data".utf8))
        #expect(throws: HikaeError.self) { try source.open() }
        let error = #expect(throws: HikaeError.self) {
            try everything(StandardInputSource(descriptor: ends.read).open())
        }
        #expect(error?.code == .programFailed)
        close(ends.read)
    }
}

// Secrets come from where the plan says, only from places that keep them, and print nowhere.

import HikaeCore
import HikaePlan
import HikaeTesting
import Testing

@Suite("Secrets of a plan") struct SecretTests {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    private func fetch(_ reference: SecretReference) throws -> String { try reference.fetch().text }

    @Test(
        "a file gives its content without its last newline, and nothing more is taken away",
        arguments: [
            ("abc\n", "abc"), ("abc", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n"), (" a b \n", " a b "),
            ("\na", "\na"),
            ("正しい馬\n", "正しい馬"),
        ])
    func file(_ content: String, _ secret: String) throws {
        let path = try folder.write("secret", content, mode: 0o600)
        #expect(try fetch(.file(path)) == secret)
        #expect(try SecretReference.file(path).provider().text == secret)
    }

    @Test(
        "a file that everybody can read or change is refused, with the command that helps",
        arguments: [0o604, 0o602, 0o607, 0o644])
    func open(_ mode: Int) throws {
        let path = try folder.write("secret", "hunter2\n", mode: UInt32(mode))
        let error = try #require(throws: HikaeError.self) { try fetch(.file(path)) }
        #expect(error.code == .permission)
        #expect(error.hint == "Run `chmod o= \(path)`.")
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test("a file of its owner and group is taken", arguments: [0o600, 0o640, 0o400, 0o660])
    func closed(_ mode: Int) throws {
        let path = try folder.write("secret", "hunter2\n", mode: UInt32(mode))
        #expect(try fetch(.file(path)) == "hunter2")
    }

    @Test("a file that is empty, too long, a folder or not there is told by name") func unfit() throws {
        for (content, code) in [
            ("", HikaeError.Code.usage), ("\n", .usage), (String(repeating: "x", count: 1 << 17), .limit),
        ] {
            let path = try folder.write("secret", content, mode: 0o600)
            let error = try #require(throws: HikaeError.self) { try fetch(.file(path)) }
            #expect(error.code == code && error.message.contains(path))
        }
        #expect(throws: HikaeError.self) { try fetch(.file(folder.path)) }
        let error = try #require(throws: HikaeError.self) { try fetch(.file(folder.path("none"))) }
        #expect(error.code == .notFound && error.message.contains(folder.path("none")))
    }

    @Test("a variable of the environment; one that is not set is named") func environment() throws {
        #expect(try !fetch(.environment("PATH")).isEmpty)
        let error = try #require(throws: HikaeError.self) { try fetch(.environment("HIKAE_NO_SUCH_VARIABLE")) }
        #expect(error.code == .notFound && error.message.contains("HIKAE_NO_SUCH_VARIABLE"))
    }

    @Test("a program's output; its words are split as a shell would, and no shell is run") func program() throws {
        #expect(try fetch(.command("printf '%s %s\\n' \"a b\" $HOME")) == "a b $HOME")
        #expect(try fetch(.command("sh -c 'echo one; exit 0'")) == "one")
    }

    @Test("a program that fails, says nothing or is not there gives no secret, and its output is not shown")
    func failing() throws {
        let failed = try #require(throws: HikaeError.self) { try fetch(.command("sh -c 'echo hunter2; exit 3'")) }
        #expect(failed.code == .programFailed && failed.message.contains("status 3"))
        #expect(!"\(failed)".contains("hunter2\n"))
        #expect(throws: HikaeError.self) { try fetch(.command("true")) }
        #expect(throws: HikaeError.self) { try fetch(.command("hikae-no-such-program")) }
        let endless = try #require(throws: HikaeError.self) { try fetch(.command("yes")) }
        #expect(endless.code == .limit)
    }

    @Test("a reference prints as the plan writes it, and a fetched secret as nothing") func printing() throws {
        let path = try folder.write("secret", "hunter2\n", mode: 0o600)
        #expect("\(SecretReference.file(path))" == "file:\(path)")
        #expect("\(SecretReference.environment("A"))" == "env:A")
        #expect("\(SecretReference.command("pass show a"))" == "command:pass show a")
        let secret = try SecretReference.file(path).fetch()
        #expect(!"\(secret) \([secret])".contains("hunter2"))
    }
}

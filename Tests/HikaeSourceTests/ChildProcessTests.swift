import HikaeCore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeSource

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Programs that are run for what they say.
struct ChildProcessTests {
    private func shell(_ script: String, _ change: (inout ChildProcess.Options) -> Void = { _ in }) throws
        -> ChildProcess
    {
        var options = ChildProcess.Options()
        options.keepsMessages = true
        change(&options)
        return try ChildProcess(["sh", "-c", script], options: options)
    }

    private func all(_ process: ChildProcess) throws -> String {
        var whole: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try buffer.withMutableBytes { bytes throws(HikaeError) in try process.read(into: bytes) }
            if count == 0 { return String(decoding: whole, as: UTF8.self) }
            whole += buffer[..<count]
        }
    }

    private func error(_ body: () throws -> Void) -> HikaeError? {
        do {
            try body()
            Issue.record("nothing was thrown")
            return nil
        } catch { return error as? HikaeError }
    }

    @Test
    func `secrets are read from files of the program's own, and stand neither in its arguments nor its environment`()
        throws
    {
        let process = try shell(
            "cat /dev/fd/3; echo; cat /dev/fd/4; echo; tr '\\0' '\\n' < /proc/self/environ; tr '\\0' ' ' < /proc/$$/cmdline"
        ) { $0.files = [3: Secret("first-秘密"), 4: Secret("second")] }
        let lines = try all(process).split(separator: "\n").map(String.init)
        try process.finish()
        #expect(lines.prefix(2) == ["first-秘密", "second"])
        #expect(lines.count > 3)
        #expect(!lines.dropFirst(2).contains { $0.contains("first-") || $0.contains("second") })
    }

    @Test func `a secret's file is not there for the next program`() throws {
        let first = try shell("cat") { options in
            options.takesInput = true
            options.files = [3: Secret("secret")]
        }
        let second = try shell("ls -l /proc/$$/fd | grep -c memfd; cat /dev/fd/3 2>/dev/null || echo none")
        #expect(try all(second) == "0\nnone\n")
        try first.finish()
    }

    @Test func `variables are added to ours`() throws {
        let process = try shell("echo \"$HIKAE_TEST_WORD ${PATH:+path}\"") {
            $0.environment = ["HIKAE_TEST_WORD": "a b"]
        }
        #expect(try all(process) == "a b path\n")
    }

    @Test func `the end of many messages is kept, and the program never waits for us`() throws {
        let process = try shell(
            "i=0; while [ $i -lt 20000 ]; do echo message $i >&2; i=$((i+1)); done; echo done; exit 3")
        #expect(try all(process) == "done\n")
        #expect(try process.wait() == 3)
        #expect(process.messages.hasSuffix("message 19999"))
        #expect(process.messages.utf8.count <= 8192)
    }

    @Test func `a program that failed is told with its status and messages, however often one asks`() throws {
        let process = try shell("echo nearly; echo 'no such table' >&2; exit 7")
        #expect(try all(process) == "nearly\n")
        #expect(try process.wait() == 7)
        #expect(try process.wait() == 7)
        let failure = error { try process.finish() }
        #expect(failure?.code == .programFailed)
        #expect(failure?.message.contains("7") == true)
        #expect(failure?.hint == "no such table")
    }

    @Test func `a program ended by a signal is told as such`() throws {
        let process = try shell("echo half; kill -9 $$")
        #expect(try all(process) == "half\n")
        #expect(try process.wait() == 137)
        #expect(error { try process.finish() }?.message.contains("signal 9") == true)
    }

    @Test func `a program that we ended never counts as one that finished`() throws {
        let process = try shell("echo begun; exec sleep 1000")
        var byte = [UInt8](repeating: 0, count: 6)
        _ = try byte.withMutableBytes { bytes throws(HikaeError) in try process.read(into: bytes) }
        process.terminate()
        #expect(error { try process.finish() }?.code == .programFailed)
    }

    @Test func `a program that we ended never reports success, though it ends in peace and another waits for it`()
        throws
    {
        for _ in 0..<20 {
            let process = try shell("trap 'exit 0' TERM; echo begun; while :; do sleep 0.01; done")
            var byte = [UInt8](repeating: 0, count: 6)
            _ = try byte.withMutableBytes { bytes throws(HikaeError) in try process.read(into: bytes) }
            let waited = Mutex<Int32?>(nil)
            let waiting = RunningThread {
                let code = try? process.wait()
                waited.withLock { $0 = code }
            }
            // The other one is most likely to wait by now; with or without it the promise holds.
            usleep(5000)
            process.terminate()
            waiting.join()
            #expect(waited.withLock { $0 } == 128 + SIGTERM)
            #expect(try process.wait() == 128 + SIGTERM)
        }
    }

    @Test func `what is released is ended, also when it will not listen`() throws {
        var process: ChildProcess? = try shell("trap '' TERM; echo $$; while :; do sleep 0.05; done")
        var line = [UInt8](repeating: 0, count: 32)
        let count = try #require(
            try line.withMutableBytes { bytes throws(HikaeError) in try process?.read(into: bytes) })
        let number = try #require(Int32(String(decoding: line[..<count], as: UTF8.self).filter(\.isNumber)))
        #expect(kill(number, 0) == 0)
        process = nil
        #expect(kill(number, 0) == -1 && errno == ESRCH)
    }

    @Test func `a program that ends early takes no more input, and a missing one is told by name`() throws {
        signal(SIGPIPE, SIG_IGN)
        let process = try shell("exit 0") { $0.takesInput = true }
        #expect(try all(process) == "")
        let failure = error {
            try [UInt8](repeating: 1, count: 1 << 20).withBytes { bytes throws(HikaeError) in try process.write(bytes) }
        }
        #expect(failure?.code == .programFailed)
        let missing = error { _ = try ChildProcess(["hikae-no-such-program"]) }
        #expect(missing?.code == .programFailed)
        #expect(missing?.message.contains("hikae-no-such-program") == true)
    }

    @Test func `signals that we ignore are not ignored by the program`() throws {
        signal(SIGPIPE, SIG_IGN)
        let process = try shell("kill -PIPE $$; echo survived")
        #expect(try all(process) == "")
        #expect(try process.wait() == 128 + SIGPIPE)
    }

    @Test func `what a program has started and what goes on talking is not listened to for long`() throws {
        let folder = try TemporaryDirectory()
        // It talks until the folder is gone, which is when this has returned: whoever listened to its end would never.
        let process = try shell(
            """
            (while [ -d \(folder.path) ]; do echo more >&2; touch \(folder.path("talks")); sleep 0.01; done) >/dev/null &
            until [ -e \(folder.path("talks")) ]; do sleep 0.01; done
            exit 3
            """)
        #expect(try process.wait() == 3)
        #expect(process.messages.hasPrefix("more"))
    }

    @Test("is waited for no longer than it runs, though what it started keeps its messages open")
    func grandchildren() throws {
        var options = ChildProcess.Options()
        options.keepsMessages = true
        let process = try ChildProcess(
            ["sh", "-c", "echo said >&2; sleep 1000 >/dev/null & echo $!; exit 3"], options: options)
        let left = try #require(Int32(all(process).filter(\.isNumber)))
        defer { kill(left, SIGKILL) }
        #expect(try process.wait() == 3)
        #expect(kill(left, 0) == 0, "it is still there")
        #expect(process.messages == "said")
    }
}

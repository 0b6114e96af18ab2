// A program whose processes a test can kill: its own, and nobody else's.

import HikaeCore
import HikaeTesting

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A script that writes down its process and becomes a program.
struct MortalProgram: Sendable {
    /// What is to be run instead of the program.
    let path: String
    private let name: String
    private let list: String
    private let mark: String

    /// Makes the script, in a folder that lasts as long as it is used.
    init(_ name: String, in folder: TemporaryDirectory) throws {
        self.name = name
        list = folder.path("\(name).processes")
        mark = folder.path("\(name).is-broken")
        path = try folder.write(
            "mortal-\(name)",
            """
            #!/bin/sh
            echo $$ >>'\(list)'
            if [ -e '\(mark)' ]; then echo "the cloud is gone" >&2; exit 9; fi
            exec \(name) "$@"

            """, mode: 0o755)
    }

    /// From now on it only says that the cloud is gone; or again what it should.
    func setBroken(_ isBroken: Bool) throws {
        if isBroken { try Files.write(mark, []) } else { Files.remove(mark) }
    }

    /// How often it was started.
    var starts: Int { processes.count }

    private var processes: [Int32] {
        let text = (try? Files.read(list)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { Int32($0) }
    }

    /// Sends a signal to those that run; how many there were.
    @discardableResult
    func signal(_ number: Int32) -> Int {
        processes.filter { process in
            // Its number may be another's by now.
            guard let own = try? Files.read("/proc/\(process)/comm"), own.starts(with: name.utf8) else { return false }
            return kill(process, number) == 0
        }.count
    }

    /// Stops those that run, and waits until not one of their threads goes on.
    ///
    /// A busy machine delivers the signal when it has time for the thread that gets it; the others would answer
    /// meanwhile.
    func stop() throws {
        guard signal(SIGSTOP) > 0 else { throw HikaeError(.notFound, "no \(name) runs that could be stopped") }
        try waitUntil("\(name) has stopped") { processes.allSatisfy(Self.hasStopped) }
    }

    /// Waits until the stopped program has been sent something that it has not read.
    func waitForInput() throws {
        try waitUntil("\(name) is asked for something") {
            processes.contains { process in
                // A further reader of the pipe that is its standard input; what waits there stays there.
                let pipe = open("/proc/\(process)/fd/0", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                guard pipe >= 0 else { return false }
                defer { close(pipe) }
                var count: Int32 = 0
                return ioctl(pipe, UInt(FIONREAD), &count) == 0 && count > 0
            }
        }
    }

    private static func hasStopped(_ process: Int32) -> Bool {
        Files.names(in: "/proc/\(process)/task").allSatisfy { thread in
            // Number, name in brackets, state; nothing when the thread is gone.
            let stat = (try? Files.read("/proc/\(process)/task/\(thread)/stat")) ?? []
            return stat.isEmpty || String(decoding: stat, as: UTF8.self).contains(") T ")
        }
    }
}

/// Does something at random moments beside other work, so many times at most.
final class Reaper: Sendable {
    private let state = Monitor((isOver: false, count: 0))
    private let thread = Monitor<RunningThread?>(nil)

    /// - Parameters:
    ///   - seconds: between two times.
    ///   - body: returns whether it did anything.
    init(most: Int, every seconds: ClosedRange<Double>, _ body: @escaping @Sendable () -> Bool) {
        let running = RunningThread { [state] in
            while true {
                let pause = Double.random(in: seconds)
                if state.wait(seconds: pause, until: { $0.isOver ? true : nil }) != nil { return }
                guard state.withLock({ $0.count }) < most else { return }
                if body() { state.withLock { $0.count += 1 } }
            }
        }
        thread.withLock { $0 = running }
    }

    /// How often it did anything.
    var count: Int { state.withLock { $0.count } }

    /// Ends it.
    func end() {
        state.withLock { $0.isOver = true }
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    deinit { end() }
}

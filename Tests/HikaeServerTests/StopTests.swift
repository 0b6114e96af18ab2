// A server that is told to stop: what is under way is answered, and nobody is waited for beyond the bound.

import HikaeCore
import Testing

@testable import HikaeServer

@Suite(.serialized) struct StopTests {
    private static let body = [UInt8](repeating: 7, count: 1000)

    /// A connection with half of an upload on it, which the server has said that it takes.
    private func upload(_ rig: ServerRig) throws -> RawConnection {
        let connection = try RawConnection(rig.port)
        let head =
            "POST /sakura/main/data/\(ServerRig.hash(Self.body)) HTTP/1.1\r\nHost: x\r\n\(ServerRig.login("writer"))"
            + "Content-Length: \(Self.body.count)\r\nExpect: 100-continue\r\n\r\n"
        try connection.send(Array(head.utf8))
        #expect(try connection.answer(hasBody: false).status == 100)
        try connection.send(Array(Self.body[..<500]))
        return connection
    }

    @Test("an upload under way is taken to its end, who is idle is let go, though every shared thread is held")
    func underWay() throws {
        let rig = try ServerRig { settings, _ in
            settings.limits.stopSeconds = 600
            settings.limits.patienceSeconds = 600
            settings.limits.idleSeconds = 600
        }
        try rig.create()
        let idle = try RawConnection(rig.port)
        try idle.send(Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        #expect(try idle.answer().status == 200)
        let busy = try upload(rig)
        let mayEnd = Monitor(false)
        defer { mayEnd.withLock { $0 = true } }
        for _ in 0..<(2 * processorCount()) { Task.detached { _ = mayEnd.wait { $0 ? true : nil } } }
        let stopping = RunningThread { rig.server.stop() }
        #expect(try idle.receive().isEmpty)
        #expect(throws: HikaeError.self) {
            let late = try RawConnection(rig.port)
            try late.send(Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            _ = try late.answer()
        }
        try busy.send(Array(Self.body[500...]))
        #expect(try busy.answer().status == 200)
        #expect(try busy.receive().isEmpty)
        stopping.join()
        #expect(try rig.log().contains { $0.event.method == "POST" && $0.event.status == 200 })
    }

    @Test("who does not end is cut, and nothing is left of what it sent")
    func cut() throws {
        let rig = try ServerRig { settings, _ in
            settings.limits.stopSeconds = 0.5
            settings.limits.patienceSeconds = 600
        }
        try rig.create()
        let connection = try upload(rig)
        rig.server.stop()
        #expect(try connection.receive().isEmpty)
        #expect(try rig.leftovers().isEmpty)
    }
}

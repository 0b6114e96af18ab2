// Names become durable for many at once, and nobody is told so too early.

import HikaeCore
import Synchronization
import Testing

@testable import HikaeServer

@Suite struct FolderSyncTests {
    @Test func whoeverComesDuringASyncWaitsForTheNextOne() throws {
        let begun = Monitor(0)
        let gate = Monitor(0)
        let syncs = FolderSyncs { _ throws(HikaeError) in
            let number = begun.withLock { count in
                count += 1
                return count
            }
            _ = gate.wait { $0 >= number ? true : nil }
        }
        let done = Monitor(0)
        let first = RunningThread {
            try? syncs.sync("/a")
            done.withLock { $0 += 1 }
        }
        _ = begun.wait { $0 == 1 ? true : nil }
        let late = (0..<8).map { _ in
            RunningThread {
                try? syncs.sync("/a")
                done.withLock { $0 += 1 }
            }
        }
        gate.withLock { $0 = 1 }
        first.join()
        // The eight came when the first sync ran or later: its end promises them nothing.
        #expect(done.wait(seconds: 0.2) { $0 > 1 ? true : nil } == nil)
        gate.withLock { $0 = 100 }
        for thread in late { thread.join() }
        #expect(done.withLock { $0 } == 9)
        #expect(begun.withLock { $0 } <= 9)
    }

    @Test func aSyncThatFailsFailsForAllWhoSharedIt() {
        let entered = Monitor(0)
        let gate = Monitor(false)
        let syncs = FolderSyncs { path throws(HikaeError) in
            entered.withLock { $0 += 1 }
            _ = gate.wait { $0 ? true : nil }
            throw HikaeError(.inputOutput, "no \(path)")
        }
        let failures = Monitor(0)
        let threads = (0..<4).map { _ in
            RunningThread {
                do throws(HikaeError) { try syncs.sync("/a") } catch { failures.withLock { $0 += 1 } }
            }
        }
        _ = entered.wait { $0 > 0 ? true : nil }
        gate.withLock { $0 = true }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == 4)
    }
}

// Queues, threads and counters, with real threads and without sleeping.

import HikaeCore
import HikaeTesting
import Synchronization
import Testing

@Suite("A bounded queue")
struct BoundedQueueTests {
    @Test("hands everything over once, in order, and never holds more than its bound", arguments: [1, 2, 7, 200])
    func bounded(_ capacity: Int) {
        let queue = BoundedQueue<Int>(capacity: capacity)
        let pushed = Atomic<Int>(0)
        let popped = Atomic<Int>(0)
        let worst = Atomic<Int>(0)
        let received = Mutex<[Int]>([])
        let count = 5000
        runThreads(2) { thread in
            if thread == 0 {
                for number in 0..<count {
                    #expect(queue.push(number))
                    pushed.add(1, ordering: .sequentiallyConsistent)
                    // Of what was pushed one may have been taken without being counted yet.
                    let inside =
                        pushed.load(ordering: .sequentiallyConsistent) - popped.load(ordering: .sequentiallyConsistent)
                    worst.max(inside, ordering: .relaxed)
                }
                queue.close()
            } else {
                while let number = queue.pop() {
                    popped.add(1, ordering: .sequentiallyConsistent)
                    received.withLock { $0.append(number) }
                }
            }
        }
        #expect(received.withLock { $0 } == Array(0..<count))
        #expect(worst.load(ordering: .relaxed) <= capacity + 1)
    }

    @Test("serves many on both sides")
    func many() {
        let queue = BoundedQueue<Int>(capacity: 5)
        let producing = Atomic<Int>(4)
        let sum = Atomic<Int>(0)
        let taken = Atomic<Int>(0)
        runThreads(8) { thread in
            if thread < 4 {
                for number in 0..<2000 { queue.push(thread * 2000 + number) }
                if producing.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { queue.close() }
            } else {
                while let number = queue.pop() {
                    sum.add(number, ordering: .relaxed)
                    taken.add(1, ordering: .relaxed)
                }
            }
        }
        #expect(taken.load(ordering: .relaxed) == 8000)
        #expect(sum.load(ordering: .relaxed) == (0..<8000).reduce(0, +))
    }

    @Test("hands out what is inside when it is closed, takes nothing more, and lets nobody wait")
    func closing() {
        let queue = BoundedQueue<Int>(capacity: 2)
        #expect(queue.push(1))
        #expect(queue.push(2))
        // One thread waits for room that never comes, one for the end.
        let refused = Atomic<Int>(0)
        let waiting = Atomic<Bool>(false)
        let thread = RunningThread {
            waiting.store(true, ordering: .sequentiallyConsistent)
            if !queue.push(3) { refused.add(1, ordering: .sequentiallyConsistent) }
        }
        while !waiting.load(ordering: .sequentiallyConsistent) {}
        queue.close()
        thread.join()
        #expect(refused.load(ordering: .sequentiallyConsistent) == 1)
        #expect(queue.pop() == 1)
        #expect(queue.pop() == 2)
        #expect(queue.pop() == nil)
        #expect(queue.pop() == nil)
        #expect(!queue.push(4))
    }
}

@Suite("Threads")
struct ThreadTests {
    @Test("run once each, told their number, and are all over when the call returns")
    func numbers() {
        let seen = Mutex<[Int]>([])
        runThreads(20) { number in seen.withLock { $0.append(number) } }
        #expect(seen.withLock { $0.sorted() } == Array(0..<20))
    }

    @Test("have room for deep recursion")
    func stack() {
        let depth = Atomic<Int>(0)
        @Sendable func descend(_ left: Int) -> Int {
            depth.max(left, ordering: .relaxed)
            return left == 0 ? 0 : 1 + descend(left - 1)
        }
        runThreads(1) { _ in #expect(descend(20_000) == 20_000) }
        #expect(depth.load(ordering: .relaxed) == 20_000)
        #expect(processorCount() >= 1)
    }

    @Test("keep the first error of all")
    func firstError() {
        let error = FirstError()
        #expect(throws: Never.self) { try error.check() }
        runThreads(4) { number in error.set(HikaeError(.damaged, "\(number)")) }
        let first = error.value
        error.set(HikaeError(.noSpace, "later"))
        #expect(first?.code == .damaged)
        #expect(error.value == first)
        #expect(throws: HikaeError.self) { try error.check() }
    }

    @Test("stop when they are asked to")
    func cancellation() {
        let cancellation = Cancellation()
        #expect(throws: Never.self) { try cancellation.check() }
        let rounds = Atomic<Int>(0)
        let thread = RunningThread { while !cancellation.isCancelled { rounds.add(1, ordering: .relaxed) } }
        cancellation.cancel()
        thread.join()
        #expect(cancellation.isCancelled)
        do throws(HikaeError) {
            try cancellation.check()
            Issue.record("it went on")
        } catch { #expect(error.code == .cancelled) }
    }
}

@Suite("A monitor")
struct MonitorTests {
    @Test("wakes who waits for a state when it comes")
    func wakes() {
        let monitor = Monitor(0)
        let order = Mutex<[Int]>([])
        runThreads(5) { number in
            // Each waits for the one before it.
            _ = monitor.wait { state -> Bool? in
                guard state == number else { return nil }
                order.withLock { $0.append(number) }
                state += 1
                return true
            }
        }
        #expect(order.withLock { $0 } == [0, 1, 2, 3, 4])
    }

    @Test("gives up when the time has passed, and passes on what a timed wait has changed")
    func timed() {
        let monitor = Monitor(0)
        #expect(monitor.wait(seconds: 0.001) { _ in nil as Int? } == nil)
        #expect(monitor.wait(seconds: 0.001) { $0 as Int? } == 0)
        let first = RunningThread { _ = monitor.wait { $0 == 2 ? true : nil } }
        let second = RunningThread {
            _ = monitor.wait(seconds: 60) { state -> Bool? in
                guard state == 1 else { return nil }
                state = 2
                return true
            }
        }
        monitor.withLock { $0 = 1 }
        first.join()
        second.join()
        #expect(monitor.withLock { $0 } == 2)
    }
}

@Suite("Progress")
struct ProgressTests {
    @Test("adds up what all threads have done, and begins anew with each step")
    func counters() {
        let progress = Progress()
        progress.begin(phase: "reading", files: 80, bytes: 8000)
        runThreads(8) { _ in for _ in 0..<10 { progress.add(files: 1, bytes: 100) } }
        #expect(progress.filesDone.load(ordering: .relaxed) == 80)
        #expect(progress.bytesDone.load(ordering: .relaxed) == 8000)
        #expect(progress.phase == "reading")
        progress.begin(phase: "writing", files: 3)
        #expect(progress.filesDone.load(ordering: .relaxed) == 0)
        #expect(progress.filesTotal.load(ordering: .relaxed) == 3)
        #expect(progress.bytesTotal.load(ordering: .relaxed) == 0)
        progress.currentItem = "a"
        #expect(progress.currentItem == "a")
    }
}

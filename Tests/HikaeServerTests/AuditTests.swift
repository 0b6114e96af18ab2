// The audit log: whatever is changed in it afterwards is found, and the first such line is named.

import HikaeCore
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite struct AuditTests {
    /// A log of `count` lines in a folder.
    static func log(_ count: Int, fileBytes: Int = 1 << 20) throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        try add(count, folder, fileBytes: fileBytes)
        return folder
    }

    static func add(_ count: Int, _ folder: TemporaryDirectory, fileBytes: Int = 1 << 20) throws {
        let log = try AuditLog(vault: folder.path(""), fileBytes: fileBytes)
        for number in 0..<count {
            var event = AuditEvent("POST", "/sakura/main/data/\(number)")
            (event.user, event.status, event.bytes) = ("writer", 200, UInt64(number))
            try log.append(event, durable: number == count - 1)
        }
    }

    static func read(_ folder: TemporaryDirectory, _ file: Int = 1) throws -> [UInt8] {
        try SystemFile.load(AuditFiles(vault: folder.path("")).path(file), limit: 1 << 20)
    }

    static func write(_ bytes: [UInt8], _ folder: TemporaryDirectory, _ file: Int = 1) throws {
        try SystemFile.replace(AuditFiles(vault: folder.path("")).path(file), with: bytes)
    }

    static func verify(_ folder: TemporaryDirectory, _ expected: AuditHead? = nil) throws -> AuditVerification {
        try AuditVerification.run(vault: folder.path(""), expected: expected)
    }

    @Test func aLogThatWasOnlyAddedToIsWhole() throws {
        let folder = try Self.log(20)
        try Self.add(5, folder)
        let result = try Self.verify(folder)
        #expect(result.lines == 25)
        #expect(result.firstBreak == nil)
    }

    @Test func everyByteThatIsChangedIsFound() throws {
        let folder = try Self.log(6)
        let good = try Self.read(folder)
        let lines = good.split(separator: 0x0A)
        for position in stride(from: 0, to: good.count, by: 7) {
            var bad = good
            bad[position] ^= 1
            try Self.write(bad, folder)
            let broken = try #require(try Self.verify(folder).firstBreak, "byte \(position)")
            // The line itself, or the next whose hash no longer fits; the last is caught by the head.
            let line = lines.indices.first { lines[...$0].reduce(0) { $0 + $1.count + 1 } > position } ?? 0
            #expect((line + 1...line + 2).contains(broken.line) || broken.line == 0, "byte \(position): \(broken)")
        }
    }

    @Test func aLineLeftOutPutInOrExchangedIsNamed() throws {
        let folder = try Self.log(6)
        let lines = try Self.read(folder).split(separator: 0x0A).map { Array($0) + [0x0A] }
        let changes: [([[UInt8]], Int)] = [
            (Array(lines[..<2] + lines[3...]), 3), (lines[..<3] + [lines[2]] + lines[3...], 4),
            ([lines[1], lines[0]] + lines[2...], 1),
        ]
        for (changed, line) in changes {
            try Self.write(Array(changed.joined()), folder)
            #expect(try Self.verify(folder).firstBreak?.line == line)
        }
    }

    @Test func anEndCutOffIsNoticed() throws {
        let folder = try Self.log(6)
        let lines = try Self.read(folder).split(separator: 0x0A).map { Array($0) + [0x0A] }
        try Self.write(Array(lines[..<4].joined()), folder)
        #expect(try #require(try Self.verify(folder).firstBreak).reason.contains("cut off"))
        // A server that is started after that does not cover it up.
        try Self.add(3, folder)
        #expect(try #require(try Self.verify(folder).firstBreak).reason.contains("its head said 6"))
    }

    @Test func aLogWrittenAnewIsFoundByAHeadKeptElsewhere() throws {
        let folder = try Self.log(6)
        let kept = try Self.verify(folder).head
        let other = try Self.log(8)
        #expect(try Self.verify(other).firstBreak == nil)
        #expect(try Self.verify(other, kept).firstBreak?.line == 6)
        // As long as the true one: its own head is of the same line.
        #expect(try Self.verify(Self.log(6), kept).firstBreak?.line == 6)
        try Self.add(4, folder)
        #expect(try Self.verify(folder, kept).firstBreak == nil)
        #expect(try Self.verify(folder, AuditHead(number: 99, hash: kept.hash)).firstBreak != nil)
        #expect(AuditHead(kept.description) == kept)
    }

    @Test func filesAreBegunAnewAndNeverWrittenAgain() throws {
        let folder = try Self.log(40, fileBytes: 2000)
        let files = try AuditFiles(vault: folder.path("")).numbers()
        #expect(files.count > 3)
        let first = try Self.read(folder)
        try Self.add(40, folder, fileBytes: 2000)
        #expect(try Self.read(folder) == first)
        #expect(try Self.verify(folder).lines == 80)
        try SystemFile.replace(AuditFiles(vault: folder.path("")).path(2), with: [])
        #expect(try Self.verify(folder).firstBreak?.file.hasSuffix("000003.jsonl") == true)
    }

    @Test func aLineCutOffByACrashStaysAndIsAccountedFor() throws {
        let folder = try Self.log(6)
        let good = try Self.read(folder)
        try Self.write(good + Array("{\"n\":7,\"ti".utf8), folder)
        try Self.add(2, folder)
        let result = try Self.verify(folder)
        #expect(result.firstBreak == nil, "\(result)")
        #expect(result.lines == 8)
        #expect(try Self.read(folder).count == good.count + 10)
        // Somebody who adds to that file later is found out.
        try Self.write(good + Array("{\"n\":7,\"ti more".utf8), folder)
        #expect(try Self.verify(folder).firstBreak != nil)
    }

    @Test func aFloodOfRefusalsIsCountedInsteadOfWritten() throws {
        let folder = try TemporaryDirectory()
        let log = try AuditLog(vault: folder.path(""), fileBytes: 1 << 20)
        let began = MonotonicTime.seconds()
        for _ in 0..<5000 { log.appendRefusal(AuditEvent("GET", "/x")) }
        let lasted = MonotonicTime.seconds() - began
        try log.append(AuditEvent("POST", "/y"), durable: true)
        var lines: [AuditLine] = []
        _ = try AuditVerification.run(vault: folder.path("")) { lines.append($0) }
        // Three hundred at once, three a second, and the last one.
        #expect(Double(lines.count) <= 302 + 3 * lasted)
        #expect(lines.reduce(0) { $0 + 1 + $1.suppressed } == 5001)
    }

    @Test func whatCostsNothingIsWrittenSoOftenAndHidesNobodyElse() throws {
        let folder = try TemporaryDirectory()
        let log = try AuditLog(vault: folder.path(""), fileBytes: 1 << 20)
        var flood = AuditEvent("DELETE", "/t/r/locks/0")
        flood.user = "loud"
        let began = MonotonicTime.seconds()
        for _ in 0..<5000 { try log.appendTransient(flood) }
        for _ in 0..<5000 { log.appendRefusal(flood) }
        let lasted = MonotonicTime.seconds() - began
        var quiet = AuditEvent("DELETE", "/t/r/snapshots/0")
        quiet.user = "quiet"
        log.appendRefusal(quiet)
        try log.appendTransient(quiet)
        try log.append(AuditEvent("POST", "/y"), durable: true)
        var lines: [AuditLine] = []
        _ = try AuditVerification.run(vault: folder.path("")) { lines.append($0) }
        // A thousand and three hundred at once, ten and three a second, and the last three.
        #expect(Double(lines.count) <= 1305 + 13 * lasted)
        #expect(lines.filter { $0.event.user == "quiet" }.count == 2)
        #expect(lines.reduce(0) { $0 + 1 + $1.suppressed } == 10_003)
    }

    @Test func aLogThatGrowsIsNeverTakenForABrokenOne() throws {
        let folder = try TemporaryDirectory()
        // A new file every few lines.
        let log = try AuditLog(vault: folder.path(""), fileBytes: 1000)
        try log.append(AuditEvent("START", ""), durable: true)
        let (isOver, failed) = (Monitor(false), FirstError())
        let writer = RunningThread {
            do throws(HikaeError) {
                while !isOver.withLock({ $0 }) { try log.append(AuditEvent("POST", "/y"), durable: true) }
            } catch { failed.set(error) }
        }
        for _ in 0..<100 { #expect(try Self.verify(folder).firstBreak == nil) }
        isOver.withLock { $0 = true }
        writer.join()
        try failed.check()
    }

    @Test func manyWhoWaitShareOneSync() throws {
        let folder = try TemporaryDirectory()
        let log = try AuditLog(vault: folder.path(""), fileBytes: 1 << 20)
        let failed = FirstError()
        runThreads(16) { thread in
            do throws(HikaeError) {
                for number in 0..<20 { try log.append(AuditEvent("POST", "/\(thread)/\(number)"), durable: true) }
            } catch { failed.set(error) }
        }
        try failed.check()
        #expect(try Self.verify(folder).lines == 320)
    }
}

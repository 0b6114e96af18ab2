// One vault that somebody else locks, or whose lock is taken away, is left out and caught up; the others do not wait.

import HikaeCore
import HikaeFormat
import HikaeGuard
import HikaePlan
import HikaeStore
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeOperations
@testable import HikaeRepository

@Suite("A vault whose lock is lost") struct LostLockTests {
    /// The company's plan, its vaults, and locks whose second look takes long enough for a test to step in.
    private func round(
        _ company: Company, settle: Double = 0.01, event: @escaping @Sendable (CaptureEvent) -> Void = { _ in }
    ) throws -> CaptureRound {
        let plan = try Plan.load(company.folder.path("hikae.yaml"))
        var options = CaptureRound.Options(program: "test")
        options.vaults.lockTiming.settle = settle
        options.vaults.lockTiming.refresh = 0.05
        return CaptureRound(
            plan, sources: try plan.sources(matching: []), options: options, context: WorkContext(), event: event)
    }

    private func office(_ company: Company) throws -> Repository {
        let password = Array((Company.passwords["office"] ?? "").utf8)
        return try Repository.open(LocalStore(path: company.folder.path("office")), password: password)
    }

    private func locks(_ company: Company) -> [String] { Files.names(in: company.folder.path("office/locks")) }

    @Test("at the same moment as another's is left out alone: everything goes into the others, and it is told")
    func race() throws {
        let company = try Company()
        let office = try office(company)
        let placed = Mutex<FileID?>(nil)
        let enemy = RunningThread {
            while self.locks(company).isEmpty { sleepSeconds(0.01) }
            let now = SystemClock().now()
            let lock = LockFile(
                time: now, exclusive: true, hostname: "elsewhere", username: "x", pid: 1, uid: 0, gid: 0)
            let id = try? office.saveUnpacked(.lock, lock.encoded())
            placed.withLock { $0 = id }
        }
        let report = try round(company, settle: 20).run()
        enemy.join()
        #expect(report.unavailable.map(\.vault) == ["office"])
        #expect(report.unavailable.first?.error.code == .locked)
        #expect(report.results.map(\.word) == ["good", "good"])
        #expect(report.results.allSatisfy { $0.vaults == ["cloud"] })
        let foreign = try #require(placed.withLock { $0 })
        // What was begun there is given back.
        #expect(locks(company) == [foreign.hex])
        try office.store.remove(StoredFile(.lock, foreign))
        let again = try round(company).run()
        #expect(again.unavailable.isEmpty && again.vaults == ["office", "cloud"])
        #expect(try company.captures("office").count == 2)
    }

    @Test("in the middle of a capture costs that vault alone: the source is read into the next one")
    func takenAway() throws {
        let company = try Company()
        let folder = company.folder
        // The list is not written to the end before the test says so.
        try company.writePlan(report: "while [ ! -e \(folder.path("go")) ]; do sleep 0.05; done; seq 1 1000")
        let office = try office(company)
        let (isReading, isLost) = (Monitor(false), Monitor(false))
        let enemy = RunningThread {
            guard isReading.wait(seconds: 600, until: { $0 ? true : nil }) != nil else { return }
            var tries = 0
            while !isLost.withLock({ $0 }), tries < 30_000 {
                _ = try? LockSurvey(office).remove(all: true)
                sleepSeconds(0.01)
                tries += 1
            }
            _ = try? folder.write("go", "")
        }
        let report = try round(company) { event in
            switch event {
            case .started(let name, _) where name.source == "list": isReading.withLock { $0 = true }
            case .warning(let name, let error) where name.source == "list" && error.message.contains("office"):
                isLost.withLock { $0 = true }
            default: break
            }
        }.run()
        isLost.withLock { $0 = true }
        enemy.join()
        let list = report.results.first { $0.name.source == "list" }
        #expect(list?.word == "good", "\(String(describing: list?.failure))")
        #expect(list?.vaults == ["cloud"])
        #expect(report.unavailable.contains { $0.vault == "office" && $0.error.code == .locked })
        let copied = try company.program.hikae("copy").succeed()
        let there = try company.captures("office", "list")
        #expect(there.count == 1, "\(there) \(copied.text)\(copied.errorText)")
    }
}

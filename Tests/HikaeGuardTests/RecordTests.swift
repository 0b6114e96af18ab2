import HikaeCore
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeGuard

@Suite struct RecordTests {
    private static func record() -> CaptureRecord {
        var facts = CaptureFacts(
            unit: .messages, items: 3, bytes: 4096,
            groups: [
                .init(name: "INBOX/注文", items: 2, bytes: 4000, identity: "1340000000"),
                .init(name: "Sent \"x\"\n", items: 1, bytes: 96),
            ], tools: [.init(name: "server", version: "Dovecot 2.3.19")], notes: ["no CONDSTORE"])
        facts.items = .max
        var record = CaptureRecord(
            capture: "00ff00ff00ff00ff", name: Histories.mail, run: 12, address: "imaps://info@mail.example.jp",
            started: Timestamp(seconds: 1_340_173_800, nanoseconds: 5, offset: 32400),
            finished: Timestamp(seconds: 1_340_173_900, offset: 32400), program: "hikae 0.2", facts: facts,
            changes: CaptureRecord.Changes(new: 1, changed: 2, unchanged: 3, unreadable: 4))
        record.verdict = .suspect
        record.reasons = [VerdictReason(.groupReborn, "作り直されています"), VerdictReason(.empty, "nothing")]
        record.comparedWith = "1111111111111111"
        record.peak = CapturePeak(items: 5, time: Timestamp(seconds: 1_340_000_000, offset: 32400))
        record.thresholds = GuardThresholds(
            shrinkPercent: 12.5, changePercent: 70, minimumItems: 3, contentPercent: 1, unreadablePercent: 2.25)
        return record
    }

    @Test func aCaptureIsReadAsItWasWritten() throws {
        let record = Self.record()
        #expect(try CaptureRecord(decoding: record.encoded()) == record)
    }

    @Test func membersAndRulesOfNewerVersionsArePassedOver() throws {
        let text = String(decoding: Self.record().encoded(), as: UTF8.self)
            .replacing("{\"version\":1", with: "{\"future\":{\"a\":[1,2]},\"version\":9")
            .replacing("\"rule\":\"empty\"", with: "\"rule\":\"telepathy\"")
        let read = try CaptureRecord(decoding: Array(text.utf8))
        #expect(read.reasons.map(\.rule) == [.groupReborn])
        #expect(read.facts == Self.record().facts)
    }

    @Test func aDecisionIsReadAsItWasWritten() throws {
        let decision = Decision(
            .rejected, capture: "00ff00ff00ff00ff", name: Histories.shop, who: "佐藤", why: "業者が\"初期化\"した",
            when: Timestamp(seconds: 1_340_173_800, offset: 32400))
        #expect(try Decision(decoding: decision.encoded()) == decision)
    }

    @Test func whatIsCutOrChangedIsRefusedAndNeverCrashes() {
        var random = SeededGenerator()
        let whole = Self.record().encoded()
        for length in 0..<whole.count {
            let error = #expect(throws: HikaeError.self) { try CaptureRecord(decoding: Array(whole.prefix(length))) }
            #expect(error?.code == .damaged)
        }
        for _ in 0..<2000 {
            var bytes = whole
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = try? CaptureRecord(decoding: bytes)
        }
    }

    @Test func captureNamesDiffer() {
        let names = Set((0..<1000).map { _ in CaptureRecord.newCapture() })
        #expect(names.count == 1000)
        #expect(names.allSatisfy { $0.count == 16 })
    }
}

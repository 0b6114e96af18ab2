import HikaeCore
import HikaeSource
import Testing

@testable import HikaeGuard

@Suite struct VerdictRuleTests {
    private typealias Group = CaptureFacts.Group

    private static func facts(
        _ unit: CaptureUnit = .files, items: UInt64, bytes: UInt64? = nil, groups: [CaptureFacts.Group] = []
    ) -> CaptureFacts {
        CaptureFacts(unit: unit, items: items, bytes: bytes ?? items * 1000, groups: groups)
    }

    private static func record(
        _ facts: CaptureFacts, changes: CaptureRecord.Changes = CaptureRecord.Changes()
    ) -> CaptureRecord {
        CaptureRecord(
            capture: "0123456789abcdef", name: Histories.shop, run: 1, address: "", started: .zero, finished: .zero,
            program: "", facts: facts, changes: changes)
    }

    private static func reasons(
        _ now: CaptureFacts, after before: CaptureFacts?, changes: CaptureRecord.Changes = CaptureRecord.Changes(),
        filesBefore: Int = 0, content: ContentFindings = ContentFindings(), language: ReasonLanguage = .english
    ) -> [VerdictReason] {
        let lastGood = before.map { record($0, changes: CaptureRecord.Changes(unchanged: filesBefore)) }
        return VerdictRules(language: language).reasons(
            VerdictRules.Reading(facts: now, changes: changes, content: content), lastGood: lastGood)
    }

    private static func rules(_ reasons: [VerdictReason]) -> [VerdictReason.Rule] { reasons.map(\.rule) }

    @Test func theSameAgainAndALittleMoreOrLessIsGood() {
        for now: UInt64 in [80, 81, 99, 100, 101, 5000] {
            #expect(Self.reasons(Self.facts(items: now), after: Self.facts(items: 100)).isEmpty, "\(now)")
        }
    }

    @Test func nothingIsNeverTheNewTruth() {
        #expect(Self.rules(Self.reasons(Self.facts(items: 0), after: Self.facts(items: 3))) == [.empty])
        #expect(Self.rules(Self.reasons(Self.facts(.messages, items: 0), after: nil)) == [.empty])
    }

    @Test func nothingIsGoodOnceAPersonAcceptedIt() {
        #expect(Self.reasons(Self.facts(items: 0), after: Self.facts(items: 0)).isEmpty)
    }

    @Test func aDatabaseWithoutRowsButWithTablesIsNoEmptyAnswerAtFirst() {
        let tables = Self.facts(.rows, items: 0, bytes: 900, groups: [Group(name: "orders", items: 0, bytes: 0)])
        #expect(Self.reasons(tables, after: nil).isEmpty)
        #expect(Self.rules(Self.reasons(Self.facts(.rows, items: 0), after: nil)) == [.empty])
    }

    @Test func farLessIsSuspectWithFigureAndThreshold() throws {
        let reasons = Self.reasons(Self.facts(items: 79), after: Self.facts(items: 100))
        #expect(Self.rules(reasons) == [.fewerItems, .fewerBytes])
        let sentence = try #require(reasons.first).sentence
        for part in ["79 files", "100 files", "21%", "20%"] { #expect(sentence.contains(part), "\(sentence)") }
    }

    @Test func aDumpThatLiesIsCaughtByItsBytes() {
        let before = Self.facts(items: 1, bytes: 50_000)
        #expect(Self.rules(Self.reasons(Self.facts(items: 1, bytes: 20), after: before)) == [.fewerBytes])
        #expect(Self.reasons(Self.facts(items: 1, bytes: 30_000), after: before).isEmpty)
    }

    @Test func smallThingsMayLoseHalf() {
        #expect(Self.reasons(Self.facts(items: 2), after: Self.facts(items: 4)).isEmpty)
        #expect(Self.rules(Self.reasons(Self.facts(items: 1), after: Self.facts(items: 4))).contains(.fewerItems))
    }

    @Test func aTableThatIsGoneIsMissedWhateverWasInIt() {
        let before = Self.facts(
            .rows, items: 100,
            groups: [Group(name: "orders", items: 100, bytes: 0), Group(name: "stock", items: 0, bytes: 0)])
        let now = Self.facts(.rows, items: 100, groups: [Group(name: "orders", items: 100, bytes: 0)])
        let reasons = Self.reasons(now, after: before)
        #expect(Self.rules(reasons) == [.groupGone])
        #expect(reasons.first?.sentence.contains("stock") == true)
    }

    @Test func aMailboxReborn() {
        let before = Self.facts(
            .messages, items: 1000,
            groups: [
                Group(name: "INBOX", items: 40, bytes: 1, identity: "111"),
                Group(name: "Archive", items: 960, bytes: 1, identity: "7"),
            ])
        let now = Self.facts(
            .messages, items: 965,
            groups: [
                Group(name: "INBOX", items: 5, bytes: 1, identity: "222"),
                Group(name: "Archive", items: 960, bytes: 1, identity: "7"),
            ])
        let reasons = Self.reasons(now, after: before)
        #expect(Self.rules(reasons) == [.groupShrunk, .groupReborn])
        let sentence = reasons.last?.sentence ?? ""
        for part in ["INBOX", "111", "222", "40", "5"] { #expect(sentence.contains(part)) }
    }

    @Test func everythingChangedAtOnce() {
        let before = Self.facts(items: 100)
        func changed(_ changes: CaptureRecord.Changes) -> [VerdictReason.Rule] {
            Self.rules(Self.reasons(Self.facts(items: 100), after: before, changes: changes, filesBefore: 100))
        }
        #expect(changed(CaptureRecord.Changes(changed: 100)) == [.massChange])
        // Renamed: all of the old are gone, as many are new.
        #expect(changed(CaptureRecord.Changes(new: 100)) == [.massChange])
        #expect(changed(CaptureRecord.Changes(new: 30, changed: 30, unchanged: 40)).isEmpty)
        // Growth is no change of what was there.
        #expect(changed(CaptureRecord.Changes(new: 10_000, unchanged: 100)).isEmpty)
    }

    @Test func aMailboxIsToldOfInMessages() {
        // Of the 320 files 8 are the Maildir's own.
        func sentence(_ language: ReasonLanguage) -> String {
            Self.reasons(
                Self.facts(.messages, items: 312), after: Self.facts(.messages, items: 312),
                changes: CaptureRecord.Changes(new: 320), filesBefore: 320, language: language
            ).first { $0.rule == .massChange }?.sentence ?? ""
        }
        let english = sentence(.english)
        for part in ["312 messages", "0 are different", "312 are gone", "(100%"] {
            #expect(english.contains(part), "\(english)")
        }
        #expect(!english.contains("320") && !english.contains("file"), "\(english)")
        let japanese = sentence(.japanese)
        #expect(japanese.contains("メール 312 通のうち、0 通が変わり、312 通がなくなりました"), "\(japanese)")
    }

    @Test func aDumpChangesEveryDay() {
        let facts = Self.facts(.rows, items: 5000)
        #expect(
            Self.reasons(facts, after: facts, changes: CaptureRecord.Changes(changed: 30), filesBefore: 30).isEmpty)
    }

    @Test func errorPagesAndNoiseInPlaceOfFiles() {
        var content = ContentFindings()
        content.looked = 40
        content.errorPages.count = 30
        content.errorPages.examples = ["/img/a.jpg"]
        content.noise.count = 2
        let facts = Self.facts(items: 40)
        let reasons = Self.reasons(facts, after: facts, content: content)
        #expect(Self.rules(reasons) == [.errorPages])
        #expect(reasons.first?.sentence.contains("/img/a.jpg") == true)
        content.noise.count = 20
        #expect(Self.rules(Self.reasons(facts, after: nil, content: content)) == [.errorPages, .noise])
    }

    @Test func tooMuchThatCannotBeRead() {
        let facts = Self.facts(items: 90)
        let few = CaptureRecord.Changes(unchanged: 90, unreadable: 1)
        #expect(Self.reasons(facts, after: facts, changes: few).isEmpty)
        let many = CaptureRecord.Changes(unchanged: 90, unreadable: 10)
        #expect(Self.rules(Self.reasons(facts, after: facts, changes: many)) == [.unreadable])
    }

    @Test func manyTablesGoneAreNamedInPartAndCounted() {
        let groups = (1...12).map { Group(name: "t\($0)", items: 0, bytes: 0) }
        let before = Self.facts(.rows, items: 10, groups: groups + [Group(name: "kept", items: 10, bytes: 0)])
        let now = Self.facts(.rows, items: 10, groups: [Group(name: "kept", items: 10, bytes: 0)])
        let reasons = Self.reasons(now, after: before)
        #expect(reasons.count == 6)
        #expect(reasons.last?.sentence.contains("7 more") == true)
    }

    @Test func reasonsComeInJapaneseToo() {
        let reasons = Self.reasons(
            Self.facts(.messages, items: 10), after: Self.facts(.messages, items: 1234), language: .japanese)
        #expect(reasons.first?.sentence.contains("1,234 通") == true)
    }
}

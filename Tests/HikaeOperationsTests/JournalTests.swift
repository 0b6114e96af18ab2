import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeOperations

@Suite("The journal of what made no snapshot") struct JournalTests {
    private static func entry(_ number: Int64, _ message: String, of organisation: String = "さくら商店") -> JournalEntry {
        JournalEntry(
            time: Timestamp(seconds: number), kind: .failed, organisation: organisation, subject: "shop/site",
            code: "unreachable", message: message)
    }

    @Test("is read as it was written, in folders that it makes itself, each organisation for itself")
    func roundTrip() throws {
        let folder = try TemporaryDirectory()
        let journal = Journal(folder: folder.path("deep/er"))
        #expect(journal.entries(of: "さくら商店").isEmpty)
        try journal.append([Self.entry(1, "line one\nline \"two\""), Self.entry(2, "", of: "Other")])
        try journal.append([Self.entry(3, "三")])
        #expect(journal.entries(of: "さくら商店").map(\.message) == ["line one\nline \"two\"", "三"])
        #expect(Files.mode(folder.path("deep/er/journal.jsonl")).map { $0 & 0o777 } == 0o600)
    }

    @Test("passes over lines that were torn")
    func torn() throws {
        let folder = try TemporaryDirectory()
        let journal = Journal(folder: folder.path)
        try journal.append([Self.entry(1, "first")])
        let whole = try Files.read(folder.path("journal.jsonl"))
        try Files.write(folder.path("journal.jsonl"), whole + whole.prefix(20) + Array("\n".utf8) + whole)
        #expect(journal.entries(of: "さくら商店").count == 2)
    }

    @Test("is put aside when it is long, and the one before is still read")
    func rotation() throws {
        let folder = try TemporaryDirectory()
        let journal = Journal(folder: folder.path)
        let text = String(repeating: "x", count: 900_000)
        for number in 0..<7 { try journal.append([Self.entry(Int64(number), text)]) }
        #expect(Files.exists(folder.path("journal.jsonl.1")))
        #expect(journal.entries(of: "さくら商店").map(\.time.seconds) == [0, 1, 2, 3, 4, 5, 6])
    }
}

@Suite("An alarm") struct AlarmTests {
    @Test("reaches every channel that takes it, whatever became of the others")
    func channels() throws {
        let folder = try TemporaryDirectory()
        let alarm = Alarm(subject: "件名", text: "line\nline two")
        let deliveries = alarm.send(to: [
            "echo '550 no' >&2; exit 7", "no-such-program-here", "cat > \(folder.path("first"))",
            "cat > \(folder.path("second")); echo said much",
        ])
        #expect(deliveries.count == 4)
        #expect(deliveries[0].error?.hint?.contains("550 no") == true)
        #expect(deliveries[1].error != nil)
        for name in ["first", "second"] {
            #expect(try Files.read(folder.path(name)) == Array("件名\n\nline\nline two\n".utf8))
        }
        #expect(deliveries[2].error == nil && deliveries[3].error == nil)
    }

    @Test("names a channel by its program alone, so that no address or token is shown")
    func names() {
        let deliveries = Alarm(subject: "x", text: "").send(to: ["false --token abc"])
        #expect(deliveries.first?.channel == "false")
        #expect(deliveries.first?.error?.message.contains("abc") == false)
    }
}

// The forms of listings, read without a server.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFTP

/// 2026-11-28 12:00.
private let now = Timestamp(seconds: CivilDate(year: 2026, month: 11, day: 28, hour: 12).secondsSince1970)

private func entry(_ line: ListedLine) -> ListedEntry? {
    if case .entry(let entry) = line { entry } else { nil }
}

private func unix(_ line: String) -> ListedEntry? { entry(UnixListing(now: now).read(Array(line.utf8)[...])) }

private func seconds(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
    CivilDate(year: year, month: month, day: day, hour: hour, minute: minute).secondsSince1970
}

@Suite("Listings")
struct ListingTests {
    @Test(
        "A date without a year lies in the past year, one with a year is a day",
        arguments: [
            ("Nov 28 04:05", seconds(2026, 11, 28, 4, 5), ListedEntry.Precision.minute),
            ("Dec 31 23:59", seconds(2025, 12, 31, 23, 59), .minute),
            ("Feb 29 10:00", seconds(2024, 2, 29, 10), .minute),
            ("Nov 29 11:00", seconds(2026, 11, 29, 11), .minute), ("Jun 20  2012", seconds(2012, 6, 20), .day),
            ("20 Jun 2012", seconds(2012, 6, 20), .day), ("2012-06-20 17:00", seconds(2012, 6, 20, 17), .minute),
        ])
    func years(_ date: String, _ expected: Int64, _ precision: ListedEntry.Precision) {
        let found = unix("-rw-r--r--   1 web  users      120 \(date) a file")
        #expect(found?.time?.instant.seconds == expected)
        #expect(found?.time?.precision == precision && found?.name == Array("a file".utf8) && found?.size == 120)
    }

    @Test("Names keep their spaces and arrows, links their targets, sizes all their bits")
    func names() {
        #expect(unix("-rw-r--r-- 1 0 0 5368709120000 Nov 28 04:05   two spaces")?.name == Array("  two spaces".utf8))
        #expect(unix("-rw-r--r-- 1 0 0 5368709120000 Nov 28 04:05 x")?.size == 5_368_709_120_000)
        #expect(unix("-rw-r--r-- 1 0 0 1 Nov 28 04:05 a -> b")?.name == Array("a -> b".utf8))
        let link = unix("lrwxrwxrwx 1 0 0 7 Nov 28 04:05 now -> then -> there")
        #expect(link?.kind == .link && link?.name == Array("now".utf8) && link?.target == Array("then -> there".utf8))
        #expect(unix("-rwsr-x--T 1 web 99 1 Nov 28 04:05 x")?.permissions == 0o5750)
        #expect(unix("-rw-r--r-- 1 0 0 99999999999999999999 Nov 28 04:05 x") == nil)
        #expect(UnixListing(now: now).read(Array("total 24".utf8)[...]) == .nothing)
        #expect(UnixListing(now: now).read(Array("<html>".utf8)[...]) == .unreadable)
    }

    @Test("Microsoft's form is read with both kinds of years and clocks")
    func windows() {
        func read(_ line: String) -> ListedEntry? { entry(WindowsListing.read(Array(line.utf8)[...])) }
        let file = read("06-20-12  05:00PM             12345678901 order form.csv")
        #expect(file?.size == 12_345_678_901 && file?.name == Array("order form.csv".utf8))
        #expect(file?.time?.instant.seconds == seconds(2012, 6, 20, 17))
        let folder = read("06-20-2012  12:30AM       <DIR>          images")
        #expect(folder?.kind == .folder && folder?.name == Array("images".utf8))
        #expect(folder?.time?.instant.seconds == seconds(2012, 6, 20, 0, 30))
        #expect(read("13-45-12  05:00PM  1 x") == nil)
    }

    @Test("MLSD's facts are read in any order and case, and what cannot be is not guessed")
    func machine() {
        func read(_ line: String) -> ListedLine { MachineListing.read(Array(line.utf8)[...]) }
        let file = entry(read("Size=5368709120000;Type=file;Modify=20120620170000.5;UNIX.mode=0o644; a = b;c"))
        #expect(file?.name == Array("a = b;c".utf8) && file?.size == 5_368_709_120_000 && file?.permissions == 0o644)
        #expect(file?.time?.instant == Timestamp(seconds: seconds(2012, 6, 20, 17), nanoseconds: 500_000_000))
        #expect(read("type=cdir; .") == .nothing && read("type=dir; ..") == .nothing)
        #expect(read("type=file;size=99999999999999999999; x") == .unreadable)
        #expect(read("type=file;size=-1; x") == .unreadable && read("nothing") == .unreadable)
        #expect(entry(read("type=OS.unix=slink:/there; here"))?.target == Array("/there".utf8))
    }

    @Test("A listing means the same in whatever pieces it comes, and noise never breaks it", arguments: 0..<40)
    func pieces(_ seed: UInt64) throws {
        var dice = SeededGenerator(seed: seed)
        var text: [UInt8] = []
        for number in 0..<Int.random(in: 0...60, using: &dice) {
            let noise = dice.bytes(Int.random(in: 0...30, using: &dice)).filter { $0 != 10 && $0 != 13 }
            text += Array("-rw-r--r-- 1 0 0 \(number) Nov 28 04:05 n\(number)".utf8) + noise + [13, 10]
            if Bool.random(using: &dice) { text += noise + [10] }
        }
        var whole = Listing(.list, now: now)
        try text.withUnsafeBytes { try whole.take($0) }
        try whole.finish()
        var parts = Listing(.list, now: now)
        var rest = text[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 1...40, using: &dice)))
            rest = rest.dropFirst(piece.count)
            try piece.withUnsafeBytes { try parts.take($0) }
        }
        try parts.finish()
        #expect(parts.entries == whole.entries && parts.unreadableCount == whole.unreadableCount)
    }

    @Test("Names in Shift_JIS and EUC-JP are told apart and come back as they were")
    func encodings() {
        let names = ["商品一覧.csv", "表示ソ能.png", "お知らせ", "カタカナ", "①号～"]
        for encoding in [NameEncoding.shiftJIS, .eucJP] {
            let wire = names.compactMap { encoding.encode(Array($0.utf8)) }
            #expect(wire.count == names.count)
            #expect(NameDetection.encoding(of: wire) == encoding)
            #expect(wire.map { encoding.decode($0) } == names.map { Array($0.utf8) })
        }
        #expect(NameDetection.encoding(of: names.map { Array($0.utf8) }) == .utf8)
        #expect(NameEncoding.shiftJIS.encode(Array("🌸".utf8)) == nil)
    }

    @Test(
        "No name leads out of its folder or into another command",
        arguments: ["", ".", "..", "a/b", "a\r\nDELE b", "\0"])
    func allowed(_ name: String) { #expect(!ListedEntry.isAllowed(Array(name.utf8))) }
}

// Sizes as people write and read them.

import HikaeCore
import Testing

@Suite("A byte count")
struct ByteCountTests {
    @Test(
        "is read in any of the ways people write it",
        arguments: [
            ("0", 0), ("123", 123), ("64k", 65536), ("64K", 65536), ("10M", 10 << 20), ("1.5G", 3 << 29),
            ("2T", 2 << 40),
            ("1P", 1 << 50), ("5b", 5), ("5 B", nil), ("3KiB", 3072), ("3 KiB", nil), ("3kb", 3072), (" 7m ", 7 << 20),
            ("16777215P", nil), ("16383P", 16383 << 50),
        ] as [(String, UInt64?)])
    func reads(_ text: String, _ bytes: UInt64?) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(
        "is read from nothing else", arguments: ["", " ", "k", "-1", "-1k", "1x", "x1", "1kk", "nan", "inf", "1e400"])
    func refuses(_ text: String) { #expect(ByteCount(text) == nil, "\(text)") }

    @Test(
        "is shown as restic shows it",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.000 KiB"), (1536, "1.500 KiB"), (1 << 20, "1.000 MiB"),
            (2_517_919_171, "2.345 GiB"), (3 << 40, "3.000 TiB"), (5000 << 40, "5000.000 TiB"),
        ] as [(UInt64, String)])
    func shows(_ bytes: UInt64, _ text: String) { #expect(ByteCount(bytes).display == text) }

    @Test("is ordered by size")
    func order() { #expect(ByteCount(1) < ByteCount(2) && !(ByteCount(2) < ByteCount(2))) }
}

@Suite("An error")
struct HikaeErrorTests {
    @Test("has the exit status that restic's users know, and one more for what a person must look at")
    func exitCodes() {
        let expected: [HikaeError.Code: Int32] = [
            .incomplete: 3, .noRepository: 10, .locked: 11, .wrongPassword: 12, .suspect: 20,
        ]
        for code in HikaeError.Code.allCases { #expect(HikaeError(code, "x").exitCode == expected[code] ?? 1) }
    }

    @Test("of the system names the thing, the reason and what to do")
    func system() {
        let error = HikaeError.system("write", "/x/y", errno: 28)
        #expect(error.code == .noSpace)
        #expect(error.message == "cannot write /x/y: No space left on device")
        #expect(error.hint != nil)
        #expect(error.description.contains("\n"))
        #expect(!error.isRetryable)
        #expect(HikaeError.system("open", "/x", errno: 2).code == .notFound)
        #expect(HikaeError.system("open", "/x", errno: 13).code == .permission)
        #expect(HikaeError.system("open", "/x", errno: 30).code == .permission)
        #expect(HikaeError.system("open", "/x", errno: 5).isRetryable)
    }
}

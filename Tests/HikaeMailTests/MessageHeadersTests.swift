// Headers as people in Japan and elsewhere really write them.

import HikaeTesting
import Testing

@testable import HikaeMail

@Suite("A message's headers")
struct MessageHeadersTests {
    private func headers(_ text: String) -> MessageHeaders { MessageHeaders(Array(text.utf8)) }

    @Test("are read folded, in any case, and only up to the empty line")
    func plain() {
        let read = headers(
            "FROM: Hanako <h@example.jp>\r\nSubject: one\r\n two\r\nDate: Wed, 20 Jun 2012\r\n\r\nfrom: x\r\n")
        #expect(read.from == "Hanako <h@example.jp>")
        #expect(read.subject == "one two")
        #expect(read.date == "Wed, 20 Jun 2012")
        #expect(headers("\r\nSubject: in the body").subject.isEmpty)
    }

    @Test(
        "are decoded",
        arguments: [
            ("=?UTF-8?B?5rOo5paH?=", "注文"), ("=?utf-8?q?caf=C3=A9_au_lait?=", "café au lait"),
            ("=?ISO-2022-JP?B?GyRCQ21KOBsoQg==?=", "注文"), ("=?Shift_JIS?B?ko2Vtg==?=", "注文"),
            ("=?euc-jp?Q?=C3=ED=CA=B8?= 12", "注文 12"), ("=?UTF-8?B?5rOo?= =?UTF-8?B?5paH?=", "注文"),
            ("a =?UTF-8?Q?b?= c", "a b c"), ("=?no-such-charset?Q?b?=", "=?no-such-charset?Q?b?="),
            ("=?UTF-8?B?*?=", "=?UTF-8?B?*?="), ("= =? =?x", "= =? =?x"), ("=?UTF-8*ja?Q?x?=", "x"),
        ])
    func encoded(raw: String, text: String) { #expect(headers("Subject: \(raw)\n").subject == text) }

    @Test("that are raw bytes of no named charset are still readable")
    func raw() {
        #expect(MessageHeaders(Array("Subject: 注文\n".utf8)).subject == "注文")
        let jis = Array("Subject: ".utf8) + [0x1B, 0x24, 0x42, 0x43, 0x6D, 0x4A, 0x38, 0x1B, 0x28, 0x42, 0x0A]
        #expect(MessageHeaders(jis).subject == "注文")
        #expect(MessageHeaders(Array("Subject: caf".utf8) + [0xE9, 0x0A]).subject == "café")
    }

    @Test("never break a terminal or a program, whatever they hold")
    func hostile() {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let length = Int.random(in: 0...120, using: &random)
            let value = random.bytes(length).map { byte in byte == 0x0A ? 0x20 : byte }
            let read = MessageHeaders(Array("Subject: =?".utf8) + value + Array("?=\nFrom: a\n".utf8))
            #expect(!read.subject.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
            #expect(read.from == "a")
        }
    }
}

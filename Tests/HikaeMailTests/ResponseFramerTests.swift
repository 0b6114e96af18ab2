// Responses are put together from pieces of any size, and a server cannot make them grow without bound.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeMail

struct ResponseFramerTests {
    /// Feeds bytes cut at the given places; the responses in order.
    static func frame(_ bytes: [UInt8], cutAt cuts: [Int] = [], limits: ResponseFramer.Limits = .init()) throws
        -> [FramedResponse]
    {
        var framer = ResponseFramer(limits: limits)
        var found: [FramedResponse] = []
        var start = 0
        for cut in cuts + [bytes.count] {
            try Array(bytes[start..<cut]).withBytes { piece throws(HikaeError) in
                var position = 0
                while position < piece.count {
                    if let response = try framer.take(piece, from: &position) { found.append(response) }
                }
            }
            start = cut
        }
        return found
    }

    static let session = Array(
        ("* OK [CAPABILITY IMAP4rev1] hello {5}\r\n* 1 FETCH (UID 7 BODY[] {12}\r\nab\r\ncd\r\n(){}x FLAGS (\\Seen))\r\n"
            + "* LIST () \"/\" {3+}\r\na\"b\r\n* 2 FETCH (UID 8 BODY[] {0}\r\n RFC822.SIZE 0)\r\n+ go {3}\r\nh1 NO no {9}\r\n"
            + "* 3 FETCH (BINARY[1] ~{2}\r\n\0\n UID 9)\r\n").utf8)

    @Test func everyPlaceToCutGivesTheSameResponses() throws {
        let whole = try Self.frame(Self.session)
        #expect(whole.count == 7)
        #expect(whole[1].literals.first?.bytes == Array("ab\r\ncd\r\n(){}".utf8))
        #expect(whole[1].text == Array("* 1 FETCH (UID 7 BODY[] {12}x FLAGS (\\Seen))".utf8))
        for cut in 0...Self.session.count {
            #expect(try Self.frame(Self.session, cutAt: [cut]) == whole)
        }
        #expect(try Self.frame(Self.session, cutAt: Array(1..<Self.session.count)) == whole)
    }

    @Test func bracesInWordsForPeopleAreNoLiterals() throws {
        let responses = try Self.frame(Self.session)
        #expect(responses[0].literals.isEmpty && responses[4].literals.isEmpty && responses[5].literals.isEmpty)
    }

    @Test func whatIsTooLargeIsRefusedBeforeItIsTaken() throws {
        var limits = ResponseFramer.Limits()
        (limits.text, limits.literal, limits.literals) = (100, 1000, 2)
        let endless = [UInt8](repeating: 0x78, count: 101)
        #expect(throws: HikaeError.self) { try Self.frame(endless, limits: limits) }
        for size in ["1001", "99999999999999999999999999", "18446744073709551615"] {
            let announced = Array("* 1 FETCH (BODY[] {\(size)}\r\n".utf8)
            let error = failure { _ = try Self.frame(announced, limits: limits) }
            #expect(error?.code == .protocolViolation)
        }
        let many = Array("* X {0}\r\n{0}\r\n{0}\r\n".utf8)
        #expect(throws: HikaeError.self) { try Self.frame(many, limits: limits) }
        #expect(try Self.frame(Array("* X {0}\r\n{0}\r\n\r\n".utf8), limits: limits).count == 1)
    }

    /// Whatever literals hold, they come out as they went in.
    @Test func literalsOfAnyBytesComeThrough() throws {
        var random = SeededGenerator()
        for _ in 0..<200 {
            var bytes: [UInt8] = []
            var sent: [[UInt8]] = []
            for uid in 1...Int.random(in: 1...5, using: &random) {
                let body = random.bytes(Int.random(in: 0...300, using: &random))
                sent.append(body)
                bytes +=
                    Array("* \(uid) FETCH (UID \(uid) BODY[] {\(body.count)}\r\n".utf8) + body + Array(")\r\n".utf8)
            }
            let cuts = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            let replies = try Self.frame(bytes, cutAt: cuts).map { try ServerReply($0) }
            let bodies = replies.compactMap { reply -> [UInt8]? in
                guard case .fetch(let message) = reply else { return nil }
                return message.body?.bytes
            }
            #expect(bodies == sent)
        }
    }

    /// No bytes whatever trap, hang, or end in an error that is none of ours.
    @Test func noiseIsRefusedOrPassedOver() throws {
        var random = SeededGenerator()
        let words = [
            "* ", "FETCH (", "BODY[", "] ", "{3}\r\n", "\r\n", "\"", "\\", "(", ")", "NIL", "1", "UID ", "LIST ", "~",
        ]
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                bytes +=
                    Bool.random(using: &random) ? Array(words.randomElement(using: &random)!.utf8) : random.bytes(2)
            }
            for response in try Self.frame(bytes + Array("\r\n\r\n".utf8)) {
                if let error = failure({ _ = try ServerReply(response) }) {
                    #expect(error.code == .protocolViolation)
                }
            }
        }
    }
}

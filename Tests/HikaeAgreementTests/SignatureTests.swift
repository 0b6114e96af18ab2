// A word counts only for what was signed: that vault, that proposal, that word, that person.

import HikaeCore
import HikaeFormat
import Testing

@testable import HikaeAgreement

@Suite struct SignatureTests {
    private func refusal(_ company: Company, _ word: SignedWord) -> HikaeError? {
        if case .failure(let error) = company.state.judge(word, at: company.now) { return error }
        return nil
    }

    @Test(arguments: [
        "", "a\nb", "a\u{1B}[2Jb", "a\u{202E}b", "a\u{200B}", "a\u{85}b", String(repeating: "a", count: 201),
    ])
    func namesThatDeceiveAreNone(_ name: String) {
        #expect(throws: HikaeError.self) { try PersonName(name) }
    }

    @Test("an approval does nothing for another proposal, repository, book or word, nor under another name")
    func replay() throws {
        var company = try Company()
        let (first, second) = (company.proposal(nonce: 1), company.proposal(nonce: 2))
        for proposal in [first, second] { try company.apply(.proposed(proposal.id, by: "admin")) }
        let good = try company.word(.approve, of: "Sato", on: first)
        #expect(refusal(company, good) == nil)

        var forged = good
        forged.proposal = second.id
        #expect(refusal(company, forged)?.message.contains("signature") == true)
        forged = good
        forged.person = try PersonName("Anna")
        #expect(refusal(company, forged)?.message.contains("signature") == true)
        forged = good
        forged.expiry -= 1
        #expect(refusal(company, forged)?.message.contains("signature") == true)
        forged = try company.word(.veto, of: "Sato", on: first)
        forged.word = .approve
        #expect(refusal(company, forged)?.message.contains("signature") == true)
        forged = good
        forged.vault = VaultIdentity(book: BookID(words: 0, 0, 0, 1), repository: company.vault.repository)
        #expect(refusal(company, forged)?.message.contains("another vault") == true)
        forged.vault = VaultIdentity(book: company.vault.book, repository: FileID(words: 0, 0, 0, 1))
        #expect(refusal(company, forged)?.message.contains("another vault") == true)
    }

    @Test("each flipped bit of a signed word makes it count for nothing")
    func flippedBits() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        let bytes = try company.word(.approve, of: "Sato", on: proposal, expiry: company.now + 5000).encoded()
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let word = try? SignedWord(decoding: flipped) else { continue }
            #expect(refusal(company, word) != nil, "bit \(bit)")
        }
        #expect(refusal(company, try SignedWord(decoding: bytes)) == nil)
    }

    @Test("a stranger's key signs nothing, and keys under which anything would be signed are none")
    func strangers() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        let stranger = try company.word(.approve, of: "Sato", on: proposal, key: PersonPrivateKey())
        #expect(refusal(company, stranger) != nil)
        #expect(refusal(company, try company.word(.approve, of: "Nobody", on: proposal)) != nil)
        #expect(PersonPublicKey([UInt8](repeating: 0, count: 32)) == nil)
        #expect(PersonPublicKey([1] + [UInt8](repeating: 0, count: 31)) == nil)
        #expect(PersonPublicKey([1] + [UInt8](repeating: 0, count: 30) + [0x80]) == nil)
        #expect(PersonPublicKey([UInt8](repeating: 7, count: 31)) == nil)
    }

    @Test("a proposal's ID changes with every byte of it")
    func proposalID() throws {
        let company = try Company()
        let proposal = company.proposal([1, 2], packs: [3])
        var others = [proposal.id]
        var changed = proposal
        changed.reason += "."
        others.append(changed.id)
        changed = proposal
        changed.packs = [Company.id(4)]
        others.append(changed.id)
        changed = proposal
        (changed.indexes, changed.packs) = (changed.packs, [])
        others.append(changed.id)
        changed = proposal
        changed.snapshots[0].label = "shop/site2"
        others.append(changed.id)
        #expect(Set(others).count == others.count)
        #expect(try Proposal(decoding: proposal.encoded()) == proposal)
    }

    @Test("a person's key file opens with its passphrase and no other, and tells nothing without")
    func keyFile() throws {
        let key = PersonPrivateKey()
        let file = try PersonKeyFile(
            key, of: PersonName("佐藤 花子"), passphrase: Secret("long words"), parameters: .insecureForTests)
        let read = try PersonKeyFile(decoding: file.encoded())
        #expect(read.person.name.text == "佐藤 花子")
        #expect(try read.unlock(Secret("long words")).publicKey == key.publicKey)
        #expect(throws: HikaeError.self) { try read.unlock(Secret("long word")) }
        #expect(throws: HikaeError.self) {
            try PersonKeyFile(key, of: PersonName("a"), passphrase: Secret(""), parameters: .insecureForTests)
        }
        let text = String(decoding: file.encoded(), as: UTF8.self)
        #expect(!text.contains(Hex.encode(key.seed)))
        #expect(!text.contains(String(decoding: Base64.encode(key.seed), as: UTF8.self)))
        #expect("\(key)" == "(private key)")
        #expect(try Person(line: read.person.line) == read.person)
    }
}

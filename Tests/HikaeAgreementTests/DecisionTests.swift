// When a removal may happen: so many people, so much of the vault's own time, and nobody against it.

import HikaeCore
import Testing

@testable import HikaeAgreement

@Suite struct DecisionTests {
    @Test("nothing is due before the delay, however many agree")
    func delay() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        for name in ["Sato", "Anna", "Ken"] { try company.approve(name, proposal) }
        company.now += 30 * Company.day - 1
        #expect(company.stage(proposal) == .waiting)
        company.now += 1
        #expect(company.stage(proposal) == .due)
    }

    @Test("nothing is due without enough approvals, however long it waits; in the end it lapses")
    func threshold() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        company.now += 31 * Company.day
        #expect(company.stage(proposal) == .waiting)
        company.now += 90 * Company.day
        #expect(company.stage(proposal) == .lapsed)
    }

    @Test("one person counts once, however often the approval comes")
    func duplicates() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        try company.approve("Sato", proposal)
        try company.approve("Sato", proposal, expiry: company.now + 99 * Company.day)
        company.now += 31 * Company.day
        #expect(company.state.standing(proposal.id, at: company.now)?.approvals.count == 1)
        #expect(company.stage(proposal) == .waiting)
    }

    @Test("one veto ends it, and no approval after it counts")
    func veto() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        try company.approve("Anna", proposal)
        try company.apply(.said(try company.word(.veto, of: "Ken", on: proposal)))
        company.now += 31 * Company.day
        #expect(company.stage(proposal) == .vetoed)
        #expect(throws: HikaeError.self) { try company.approve("Sato", proposal) }
        #expect(throws: HikaeError.self) { try company.apply(.began(proposal.id)) }
    }

    @Test("an approval that has run out counts no more")
    func expiry() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal, expiry: company.now + 10 * Company.day)
        try company.approve("Anna", proposal)
        company.now += 31 * Company.day
        #expect(company.stage(proposal) == .waiting)
        #expect(throws: HikaeError.self) { try company.approve("Sato", proposal, expiry: company.now) }
        try company.approve("Sato", proposal)
        #expect(company.stage(proposal) == .due)
    }

    @Test("a veto that comes too late is told whether the removal still goes on")
    func late() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        try company.approve("Anna", proposal)
        company.now += 31 * Company.day
        let veto = try company.word(.veto, of: "Ken", on: proposal)
        try company.apply(.began(proposal.id))
        let during = #expect(throws: HikaeError.self) { try company.state.judge(veto, at: company.now).get() }
        #expect(during?.message.contains("is being carried out") == true)
        try company.apply(.finished(proposal.id, removed: 3))
        let after = #expect(throws: HikaeError.self) { try company.state.judge(veto, at: company.now).get() }
        #expect(after?.message.contains("was carried out") == true)
    }

    @Test("a key that is removed approves no more, nor does what it approved, nor when it is entered again")
    func removedKey() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        try company.approve("Anna", proposal)
        try company.apply(.personRemoved(PersonName("Sato")))
        company.now += 31 * Company.day
        #expect(company.stage(proposal) == .waiting)
        #expect(throws: HikaeError.self) { try company.approve("Sato", proposal) }
        try company.apply(.personAdded(company.person("Sato")))
        company.now += 31 * Company.day
        #expect(company.stage(proposal) == .waiting)
        try company.approve("Sato", proposal)
        #expect(company.stage(proposal) == .due)
    }

    @Test("whoever is struck out can still say no until the delay is over")
    func removedVeto() throws {
        var company = try Company()
        try company.apply(.personRemoved(PersonName("Ken")))
        company.now += 29 * Company.day
        let early = company.proposal(nonce: 1)
        try company.apply(.proposed(early.id, by: "admin"))
        try company.apply(.said(try company.word(.veto, of: "Ken", on: early)))
        #expect(company.stage(early) == .vetoed)
        company.now += 2 * Company.day
        let late = company.proposal(nonce: 2)
        try company.apply(.proposed(late.id, by: "admin"))
        #expect(throws: HikaeError.self) { try company.apply(.said(try company.word(.veto, of: "Ken", on: late))) }
    }

    @Test("somebody who is newly entered says no at once, and yes only after the delay")
    func newPerson() throws {
        var company = try Company()
        let mallory = PersonPrivateKey()
        try company.apply(.personAdded(company.person("Mallory", key: mallory)))
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        try company.apply(.said(try company.word(.approve, of: "Mallory", on: proposal, key: mallory)))
        company.now += 30 * Company.day - 1
        #expect(company.state.standing(proposal.id, at: company.now)?.approvals.map(\.text) == ["Sato"])
        let other = company.proposal(nonce: 7)
        try company.apply(.proposed(other.id, by: "admin"))
        try company.apply(.personAdded(company.person("Eve", key: mallory)))
        try company.apply(.said(try company.word(.veto, of: "Eve", on: other, key: mallory)))
        #expect(company.stage(other) == .vetoed)
    }

    @Test("a laxer rule waits as long as a removal; a stricter one holds at once, for what was proposed before, too")
    func rules() throws {
        var company = try Company()
        let before = company.proposal(nonce: 1)
        try company.apply(.proposed(before.id, by: "admin"))
        try company.apply(.ruled(threshold: 1, delay: 60))
        #expect(company.state.rule(at: company.now) == AgreementRule(threshold: 2, delay: 30 * Company.day))
        #expect(company.state.comingRule(at: company.now)?.from == company.now + 30 * Company.day)
        company.now += 30 * Company.day
        #expect(company.state.rule(at: company.now) == AgreementRule(threshold: 1, delay: 60))
        // What was proposed under the stricter rule stays under it.
        try company.approve("Sato", before)
        #expect(company.stage(before) == .waiting)
        try company.apply(.ruled(threshold: 3, delay: 90 * Company.day))
        let after = company.proposal(nonce: 2)
        try company.apply(.proposed(after.id, by: "admin"))
        #expect(company.state.standing(after.id, at: company.now)?.threshold == 3)
        #expect(company.state.standing(before.id, at: company.now)?.threshold == 3)
    }

    @Test("asking for the old rule again calls the laxer one off")
    func ruleTakenBack() throws {
        var company = try Company()
        try company.apply(.ruled(threshold: 1, delay: 0))
        company.now += Company.day
        try company.apply(.ruled(threshold: 2, delay: 30 * Company.day))
        company.now += 300 * Company.day
        #expect(company.state.rule(at: company.now) == AgreementRule(threshold: 2, delay: 30 * Company.day))
    }

    @Test("without a rule nothing can be proposed")
    func notSetUp() throws {
        var company = try Company(isSetUp: false)
        #expect(throws: HikaeError.self) { try company.apply(.proposed(company.proposal().id, by: "admin")) }
    }

    @Test("when the record of time is lost, all waiting begins anew and approvals are void")
    func lostClock() throws {
        var company = try Company()
        let proposal = company.proposal()
        try company.apply(.proposed(proposal.id, by: "admin"))
        try company.approve("Sato", proposal)
        try company.approve("Anna", proposal)
        try company.apply(.ruled(threshold: 1, delay: 0))
        try company.register(1)
        company.now += 29 * Company.day
        try company.apply(
            .registered(
                LedgerRecord(
                    snapshot: Company.id(2), source: company.shop, verdict: .good, run: 2, digest: Company.id(2))))
        // Another record, far ahead of the old one: time from elsewhere is not time that passed here.
        company.now += 900 * Company.day
        try company.apply(.clockChanged("d"))
        #expect(company.stage(proposal) == .waiting)
        #expect(company.state.standing(proposal.id, at: company.now)?.approvals.isEmpty == true)
        #expect(company.state.rule(at: company.now)?.threshold == 2)
        company.now += 29 * Company.day
        #expect(company.stage(proposal) == .waiting)
        #expect(company.state.rule(at: company.now)?.threshold == 2)
        #expect(company.state.protected(among: [Company.id(1), Company.id(2)], at: company.now).count == 2)
        // And one that begins at nothing.
        company.now = 0
        try company.apply(.clockChanged("e"))
        company.now = 29 * Company.day
        #expect(company.stage(proposal) == .waiting)
    }
}

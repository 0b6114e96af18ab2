// Whose word counts, and since when. A person who was added approves only after the delay but vetoes at once; one who
// was struck out approves no more at once but vetoes until the delay is over. Each change is slow only where it is lax.

import HikaeCore

/// A person's time on the list. One who is struck out and entered again has two.
public struct PersonTerm: Sendable, Equatable {
    public let person: Person
    /// Seconds of vault time from which on approvals count.
    public internal(set) var approvesFrom: UInt64
    /// Whether the person was struck out.
    public internal(set) var isRemoved = false
    /// Seconds of vault time until which vetoes count; nil: without end.
    public internal(set) var vetoesUntil: UInt64?
}

/// All terms, in the order in which they began.
struct PeopleHistory: Sendable {
    private(set) var terms: [PersonTerm] = []

    /// The place of the person's term that was not ended.
    func current(_ name: PersonName) -> Int? { terms.lastIndex { $0.person.name == name && !$0.isRemoved } }

    func mayApprove(_ term: Int, at time: UInt64) -> Bool { !terms[term].isRemoved && time >= terms[term].approvesFrom }

    /// The terms of a person under which a veto counts now, the newest first.
    func vetoing(_ name: PersonName, at time: UInt64) -> [Int] {
        terms.indices.reversed().filter { index in
            terms[index].person.name == name && (terms[index].vetoesUntil.map { time < $0 } ?? true)
        }
    }

    mutating func add(_ person: Person, at time: UInt64, delay: UInt64) {
        terms.append(PersonTerm(person: person, approvesFrom: time.addingOrMaximum(delay)))
    }

    mutating func remove(_ term: Int, at time: UInt64, delay: UInt64) {
        terms[term].isRemoved = true
        terms[term].vetoesUntil = time.addingOrMaximum(delay)
    }

    /// All that waits begins to wait anew.
    mutating func restart(before: UInt64, at time: UInt64, delay: UInt64) {
        for index in terms.indices {
            terms[index].approvesFrom = terms[index].approvesFrom <= before ? 0 : time.addingOrMaximum(delay)
            guard let until = terms[index].vetoesUntil else { continue }
            terms[index].vetoesUntil = until <= before ? 0 : time.addingOrMaximum(delay)
        }
    }
}

// A certificate that is not believed is told by what is wrong with it first.

import HikaeCore
import Testing

@Suite("A certificate's flaw") struct CertificateFlawTests {
    private let dates = CertificateFlaw.dates(from: 1_000, to: 2_000)

    private func flaw(_ now: Int64, isOfName: Bool = true) -> CertificateFlaw {
        CertificateFlaw(dates: dates, isOfName: isOfName, now: Timestamp(seconds: now))
    }

    @Test("is its dates, then its name, then its authority") func order() {
        #expect(flaw(999) == .notYetValid(Timestamp(seconds: 1_000)))
        #expect(flaw(1_000) == .unknownAuthority && flaw(2_000) == .unknownAuthority)
        #expect(flaw(2_001, isOfName: false) == .expired(Timestamp(seconds: 2_000)))
        #expect(flaw(1_500, isOfName: false) == .otherName)
    }

    @Test("is the authority where nothing is known of its dates, or they make no sense") func unknown() {
        #expect(CertificateFlaw.dates(from: 2, to: 1) == nil)
        #expect(CertificateFlaw(dates: nil, isOfName: true, now: Timestamp(seconds: 5)) == .unknownAuthority)
    }

    @Test("is said with the day or the name") func words() {
        #expect(flaw(2_001).words(name: "a.example") == "expired on 1970-01-01")
        #expect(flaw(1_500, isOfName: false).words(name: "a.example") == "is not for the name a.example")
        #expect(flaw(1_500).advice == nil && flaw(2_001).advice != nil)
    }
}

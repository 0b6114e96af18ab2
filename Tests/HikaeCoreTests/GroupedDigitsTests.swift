// Numbers as people read them.

import HikaeCore
import Testing

@Suite("A large number")
struct GroupedDigitsTests {
    @Test("is read in groups of three", arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")])
    func groups(_ value: Int, _ text: String) { #expect(GroupedDigits.text(value) == text) }
}

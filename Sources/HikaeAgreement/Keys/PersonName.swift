// What a person is called where people agree on something.

public import HikaeCore

/// A person's name as approvals bear it: 1 to 200 bytes, nothing that a terminal obeys or that cannot be seen.
public struct PersonName: Sendable, Hashable {
    /// The name itself.
    public let text: String

    /// Throws `.usage` for what is no name.
    public init(_ text: String) throws(HikaeError) {
        let isName = (1...200).contains(text.utf8.count) && PlainText.isPlain(text) && !text.contains("\n")
        guard isName else { throw HikaeError(.usage, "a person's name has 1 to 200 bytes and no control characters") }
        self.text = text
    }
}

// Words for a shell on the far side, so that none of them can be more than a word.

enum ShellWord {
    /// The word in single quotes, whatever is in it.
    static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

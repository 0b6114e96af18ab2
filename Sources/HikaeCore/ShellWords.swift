// A line into words, as a shell would split it. No shell is run, and nothing is expanded.

/// Splitting a command line.
public enum ShellWords {
    /// The words between spaces; `'…'` and `"…"` hold words together, a backslash outside of `'…'` keeps a character
    /// as it is. Nil when the line ends within quotes.
    public static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var quote: Character?
        var isEscaped = false
        for character in line {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                (isEscaped, isInWord) = (true, true)
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                (quote, isInWord) = (character, true)
            } else if character.isWhitespace {
                if isInWord { words.append(word) }
                (word, isInWord) = ("", false)
            } else {
                word.append(character)
                isInWord = true
            }
        }
        guard quote == nil, !isEscaped else { return nil }
        return isInWord ? words + [word] : words
    }
}

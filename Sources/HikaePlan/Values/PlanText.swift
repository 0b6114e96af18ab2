// Text from a plan as messages show it, and the rules for names.

/// Text from a plan.
enum PlanText {
    /// In quotes, shortened, with nothing that could drive a terminal.
    static func quoted(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(60) {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .unassigned: shown += "?"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return "\"\(shown)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }

    /// Whether the text is one line without control characters.
    static func isLine(_ text: String) -> Bool {
        !text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
            default: false
            }
        }
    }

    /// What names may be, for messages.
    static let nameRule = "a name has letters, digits, . _ - only, at most 64, and begins with a letter or digit"

    /// Whether the text can be a part of paths and tags.
    static func isName(_ text: String) -> Bool {
        guard (1...64).contains(text.count), text.utf8.count <= 200, let first = text.unicodeScalars.first,
            isLetterOrDigit(first, beginsWord: true)
        else { return false }
        return text.unicodeScalars.allSatisfy {
            isLetterOrDigit($0, beginsWord: false) || "._-".unicodeScalars.contains($0)
        }
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar, beginsWord: Bool) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
        case .nonspacingMark, .spacingMark: !beginsWord
        default: false
        }
    }
}

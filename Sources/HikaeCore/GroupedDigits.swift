// Large numbers as people read them.

/// Numbers with their digits in groups of three.
public enum GroupedDigits {
    /// "1,234,567". For numbers that are not negative.
    public static func text(_ value: some BinaryInteger) -> String {
        var digits = Array(String(value).reversed())
        var place = 3
        while place < digits.count {
            digits.insert(",", at: place)
            place += 4
        }
        return String(digits.reversed())
    }
}

// How far a mistyped word is from one that was meant.

/// The distance of words.
public enum EditDistance {
    /// How many letters have to be put in, left out or replaced to make one word of the other. `Int.max` for a word of
    /// more than 64 letters: nobody mistyped that.
    public static func of(_ first: String, _ second: String) -> Int {
        guard first.count <= 64 else { return .max }
        let second = Array(second)
        var row = Array(0...second.count)
        for (index, letter) in first.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in second.indices {
                let replaced = diagonal + (letter == second[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[second.count]
    }
}

// What was probably meant by a word that is not known.

/// The likeliest of some words.
enum NearestWord {
    /// The word of `words` that differs least from `word`; nil when none is near.
    static func of(_ word: String, in words: [String]) -> String? {
        // "keep-daily" for "daily".
        let parts = word.lowercased().split { $0 == "-" || $0 == "_" }.map(String.init)
        if parts.count > 1, let part = parts.last(where: words.contains) { return part }
        let nearest = words.map { (word: $0, distance: distance(word.lowercased(), $0)) }.min {
            $0.distance < $1.distance
        }
        guard let nearest, nearest.distance <= max(1, min(3, word.count / 2)) else { return nil }
        return nearest.word
    }

    /// How many letters have to be put in, left out or replaced to make one word of the other.
    private static func distance(_ first: String, _ second: String) -> Int {
        // Words that long are no mistyped keys.
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

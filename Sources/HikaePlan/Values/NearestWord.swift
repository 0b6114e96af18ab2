// What was probably meant by a word that is not known.

import HikaeCore

/// The likeliest of some words.
enum NearestWord {
    /// The word of `words` that differs least from `word`; nil when none is near.
    static func of(_ word: String, in words: [String]) -> String? {
        // "keep-daily" for "daily".
        let parts = word.lowercased().split { $0 == "-" || $0 == "_" }.map(String.init)
        if parts.count > 1, let part = parts.last(where: words.contains) { return part }
        let nearest = words.map { (word: $0, distance: EditDistance.of(word.lowercased(), $0)) }.min {
            $0.distance < $1.distance
        }
        guard let nearest, nearest.distance <= max(1, min(3, word.count / 2)) else { return nil }
        return nearest.word
    }
}

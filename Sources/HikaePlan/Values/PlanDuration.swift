// Spans of time as people say them in a plan: 30m, 24h, 7d, 2w.

/// A span of time, a whole number of one unit.
public struct PlanDuration: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// At least 60.
    public var seconds: Int64

    public init(seconds: Int64) { self.seconds = seconds }

    private static let units: [(letter: Character, seconds: Int64)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60),
    ]

    /// Reads a number from 1 to 100,000 and a unit: minutes, hours, days, weeks. Nil otherwise.
    public init?(_ text: String) {
        guard let letter = text.last, let unit = Self.units.first(where: { $0.letter == letter }),
            text.dropLast().allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(text.dropLast()),
            (1...100_000).contains(number)
        else { return nil }
        seconds = number * unit.seconds
    }

    public static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }

    /// In the largest unit that it is a whole number of.
    public var description: String {
        for unit in Self.units where seconds % unit.seconds == 0 && seconds > 0 {
            return "\(seconds / unit.seconds)\(unit.letter)"
        }
        return "\(seconds)s"
    }
}

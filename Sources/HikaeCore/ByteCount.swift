// Sizes as people write and read them.

/// A number of bytes.
public struct ByteCount: Sendable, Hashable, Comparable {
    public var bytes: UInt64

    public init(_ bytes: UInt64) { self.bytes = bytes }

    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    /// Reads `123`, `64k`, `10M`, `1.5G`, `2T`, with an optional `B` or `iB`; powers of 1024, any case. Nil otherwise.
    public init?(_ text: String) {
        var text = text.trimmingSpaces().lowercased()
        if text.hasSuffix("ib") { text.removeLast(2) } else if text.hasSuffix("b") { text.removeLast() }
        let units: [Character: Int] = ["k": 10, "m": 20, "g": 30, "t": 40, "p": 50]
        var shift = 0
        if let last = text.last, let unit = units[last] {
            shift = unit
            text.removeLast()
        }
        guard !text.isEmpty else { return nil }
        if let whole = UInt64(text) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 1 << UInt64(shift))
            guard !overflow else { return nil }
            bytes = product
        } else if let number = Double(text), number >= 0, number.isFinite {
            let product = number * Double(UInt64(1) << UInt64(shift))
            guard product < 18_000_000_000_000_000_000 else { return nil }
            bytes = UInt64(product)
        } else {
            return nil
        }
    }

    /// `512 B`, `1.500 KiB`, `2.345 GiB`: three decimals, as restic shows sizes.
    public var display: String {
        let units = ["TiB", "GiB", "MiB", "KiB"]
        for (index, unit) in units.enumerated() {
            let scale = UInt64(1) << UInt64(40 - 10 * index)
            if bytes >= scale {
                let thousandths = UInt64((Double(bytes) / Double(scale) * 1000).rounded())
                let fraction = String(thousandths % 1000)
                return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) \(unit)"
            }
        }
        return "\(bytes) B"
    }
}

extension String {
    /// The text without spaces at either end.
    fileprivate func trimmingSpaces() -> String {
        var slice = Substring(self)
        while slice.first?.isWhitespace == true { slice.removeFirst() }
        while slice.last?.isWhitespace == true { slice.removeLast() }
        return String(slice)
    }
}

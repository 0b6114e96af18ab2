// Bytes that mean one thing only: fields in a fixed order, each with its length in front. What is signed is written so.

public import HikaeCore

/// Writes fields one behind the other. Numbers are big-endian; texts and lists have their length in front.
public struct CanonicalWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8]

    /// - Parameter domain: what the bytes are, with a version; no two kinds of message share one.
    public init(domain: StaticString) {
        bytes = []
        domain.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(0)
    }

    /// A number of 64 bits.
    public mutating func put(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// A count of 32 bits.
    public mutating func put(count value: Int) {
        precondition((0...Int(UInt32.max)).contains(value))
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// Bytes with their count in front.
    public mutating func put(_ field: [UInt8]) {
        put(count: field.count)
        bytes += field
    }

    /// A text's UTF-8 with its length in front.
    public mutating func put(_ text: String) { put(Array(text.utf8)) }

    /// The 32 bytes of an identifier.
    public mutating func put<Kind>(_ id: Identifier<Kind>) { id.withUnsafeBytes { bytes.append(contentsOf: $0) } }

    /// Identifiers in the given order with their count in front.
    public mutating func put<Kind>(_ ids: [Identifier<Kind>]) {
        put(count: ids.count)
        for id in ids { put(id) }
    }
}

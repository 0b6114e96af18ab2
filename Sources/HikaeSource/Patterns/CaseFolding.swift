// Lower case for patterns and names that are compared without regard to case. Character by character, as Go does it.

enum CaseFolding {
    /// The bytes with each character in lower case; bytes that are no UTF-8 stay as they are.
    static func lowered(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            return bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            var decoder = UTF8()
            var iterator = bytes[position...].prefix(4).makeIterator()
            guard case .scalarValue(let scalar) = decoder.decode(&iterator) else {
                result.append(bytes[position])
                position += 1
                continue
            }
            position += UTF8.width(scalar)
            // One character for one: what the full mapping adds behind the first is no part of the simple one.
            let mapped = scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
            result += Array(String(Character(mapped)).utf8)
        }
        return result
    }
}

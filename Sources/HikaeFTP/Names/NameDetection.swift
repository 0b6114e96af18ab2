// Which encoding the names of one folder are in. Pure: the same names give the same answer.

/// Tells an encoding from the names themselves.
enum NameDetection {
    /// The encoding of a folder's names: UTF-8 when all are, else the one of the two Japanese encodings that fits.
    /// Nil when neither fits all: then each name stands for itself.
    static func encoding(of names: [[UInt8]]) -> NameEncoding? {
        let foreign = names.filter { $0.contains { $0 >= 0x80 } }
        if foreign.allSatisfy(NameEncoding.isUTF8) { return .utf8 }
        let shiftJIS = score(foreign, .shiftJIS)
        let eucJP = score(foreign, .eucJP)
        guard let shiftJIS else { return eucJP == nil ? nil : .eucJP }
        guard let eucJP else { return .shiftJIS }
        return eucJP > shiftJIS ? .eucJP : .shiftJIS
    }

    /// A name in UTF-8, alone among names that agree on nothing.
    static func decode(_ name: [UInt8]) -> [UInt8]? {
        encoding(of: [name])?.decode(name)
    }

    /// How much the names look like Japanese when read so: the mean over the characters. Nil when one cannot be.
    private static func score(_ names: [[UInt8]], _ encoding: NameEncoding) -> Double? {
        var points = 0.0
        var count = 0.0
        for name in names {
            guard let decoded = encoding.decode(name) else { return nil }
            for scalar in String(decoding: decoded, as: UTF8.self).unicodeScalars where scalar.value >= 0x80 {
                count += 1
                points += weight(scalar.value)
            }
        }
        return count == 0 ? 0 : points / count
    }

    /// Kana and common signs speak for an encoding, half-width kana and rare ideographs against it: EUC-JP read as
    /// Shift_JIS is full of half-width kana.
    private static func weight(_ scalar: UInt32) -> Double {
        switch scalar {
        case 0x3040...0x30FF: 3
        case 0x3000...0x303F: 2
        case 0x4E00...0x9FFF: 1.5
        case 0xFF01...0xFF5E: 1.5
        case 0xFF61...0xFF9F: -2
        case 0xE000...0xF8FF: -4
        default: 0
        }
    }
}

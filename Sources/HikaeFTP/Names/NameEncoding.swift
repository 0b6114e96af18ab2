// How names stand on the wire, and the way to UTF-8 and back. glibc's iconv knows the tables.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An encoding of names.
enum NameEncoding: Sendable, Equatable, CaseIterable {
    case utf8
    /// As Windows has it, code page 932: what Japanese servers mean by Shift_JIS.
    case shiftJIS
    /// With the vendors' additions.
    case eucJP

    /// The name in UTF-8, or nil when the bytes are not of this encoding.
    func decode(_ name: [UInt8]) -> [UInt8]? {
        if name.allSatisfy({ $0 < 0x80 }) { return name }
        guard self != .utf8 else { return Self.isUTF8(name) ? name : nil }
        guard let decoded = Self.convert(name, from: iconvName, to: "UTF-8") else { return nil }
        // A conversion must make no slash and no control character where the wire had none.
        return decoded.contains { $0 == 0x2F || $0 < 0x20 || $0 == 0x7F } ? nil : decoded
    }

    /// The name as it goes over the wire, or nil when the encoding has no bytes for it.
    func encode(_ name: [UInt8]) -> [UInt8]? {
        if name.allSatisfy({ $0 < 0x80 }) { return name }
        guard self != .utf8 else { return name }
        guard let encoded = Self.convert(name, from: "UTF-8", to: iconvName), decode(encoded) == name else {
            return nil
        }
        return encoded
    }

    private var iconvName: String {
        switch self {
        case .utf8: "UTF-8"
        case .shiftJIS: "CP932"
        case .eucJP: "EUC-JP-MS"
        }
    }

    static func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    private static func convert(_ bytes: [UInt8], from source: String, to target: String) -> [UInt8]? {
        guard let converter = iconv_open(target, source), converter != iconv_t(bitPattern: -1) else { return nil }
        defer { iconv_close(converter) }
        var input = bytes.map { CChar(bitPattern: $0) }
        var output = [CChar](repeating: 0, count: bytes.count * 4 + 16)
        let capacity = output.count
        let written: Int? = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                var from = input.baseAddress
                var to = output.baseAddress
                var left = input.count
                var room = capacity
                // More than 0: something was replaced, so the way back is not the way there.
                guard iconv(converter, &from, &left, &to, &room) == 0, left == 0 else { return nil }
                return capacity - room
            }
        }
        return written.map { output[..<$0].map { UInt8(bitPattern: $0) } }
    }
}

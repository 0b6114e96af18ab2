// From a charset's bytes to text, by the C library's iconv: mail in Japan comes in three charsets and their mixtures.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Decodes bytes of named charsets.
enum Charset {
    /// The text, what cannot be decoded replaced; nil when the charset is not known.
    static func decode(_ bytes: [UInt8], _ name: String) -> String? {
        let lowered = name.lowercased()
        if lowered == "utf-8" || lowered == "us-ascii" || lowered == "utf8" {
            return String(decoding: bytes, as: UTF8.self)
        }
        // What calls itself ISO-2022-JP or Shift_JIS has newer characters in practice.
        let practical = [
            "iso-2022-jp": "ISO-2022-JP-3", "shift_jis": "CP932", "x-sjis": "CP932", "euc-jp": "EUC-JP-MS",
        ]
        guard let known = practical[lowered].flatMap({ convert(bytes, from: $0) }) ?? convert(bytes, from: name) else {
            return nil
        }
        return String(decoding: known, as: UTF8.self)
    }

    /// The text of bytes that name no charset: UTF-8 if they are that, JIS if they have its escapes, else Latin-1.
    static func guess(_ bytes: [UInt8]) -> String {
        if bytes.contains(0x1B), let text = decode(bytes, "iso-2022-jp") { return text }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return String(bytes.map { Character(Unicode.Scalar($0)) })
    }

    /// The bytes in UTF-8; each byte that is none of the charset becomes U+FFFD. Nil when the charset is not known.
    private static func convert(_ bytes: [UInt8], from name: String) -> [UInt8]? {
        guard let handle = iconv_open("UTF-8", name), Int(bitPattern: handle) != -1 else { return nil }
        defer { iconv_close(handle) }
        var source = bytes.map { CChar(bitPattern: $0) }
        // No charset in use grows by more than six bytes a byte.
        var target = [CChar](repeating: 0, count: bytes.count * 6 + 16)
        let written: Int = source.withUnsafeMutableBufferPointer { sourceBuffer in
            target.withUnsafeMutableBufferPointer { targetBuffer in
                var input = sourceBuffer.baseAddress
                var inputLeft = sourceBuffer.count
                var output = targetBuffer.baseAddress
                var outputLeft = targetBuffer.count
                while inputLeft > 0 {
                    if iconv(handle, &input, &inputLeft, &output, &outputLeft) != -1 { break }
                    guard errno == EILSEQ || errno == EINVAL, inputLeft > 0, outputLeft >= 3 else { break }
                    for byte in [0xEF, 0xBF, 0xBD] as [UInt8] {
                        output?.pointee = CChar(bitPattern: byte)
                        output = output.map { $0 + 1 }
                    }
                    outputLeft -= 3
                    input = input.map { $0 + 1 }
                    inputLeft -= 1
                }
                iconv(handle, nil, nil, &output, &outputLeft)
                return targetBuffer.count - outputLeft
            }
        }
        return target[..<written].map { UInt8(bitPattern: $0) }
    }
}

// Arguments are bytes, the parser wants strings. What is no UTF-8 travels in private-use characters and comes back
// out as the same bytes, so that every file name can be given on the command line.

import HikaeCore

/// Arguments as bytes and as strings.
enum ArgumentBytes {
    /// The private-use character that stands for the byte 0.
    private static let base: UInt32 = 0x10_FE00

    /// A string for `bytes`: themselves where they are UTF-8, stand-ins where they are not.
    static func string(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = String.UnicodeScalarView()
        var index = 0
        while index < bytes.count {
            if let (scalar, count) = scalar(bytes, at: index) {
                text.append(scalar)
                index += count
            } else if let standIn = Unicode.Scalar(base + UInt32(bytes[index])) {
                text.append(standIn)
                index += 1
            }
        }
        return String(text)
    }

    /// The bytes that `text` was made from.
    static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if (base..<base + 256).contains(scalar.value) {
                bytes.append(UInt8(scalar.value - base))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return bytes
    }

    /// The same text when it is text. Throws `.usage`, naming what it is for, when it stands for bytes that are none.
    static func requireText(_ text: String, _ purpose: String) throws(HikaeError) -> String {
        guard bytes(text) == Array(text.utf8) else {
            throw HikaeError(.usage, "\(purpose) must be UTF-8, and \(Words.safe(bytes(text))) is not")
        }
        return text
    }

    /// The program's arguments, without its name. Throws `.unsupported` when they cannot be known: Swift reads them from
    /// /proc, and without it a backup would look like a call for help, and end as if all were done.
    static func commandLine() throws(HikaeError) -> [String] {
        guard CommandLine.argc > 0 else {
            throw HikaeError(
                .unsupported, "cannot see what was asked for: /proc is not mounted here",
                hint: "Run `mount -t proc proc /proc` first.")
        }
        var arguments: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let pointer = CommandLine.unsafeArgv[index] else { break }
            var count = 0
            while pointer[count] != 0 { count += 1 }
            let bytes = UnsafeBufferPointer(start: pointer, count: count).map { UInt8(bitPattern: $0) }
            arguments.append(string(bytes))
        }
        return arguments
    }

    /// The UTF-8 scalar at `index` and its length, or nil.
    private static func scalar(_ bytes: [UInt8], at index: Int) -> (Unicode.Scalar, Int)? {
        let width =
            switch bytes[index] {
            case 0..<0x80: 1
            case 0xC2..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0..<0xF5: 4
            default: 0
            }
        guard width > 0, index + width <= bytes.count,
            let text = String(validating: bytes[index..<index + width], as: UTF8.self)
        else { return nil }
        return text.unicodeScalars.first.map { ($0, width) }
    }
}

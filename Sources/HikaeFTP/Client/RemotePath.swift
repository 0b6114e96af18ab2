// Paths on the server: bytes as it writes them, and the address that libcurl is given for them.

/// A folder on the server, from its root on.
struct RemotePath: Sendable, Equatable {
    /// "/" or "/a/b", as on the wire.
    let bytes: [UInt8]

    /// The folder of that absolute path; slashes at its end fall away.
    init(_ path: [UInt8]) {
        var path = path.first == 0x2F ? path : [0x2F] + path
        while path.count > 1, path.last == 0x2F { path.removeLast() }
        bytes = path
    }

    /// What `name` in this folder is called; the name was judged before.
    func appending(_ name: [UInt8]) -> RemotePath {
        RemotePath(bytes == [0x2F] ? bytes + name : bytes + [0x2F] + name)
    }

    /// The path in an address, from the server's root, each byte that is no letter or digit written as %XX.
    ///
    /// - Parameter name: a file in the folder; nil for the folder itself.
    func address(_ name: [UInt8]?) -> String {
        var text: [UInt8] = [0x2F]
        text.reserveCapacity(bytes.count + (name?.count ?? 0) + 16)
        Self.escape(bytes, to: &text)
        if bytes != [0x2F] { text.append(0x2F) }
        if let name { Self.escape(name, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func escape(_ bytes: [UInt8], to text: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2F, 0x2D, 0x5F: text.append(byte)
            default: text += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// For people: what is no UTF-8 is replaced.
    var display: String { String(decoding: bytes, as: UTF8.self) }
}

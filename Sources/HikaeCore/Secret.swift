// A password or token. It prints as nothing, so that no log, message or dump of a value can carry it.

/// Secret bytes: a password, a token, a key's passphrase.
///
/// Its description is always the same words. Only what sends it over a wire or hands it to a program asks for `bytes`.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself. Never to be put into a message, a program's arguments or a file that stays.
    public let bytes: [UInt8]

    /// A secret of these bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A secret of this text's UTF-8.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// The secret as text, for protocols that want text; what is no UTF-8 is replaced.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where a secret comes from when it is needed. Throws what hinders it: a file that is not there, a program that fails.
public typealias SecretProvider = @Sendable () throws(HikaeError) -> Secret

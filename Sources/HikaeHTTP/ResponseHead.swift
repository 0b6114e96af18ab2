// The head of an answer: what is known before its body comes.

/// Status and headers.
package struct ResponseHead: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [WireField]

    package init(status: Int, headers: [WireField]) { (self.status, self.headers) = (status, headers) }

    /// The first header of this name, in lower case.
    package subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    package var isSuccess: Bool { (200..<300).contains(status) }
    /// The body's length as the server says it.
    package var contentLength: UInt64? { self["content-length"].flatMap { UInt64($0) } }
    /// Seconds that the server asks to wait.
    package var retryAfter: Double? { self["retry-after"].flatMap { Double($0) }.flatMap { $0 >= 0 ? $0 : nil } }
}

// Where one response of a server ends and the next begins. Knows lines and literals, not what they mean.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One whole response: its text without line ends, and the literals that stand in it.
struct FramedResponse: Sendable, Equatable {
    /// A counted string: `{5}` in the text, its bytes here.
    struct Literal: Sendable, Equatable {
        /// Where its mark begins in the text.
        var mark: Int
        var bytes: [UInt8]
    }

    /// The line, with the mark of each literal and without the bytes and line ends that follow it.
    var text: [UInt8]
    var literals: [Literal] = []
}

/// Puts responses together from bytes that come in pieces of any size.
///
/// Bounds what a server may send: the text of a response, each literal, and their number. A literal's memory grows
/// with what really came, never with what was announced.
struct ResponseFramer: Sendable {
    /// What is taken at most.
    struct Limits: Sendable {
        /// Bytes of a response's text.
        var text = 1 << 20
        /// Bytes of one literal.
        var literal = 16 << 20
        /// Literals of one response.
        var literals = 1000
    }

    var limits = Limits()
    private var response = FramedResponse(text: [])
    /// Where the text that belongs to the current line begins.
    private var lineStart = 0
    /// Bytes still to come of the literal being read; nil outside of one.
    private var remaining: Int?

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Whether it is between two responses.
    var isIdle: Bool { response.text.isEmpty && response.literals.isEmpty && remaining == nil }

    /// Takes bytes up to the end of a response, which is returned; nil when all were taken and more are needed.
    ///
    /// `position` is moved past what was taken.
    mutating func take(_ bytes: UnsafeRawBufferPointer, from position: inout Int) throws(HikaeError) -> FramedResponse?
    {
        while position < bytes.count {
            if let left = remaining {
                let count = min(left, bytes.count - position)
                response.literals[response.literals.count - 1].bytes.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
                position += count
                remaining = left > count ? left - count : nil
                continue
            }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let lineEnd = Self.firstLineEnd(rest)
            let count = lineEnd ?? rest.count
            guard response.text.count + count <= limits.text else {
                throw HikaeError(.protocolViolation, "the server sent a line of more than \(limits.text) bytes")
            }
            response.text.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            position += count
            guard lineEnd != nil else { return nil }
            position += 1
            if response.text.count > lineStart, response.text.last == 0x0D { response.text.removeLast() }
            if let done = try endLine() { return done }
        }
        return nil
    }

    /// The line is complete: a literal follows, or the response is done.
    private mutating func endLine() throws(HikaeError) -> FramedResponse? {
        if let (mark, size) = Self.literalMark(response.text, from: lineStart), !Self.isFreeText(response.text) {
            guard size <= UInt64(limits.literal) else {
                throw HikaeError(
                    .protocolViolation,
                    "the server announced \(size) bytes in one piece, where at most \(limits.literal) are taken")
            }
            guard response.literals.count < limits.literals else {
                throw HikaeError(
                    .protocolViolation, "the server sent more than \(limits.literals) literals in one response")
            }
            var literal = FramedResponse.Literal(mark: mark, bytes: [])
            literal.bytes.reserveCapacity(min(Int(size), 1 << 20))
            response.literals.append(literal)
            remaining = size > 0 ? Int(size) : nil
            lineStart = response.text.count
            return nil
        }
        defer {
            response = FramedResponse(text: [])
            lineStart = 0
        }
        return response
    }

    private static func firstLineEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base, 0x0A, bytes.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The mark `{size}`, `{size+}` or `~{size}` that ends the text; sizes beyond 64 bits count as the largest.
    private static func literalMark(_ text: [UInt8], from start: Int) -> (mark: Int, size: UInt64)? {
        var index = text.count - 1
        guard index > start, text[index] == UInt8(ascii: "}") else { return nil }
        index -= 1
        if text[index] == UInt8(ascii: "+") { index -= 1 }
        let end = index
        while index >= start, (0x30...0x39).contains(text[index]) { index -= 1 }
        guard index >= start, index < end, text[index] == UInt8(ascii: "{") else { return nil }
        var size: UInt64 = 0
        for digit in text[(index + 1)...end] {
            let (product, overflow) = size.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - 0x30))
            guard !overflow, !carry else { return (index, .max) }
            size = sum
        }
        return (index, size)
    }

    /// Whether the response is words for people, in which `{5}` at the end means nothing.
    private static func isFreeText(_ text: [UInt8]) -> Bool {
        if text.first == UInt8(ascii: "+") { return true }
        let words = text.prefix(64).split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count > 1 else { return false }
        return ["OK", "NO", "BAD", "BYE", "PREAUTH"].contains(String(decoding: words[1], as: UTF8.self).uppercased())
    }
}

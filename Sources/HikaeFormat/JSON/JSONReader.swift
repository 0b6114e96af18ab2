// A pull parser for JSON over bytes in memory: structure and cursor. Values are read in JSONReader+Values and
// JSONReader+Strings. It builds no tree of objects, allocates nothing but results, and bounds its own depth.

public import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads one JSON document from left to right.
///
/// Members and elements are pulled: `beginObject`, then `nextKey` until nil; `beginArray`, then `nextElement` until
/// false. Each value must be read or skipped before the next is asked for. The bytes must outlive the reader.
/// Errors are `.damaged` and name the document and the byte.
public struct JSONReader {
    /// The document; every access below is behind a comparison of `position` with its count.
    let bytes: UnsafeRawBufferPointer
    /// The next byte to read.
    public internal(set) var position = 0
    /// What the document is, for messages: "tree", "index".
    let thing: StaticString
    private let maximumDepth: Int
    private var depth = 0
    /// Whether the container just begun has given no member yet.
    private var isFresh = false

    /// - Parameters:
    ///   - bytes: the whole document.
    ///   - thing: what it is, for messages.
    ///   - maximumDepth: containers within containers that are read at most.
    public init(_ bytes: UnsafeRawBufferPointer, of thing: StaticString, maximumDepth: Int = 128) {
        self.bytes = bytes
        self.thing = thing
        self.maximumDepth = maximumDepth
    }

    /// The next byte that is no white space, without taking it.
    @inline(__always)
    public mutating func peek() throws(HikaeError) -> UInt8 {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte <= 0x20 else { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
                throw fault("an unexpected character")
            }
            position += 1
        }
        throw fault("an unexpected end")
    }

    /// Takes `mark`, which must be the next byte that is no white space.
    @inline(__always)
    mutating func expect(_ mark: Unicode.Scalar, _ expected: StaticString) throws(HikaeError) {
        guard try peek() == UInt8(ascii: mark) else { throw fault(expected) }
        position += 1
    }

    /// Enters an object.
    @inline(__always)
    public mutating func beginObject() throws(HikaeError) {
        try expect("{", "no object where one must be")
        try enter()
    }

    /// Enters an array.
    @inline(__always)
    public mutating func beginArray() throws(HikaeError) {
        try expect("[", "no array where one must be")
        try enter()
    }

    /// The name of the object's next member, its value next to be read; nil at the object's end.
    @inline(__always)
    public mutating func nextKey() throws(HikaeError) -> JSONKey? {
        guard try advance(to: "}") else { return nil }
        try expect("\"", "no member name where one must be")
        let span = try scanString()
        try expect(":", "no colon after a member name")
        // A name with a broken escape is no name; one with a good escape is read when it is asked for.
        if span.hasEscapes { _ = try plainBytes(span) }
        return JSONKey(
            start: UnsafePointer(pointer(span.start)), count: span.end - span.start, isPlain: span.isPlain)
    }

    /// Whether the array has another element, next to be read.
    @inline(__always)
    public mutating func nextElement() throws(HikaeError) -> Bool { try advance(to: "]") }

    /// Refuses anything but white space after the document.
    public mutating func finish() throws(HikaeError) {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
                throw fault("something after its end")
            }
            position += 1
        }
    }

    /// The error "TREE is damaged: REASON at byte N".
    @inline(never)
    public func fault(_ reason: StaticString) -> HikaeError {
        HikaeError(.damaged, "the \(thing) is damaged: \(reason) at byte \(position)")
    }

    /// A pointer to the byte at `offset`, which must lie within the document or at its end.
    @inline(__always)
    func pointer(_ offset: Int) -> UnsafePointer<UInt8> {
        // Only called behind a successful read at or before `offset`, so there is a base address.
        let base = bytes.baseAddress.unsafelyUnwrapped
        return (base + offset).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    private mutating func enter() throws(HikaeError) {
        depth += 1
        guard depth <= maximumDepth else { throw fault("too deep a nesting") }
        isFresh = true
    }

    /// Steps to the next member or element; false after taking `close`.
    @inline(__always)
    private mutating func advance(to close: Unicode.Scalar) throws(HikaeError) -> Bool {
        let byte = try peek()
        if byte == UInt8(ascii: close) {
            position += 1
            depth -= 1
            isFresh = false
            return false
        }
        if isFresh {
            isFresh = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw fault("no comma where one must be") }
        position += 1
        // A comma must be followed by something: `[1,]` is refused by whoever reads the element.
        return true
    }
}

/// The name of an object's member. Valid as long as the bytes it was read from.
public struct JSONKey {
    /// Points at the name in the document, escapes and all.
    private let start: UnsafePointer<UInt8>
    /// Bytes of the name as it stands in the document.
    private let length: Int
    /// Whether it is ASCII without escapes, as all names that are known are.
    private let isPlain: Bool

    @inline(__always)
    init(start: UnsafePointer<UInt8>, count: Int, isPlain: Bool = true) {
        (self.start, length, self.isPlain) = (start, count, isPlain)
    }

    /// Whether the name is `name`, which must be ASCII.
    @inline(__always)
    public func `is`(_ name: StaticString) -> Bool {
        guard isPlain else { return isSlowly(name) }
        return length == name.utf8CodeUnitCount && memcmp(start, name.utf8Start, name.utf8CodeUnitCount) == 0
    }

    @inline(never)
    private func isSlowly(_ name: StaticString) -> Bool {
        name.withUTF8Buffer { $0.elementsEqual(bytes) }
    }

    /// Bytes of the name in UTF-8.
    @inline(__always)
    public var count: Int { isPlain ? length : bytes.count }

    /// The name in valid UTF-8.
    public var bytes: [UInt8] {
        let characters = UnsafeBufferPointer(start: start, count: length)
        // The reader has refused broken escapes.
        return isPlain ? Array(characters) : JSONEscape.unescaped(characters) ?? []
    }
}

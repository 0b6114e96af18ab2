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
        if !span.isPlain {
            // No name that is known looks like this; one that is kept must be valid, as Go makes it.
            return JSONKey(spelled: try plainBytes(span))
        }
        return JSONKey(start: UnsafePointer(pointer(span.start)), count: span.end - span.start)
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
    /// Points into the document, or nil when the name was written with escapes.
    private let start: UnsafePointer<UInt8>?
    private let spelled: [UInt8]
    /// Bytes of UTF-8.
    public let count: Int

    @inline(__always)
    init(start: UnsafePointer<UInt8>, count: Int) {
        (self.start, self.count, spelled) = (start, count, [])
    }

    init(spelled: [UInt8]) {
        (start, count, self.spelled) = (nil, spelled.count, spelled)
    }

    /// Whether the name is `name`.
    @inline(__always)
    public func `is`(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        if let start { return memcmp(start, name.utf8Start, name.utf8CodeUnitCount) == 0 }
        return spelled.withUnsafeBytes { bytes in
            bytes.baseAddress.map { memcmp($0, name.utf8Start, name.utf8CodeUnitCount) == 0 } ?? true
        }
    }

    /// The name's bytes.
    public var bytes: [UInt8] {
        start.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? spelled
    }
}

// What comes in on standard input, as a source.

public import HikaeCore
import HikaeFormat
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard input, or any other descriptor that is read to its end.
///
/// An empty stream is an error: far more often a program failed than there was nothing to save.
public final class StandardInputSource: StreamOpener {
    private let descriptor: Int32
    private let isTaken = Atomic<Bool>(false)

    /// Reads from `descriptor`, which stays open afterwards.
    public init(descriptor: Int32 = 0) { self.descriptor = descriptor }

    /// For messages.
    public var displayPath: String { "standard input" }

    /// Takes the stream, which can be done once.
    public func open() throws(HikaeError) -> any SourceReader {
        guard !isTaken.exchange(true, ordering: .relaxed) else {
            throw HikaeError(.inputOutput, "standard input can be read once only")
        }
        return Reader(descriptor: descriptor)
    }

    private final class Reader: SourceReader {
        private let descriptor: Int32
        private var isEmpty = true

        init(descriptor: Int32) { self.descriptor = descriptor }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
            let count = try readStream(descriptor, into: buffer, "standard input")
            if count > 0 { isEmpty = false }
            guard count > 0 || !isEmpty else {
                throw HikaeError(
                    .programFailed, "nothing came in on standard input",
                    hint: "Did the program before the pipe fail? Run it alone and look at its messages.")
            }
            return count
        }

        func currentNode() throws(HikaeError) -> Node? { nil }
    }
}

/// `read(2)`, again when a signal comes in between.
func readStream(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ name: @autoclosure () -> String
) throws(HikaeError) -> Int {
    while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        if errno != EINTR { throw .system("read from", name()) }
    }
}

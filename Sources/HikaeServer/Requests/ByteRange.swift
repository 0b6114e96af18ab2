// The Range header of a request for a file. Only what restic and others ask for: one range of bytes.

/// A range of a file's bytes that is asked for.
enum ByteRange: Equatable {
    /// The whole file.
    case whole
    /// These bytes.
    case part(Range<UInt64>)
    /// None of the file's bytes are in it.
    case unsatisfiable

    /// Reads `bytes=A-B`, `bytes=A-` or `bytes=-N` for a file of `size` bytes. What is no such range is passed over, as
    /// HTTP says, and the whole file is meant.
    init(header: String?, size: UInt64) {
        guard let header, header.hasPrefix("bytes="), header.utf8.count < 64 else {
            self = .whole
            return
        }
        let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            self = .whole
            return
        }
        switch (UInt64(parts[0]), UInt64(parts[1])) {
        case (let first?, let last?) where first <= last:
            self = first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
        case (let first?, nil) where parts[1].isEmpty:
            self = first < size ? .part(first..<size) : .unsatisfiable
        case (nil, let count?) where parts[0].isEmpty:
            self = count > 0 && size > 0 ? .part(size - min(count, size)..<size) : .unsatisfiable
        default:
            self = .whole
        }
    }
}

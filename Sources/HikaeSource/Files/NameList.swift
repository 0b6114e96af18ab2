// A directory's names as the system lists them: one flat buffer, however many there are.

internal import CLinux
import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The names in a directory, without "." and "..", NUL-terminated one after the other, and an order over them.
struct NameList {
    private var bytes: [UInt8] = []
    /// Where each name begins and how long it is, in order.
    private var spans: [Span] = []

    private struct Span {
        var start: Int
        var count: Int
    }

    var count: Int { spans.count }

    /// Reads the open directory to its end.
    init(reading descriptor: Int32, path: @autoclosure () -> String) throws(HikaeError) {
        var buffer = [UInt64](repeating: 0, count: 1 << 13)
        while true {
            let length = buffer.withUnsafeMutableBytes { getdents64(descriptor, $0.baseAddress, $0.count) }
            if length == 0 { break }
            if length < 0 {
                if errno == EINTR { continue }
                throw .system("list the directory", path())
            }
            buffer.withUnsafeBytes { add(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
        }
    }

    /// Adds the names of a filled buffer: `struct linux_dirent64`, a header of 19 bytes before each name.
    private mutating func add(_ records: UnsafeRawBufferPointer) {
        var position = 0
        while position + 19 < records.count {
            let length = Int(records.loadUnaligned(fromByteOffset: position + 16, as: UInt16.self))
            guard length > 19, position + length <= records.count else { return }
            let name = UnsafeRawBufferPointer(
                rebasing: records[(position + 19)..<(position + length)].prefix { $0 != 0 })
            position += length
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) || name.isEmpty { continue }
            spans.append(Span(start: bytes.count, count: name.count))
            bytes += name
            bytes.append(0)
        }
    }

    /// Leaves only the names that `isWanted` says yes to.
    mutating func keep(_ isWanted: (UnsafeRawBufferPointer) -> Bool) {
        bytes.withUnsafeBytes { bytes in
            spans.removeAll { span in
                !isWanted(UnsafeRawBufferPointer(rebasing: bytes[span.start..<span.start + span.count]))
            }
        }
    }

    /// Puts the names in the order of their bytes.
    mutating func sort() {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            spans.sort { left, right in
                let order = memcmp(base + left.start, base + right.start, min(left.count, right.count))
                return order != 0 ? order < 0 : left.count < right.count
            }
        }
    }

    /// Calls `body` with each name, its NUL included.
    func forEach(_ body: (UnsafeRawBufferPointer) throws(HikaeError) -> Void) throws(HikaeError) {
        for span in spans {
            try bytes.withUnsafeBufferPointer { bytes throws(HikaeError) in
                let bytes = UnsafeRawBufferPointer(bytes)
                return try body(UnsafeRawBufferPointer(rebasing: bytes[span.start...span.start + span.count]))
            }
        }
    }

    /// All names, copied.
    var names: [[UInt8]] { spans.map { Array(bytes[$0.start..<$0.start + $0.count]) } }
}

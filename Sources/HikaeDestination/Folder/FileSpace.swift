// Writing at a place in a file, and the room for it.

internal import CLinux
import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum FileSpace {
    /// Zeros are left out in runs of at least so many bytes, on such a boundary of the file.
    private static let page = 4096
    /// Files below this get their room as they are written.
    private static let reserveFrom: UInt64 = 1 << 20

    /// Asks the filesystem for the room that the file will take, so that a full disk shows before more of it is
    /// fetched. One that cannot answer is not asked.
    static func reserve(_ descriptor: Int32, _ size: UInt64, _ path: @autoclosure () -> String) throws(HikaeError) {
        guard size >= reserveFrom else { return }
        #if canImport(Glibc)
            while fallocate(descriptor, HIKAE_FALLOC_FL_KEEP_SIZE, 0, off_t(clamping: size)) != 0 {
                if errno == EINTR { continue }
                if errno == ENOSPC || errno == EDQUOT || errno == EFBIG { throw .system("make room for", path()) }
                return
            }
        #endif
    }

    /// Writes all of the bytes.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: UInt64, _ path: @autoclosure () -> String
    ) throws(HikaeError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, base + done, bytes.count - done, off_t(clamping: offset) + off_t(done))
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("write", path())
            }
            done += count
        }
    }

    /// Writes the bytes but for pages of zeros. The file has its full length already.
    static func writeSparsely(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: UInt64, _ path: @autoclosure () -> String
    ) throws(HikaeError) {
        var start = 0
        var position = 0
        while position < bytes.count {
            let end = min(bytes.count, position + page - Int((offset + UInt64(position)) % UInt64(page)))
            if isZero(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) {
                let run = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
                try write(run, to: descriptor, at: offset + UInt64(start), path())
                start = end
            }
            position = end
        }
        let run = UnsafeRawBufferPointer(rebasing: bytes[start...])
        try write(run, to: descriptor, at: offset + UInt64(start), path())
    }

    /// Whether all bytes are zero: the first is, and each equals the one before.
    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return bytes[0] == 0 && memcmp(base, base + 1, bytes.count - 1) == 0
    }
}

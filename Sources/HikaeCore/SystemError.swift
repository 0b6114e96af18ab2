// errno as HikaeError. The only place that turns a number of the C library into a sentence.

#if canImport(Glibc)
    public import Glibc
#else
    public import Darwin
#endif

extension HikaeError {
    /// The error for a failed system call: "cannot ACTION PATH: reason". Reads `errno` unless a number is given.
    public static func system(_ action: String, _ path: String, errno number: Int32 = errno) -> HikaeError {
        var buffer = [CChar](repeating: 0, count: 256)
        let reason = systemWords(number, &buffer) ?? "error \(number)"
        let message = "cannot \(action) \(path): \(reason)"
        return switch number {
        case ENOENT, ENOTDIR: HikaeError(.notFound, message)
        case EACCES, EPERM, EROFS: HikaeError(.permission, message)
        case ENOSPC, EDQUOT:
            HikaeError(.noSpace, message, hint: "Free some space there and run the command again.")
        case EINTR, EAGAIN, EIO, ESTALE, EBUSY: HikaeError(.inputOutput, message, isRetryable: true)
        default: HikaeError(.inputOutput, message)
        }
    }
}

/// The system's words for an error number.
private func systemWords(_ number: Int32, _ buffer: inout [CChar]) -> String? {
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

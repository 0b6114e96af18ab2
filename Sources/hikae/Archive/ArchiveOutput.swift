// Where dumped bytes go: standard output, or a file.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A buffered stream of bytes to a descriptor. One thread.
struct ArchiveOutput: ~Copyable {
    private let descriptor: Int32
    private let name: String
    private let isOwn: Bool
    private var buffer: [UInt8] = []
    /// Bytes written so far.
    private(set) var position: UInt64 = 0

    private static let bufferSize = 1 << 17

    /// Standard output.
    init() {
        (descriptor, name, isOwn) = (STDOUT_FILENO, "standard output", false)
        buffer.reserveCapacity(Self.bufferSize)
    }

    /// A new file; one that is there is replaced.
    init(path: String) throws(HikaeError) {
        let bytes = ArgumentBytes.bytes(path).map { CChar(bitPattern: $0) } + [0]
        descriptor = open(bytes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        (name, isOwn) = (path, true)
        guard descriptor >= 0 else { throw HikaeError.system("create", path) }
        buffer.reserveCapacity(Self.bufferSize)
    }

    deinit { if isOwn, descriptor >= 0 { close(descriptor) } }

    /// Appends bytes.
    mutating func write(_ bytes: [UInt8]) throws(HikaeError) {
        position += UInt64(bytes.count)
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize { try put(bytes) } else { buffer.append(contentsOf: bytes) }
    }

    /// Writes what is buffered.
    mutating func flush() throws(HikaeError) {
        try put(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private func put(_ bytes: [UInt8]) throws(HikaeError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                bytes.baseAddress.map { Glibc.write(descriptor, $0 + done, bytes.count - done) } ?? 0
            }
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&descriptors, 1, -1)
            } else if errno == EPIPE {
                Shutdown.leave(141)
            } else if errno != EINTR {
                throw HikaeError.system("write", name)
            }
            try Shutdown.cancellation.check()
        }
    }
}

// Pipes between this process and the programs it runs.

import HikaeCore
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("A pipe")
struct SystemPipeTests {
    @Test("brings out what was written, and neither end passes to programs")
    func ends() throws {
        let pipe = try SystemPipe(for: "a test")
        defer { for end in [pipe.read, pipe.write] { close(end) } }
        for end in [pipe.read, pipe.write] { #expect(fcntl(end, F_GETFD) & FD_CLOEXEC != 0) }
        #expect([7, 8].withUnsafeBytes { write(pipe.write, $0.baseAddress, 1) } == 1)
        var byte: UInt8 = 0
        #expect(read(pipe.read, &byte, 1) == 1 && byte == 7)
    }
}

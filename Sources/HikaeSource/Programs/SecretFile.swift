// A file without a name for one program's eyes: how passwords reach the programs that want them in a file.

import CLinux
import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes such files.
enum SecretFile {
    /// A descriptor of an unnamed file with the secret in it, at its start, readable by its owner only.
    static func make(_ secret: Secret) throws(HikaeError) -> Int32 {
        let low = memfd_create("hikae", HIKAE_MFD_CLOEXEC)
        guard low >= 0 else { throw .system("make", "an unnamed file") }
        // A high number, so that putting one file under its number in the program never closes another.
        let descriptor = fcntl(low, F_DUPFD_CLOEXEC, 200)
        close(low)
        guard descriptor >= 0 else { throw .system("make", "an unnamed file") }
        fchmod(descriptor, 0o600)
        let count = secret.bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == secret.bytes.count else {
            close(descriptor)
            throw .system("write", "an unnamed file")
        }
        return descriptor
    }
}

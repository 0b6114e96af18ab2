// Answers ssh's question for a password or a passphrase. The secret is in no argument, variable or file on disk.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program for `SSH_ASKPASS` that prints the secret, as long as this exists.
///
/// The program is a script in a folder that only we may enter; it reads the secret from a pipe in that folder, whose
/// content the kernel keeps in memory.
final class AskPass: Sendable {
    private let folder: String
    private let pipe: Int32

    /// ssh reads no more of a passphrase.
    private static let longestSecret = 1023

    /// Asks for the secret and makes the program.
    init(_ password: SecretProvider) throws(HikaeError) {
        let secret = try password()
        guard secret.bytes.count <= Self.longestSecret, !secret.bytes.contains(0x0A), !secret.bytes.contains(0) else {
            throw HikaeError(.usage, "the password is too long, or has line breaks in it")
        }
        let base = getenv("XDG_RUNTIME_DIR") ?? getenv("TMPDIR")
        var template = Array("\(base.map { String(cString: $0) } ?? "/tmp")/hikae-ask-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("make a folder in", "the folder for temporary files") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.folder = folder
        var descriptor: Int32 = -1
        do throws(HikaeError) {
            guard mkfifo("\(folder)/secret", 0o600) == 0 else { throw .system("make a pipe in", folder) }
            // Open at both ends, so that neither side ever waits for the other.
            descriptor = open("\(folder)/secret", O_RDWR | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { throw .system("open", "\(folder)/secret") }
            // ssh asks for each key; a question about the host's key is answered by nobody.
            let line = secret.bytes + [0x0A]
            for _ in 0..<4 {
                let count = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                guard count == line.count else { throw .system("write into", "\(folder)/secret") }
            }
            // A shell reads a pipe byte by byte, so that each question takes one line.
            let script = """
                #!/bin/sh
                case "$1" in *"continue connecting"*) echo no; exit 0 ;; esac
                IFS= read -r secret < '\(folder)/secret' && printf '%s\\n' "$secret"

                """
            try Self.write(script, to: "\(folder)/ask")
        } catch {
            if descriptor >= 0 { close(descriptor) }
            Self.remove(folder)
            throw error
        }
        pipe = descriptor
    }

    deinit {
        close(pipe)
        Self.remove(folder)
    }

    /// What ssh must find in its environment.
    var environment: [String: String] {
        ["SSH_ASKPASS": "\(folder)/ask", "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"]
    }

    private static func write(_ script: String, to path: String) throws(HikaeError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o700)
        guard file >= 0 else { throw .system("create", path) }
        defer { close(file) }
        var script = script
        let count = script.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
        guard count == script.utf8.count else { throw .system("write", path) }
    }

    private static func remove(_ folder: String) {
        unlink("\(folder)/secret")
        unlink("\(folder)/ask")
        rmdir(folder)
    }
}

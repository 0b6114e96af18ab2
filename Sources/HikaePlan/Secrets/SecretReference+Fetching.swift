// Fetching a secret from where its reference says it is. Nothing here keeps or prints what was fetched.

public import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension SecretReference {
    /// No secret is longer than this many bytes.
    private static let limit = 1 << 16

    /// Fetches the secret each time it is called.
    public var provider: SecretProvider {
        let reference = self
        return { () throws(HikaeError) in try reference.fetch() }
    }

    /// Fetches the secret. One newline at its end is dropped. Throws when it is not there, is empty, or lies where
    /// everybody can read it.
    public func fetch() throws(HikaeError) -> Secret {
        var bytes: [UInt8]
        switch self {
        case .file(let path): bytes = try Self.read(path)
        case .environment(let name):
            guard let value = getenv(name) else {
                throw HikaeError(
                    .notFound, "the environment variable \(name) is not set",
                    hint: "Set it where Hikae is started, or keep the secret in a file and say file:PATH.")
            }
            bytes = UnsafeBufferPointer(start: value, count: strlen(value)).map { UInt8(bitPattern: $0) }
        case .command(let line): bytes = try SecretProgram.output(of: line, limit: Self.limit)
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty else { throw HikaeError(.usage, "the secret at \(self) is empty") }
        return Secret(bytes)
    }

    private static func read(_ path: String) throws(HikaeError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            var error = HikaeError.system("open the secret's file", path)
            if error.code == .notFound {
                error.hint = "Put the secret there: run `(umask 077; cat > \(path))`, type it, press Enter and Ctrl-D."
            }
            throw error
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw HikaeError.system("look at the secret's file", path) }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw HikaeError(.usage, "\(path) is a folder, and a secret is in a file")
        }
        guard status.st_mode & S_IFMT != S_IFREG || status.st_mode & 0o007 == 0 else {
            throw HikaeError(
                .permission, "everybody on this machine can read or change the secret in \(path)",
                hint: "Run `chmod o= \(path)`.")
        }
        return try SecretProgram.readAll(descriptor, path, limit: limit)
    }
}

// Where a secret is, never the secret: what a plan may say, what may be printed, and how the secret is fetched.

/// The place of a secret: a file, a variable of the environment, or a program that prints it.
public enum SecretReference: Sendable, Hashable, CustomStringConvertible {
    /// An absolute path.
    case file(String)
    case environment(String)
    /// A program and its arguments, split as a shell would; no shell is run.
    case command(String)

    /// As a plan writes it; safe to print.
    public var description: String {
        switch self {
        case .file(let path): "file:\(path)"
        case .environment(let name): "env:\(name)"
        case .command(let line): "command:\(line)"
        }
    }
}

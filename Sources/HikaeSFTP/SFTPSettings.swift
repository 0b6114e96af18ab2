// What is needed to reach a folder over SFTP: the same for reading it and for writing it.

public import HikaeCore

/// A folder on an SSH server, and how to get there.
///
/// Everything that is not said here is as `ssh` has it: `~/.ssh/config`, keys, agents, jump hosts.
public struct SFTPSettings: Sendable {
    /// A name, an address, or a `Host` of `~/.ssh/config`.
    public var host: String
    /// Nil: what `ssh` takes.
    public var port: Int?
    /// Nil: what `ssh` takes.
    public var user: String?
    /// The folder; a path that does not begin with `/` starts at the account's home.
    public var path: String
    /// Options for `ssh`, each as its `-o` takes it: "ProxyJump=gate.example.jp".
    public var sshOptions: [String] = []
    /// The private key's file; nil: what `ssh` takes.
    public var identityFile: String?
    /// The program that makes the connection.
    public var program = "ssh"
    /// The whole command that speaks SFTP on its input and output, program first, instead of `program` with all that is
    /// said above; nil: `program`.
    public var command: [String]?
    /// The account's password, or the passphrase of its key; nil when neither is asked for.
    public var password: SecretProvider?
    /// What is left out: patterns as `--exclude` takes them, over paths that begin at the folder.
    public var excludes: [String] = []
    /// Seconds after which a server that owes an answer and says next to nothing is given up.
    package var silence = 120.0
    /// What one directory may have.
    var bounds = ListingMachine.Bounds()

    /// The folder `path` on `host`.
    public init(host: String, path: String) {
        self.host = host
        self.path = path
    }

    /// The address for people and records: "sftp://web@www.example.jp:2222/var/www".
    public var address: String {
        let account = user.map { "\($0)@" } ?? ""
        let place = host.contains(":") ? "[\(host)]" : host
        let suffix = port.map { ":\($0)" } ?? ""
        let folder = path.hasPrefix("/") ? path : "/~/" + path
        return "sftp://\(account)\(place)\(suffix)\(folder)"
    }
}

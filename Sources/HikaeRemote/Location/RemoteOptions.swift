// What is needed to reach a repository on another machine and does not stand in its address: names, secrets, trust,
// programs. The plan, the environment and the options of a command all end here.

public import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a store on another machine is reached. Each kind of store takes what concerns it.
public struct RemoteOptions: Sendable {
    /// The account, where the address names none. REST and SFTP.
    public var user: String?
    /// The account's password. REST, and SFTP where a key does not do.
    public var password: SecretProvider?
    /// S3's key. Without one, requests are not signed.
    public var accessKeyID: SecretProvider?
    /// The secret of S3's key.
    public var secretAccessKey: SecretProvider?
    /// The token of a temporary S3 key.
    public var sessionToken: SecretProvider?
    /// S3's region; nil: found out, or "us-east-1".
    public var region: String?
    /// Whether the bucket stands in the path and not in the host's name; nil: what suits the endpoint.
    public var pathStyle: Bool?
    /// Whose certificate is believed. REST and S3.
    public var trust = TrustSettings()
    /// Options for ssh, each as its `-o` takes it.
    public var sshOptions: [String] = []
    /// The private key's file for ssh; nil: what ssh takes.
    public var identityFile: String?
    /// The program that makes SFTP connections.
    public var sshProgram = "ssh"
    /// The whole command that speaks SFTP on its input and output, program first, instead of ssh; nil: ssh.
    public var sftpCommand: [String]?
    /// The rclone program.
    public var rcloneProgram = "rclone"
    /// What rclone is given before the place it serves.
    public var rcloneArguments = ["serve", "restic", "--stdio", "--b2-hard-delete"]
    /// Requests or connections side by side; 0: as many as the kind of store usually takes.
    public var connections = 0
    /// Which lock every object gets, so that nobody removes it before its time. S3; nil: none.
    public var objectLock: ObjectLockSettings?
    /// Stops waiting for servers once it is set.
    public var cancellation = Cancellation()

    public init() {}

    /// What the environment says, in the variables that restic reads too: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    /// AWS_SESSION_TOKEN, AWS_DEFAULT_REGION (or AWS_REGION), RESTIC_REST_USERNAME, RESTIC_REST_PASSWORD and
    /// RESTIC_CACERT; HIKAE_… wins over RESTIC_….
    ///
    /// - Parameter variable: the value of a variable; nil when it is not set or empty.
    public static func environment(
        _ variable: (String) -> String? = RemoteOptions.processVariable
    ) -> RemoteOptions {
        func first(_ names: String...) -> String? { names.firstValue(variable) }
        func secret(_ names: String...) -> SecretProvider? {
            guard let value = names.firstValue(variable) else { return nil }
            let secret = Secret(value)
            return { secret }
        }
        var options = RemoteOptions()
        options.accessKeyID = secret("AWS_ACCESS_KEY_ID")
        options.secretAccessKey = secret("AWS_SECRET_ACCESS_KEY")
        options.sessionToken = secret("AWS_SESSION_TOKEN")
        options.region = first("AWS_DEFAULT_REGION", "AWS_REGION")
        options.user = first("HIKAE_REST_USERNAME", "RESTIC_REST_USERNAME")
        options.password = secret("HIKAE_REST_PASSWORD", "RESTIC_REST_PASSWORD")
        options.trust.certificateAuthority = first("HIKAE_CACERT", "RESTIC_CACERT")
        return options
    }

    /// A variable of this process's environment; nil when it is not set or empty.
    public static func processVariable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension [String] {
    /// The first value that `variable` has for one of these names.
    fileprivate func firstValue(_ variable: (String) -> String?) -> String? {
        for name in self { if let value = variable(name) { return value } }
        return nil
    }
}

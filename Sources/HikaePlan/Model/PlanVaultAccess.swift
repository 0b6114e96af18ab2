// How a vault on another machine is reached: what its address does not say.

public import HikaeCore

/// Accounts, keys and trust of a vault on another machine. All of it may be left out.
public struct PlanVaultAccess: Sendable, Equatable {
    /// The account of an SFTP or REST server, where the address names none.
    public var user: String?
    /// The account's password.
    public var credential: SecretReference?
    /// S3's key.
    public var accessKey: SecretReference?
    public var secretKey: SecretReference?
    public var sessionToken: SecretReference?
    public var region: String?
    public var pathStyle: Bool?
    public var trust = TrustSettings()
    /// The private key's file for ssh.
    public var identityFile: String?
    public var sshOptions: [String] = []
    /// Requests or connections side by side; nil: the usual.
    public var connections: Int?
    /// Under which lock every object is written; nil for none.
    public var objectLock: PlanObjectLock?

    public init() {}

    /// Every secret with the key that names it.
    public var secrets: [(key: String, reference: SecretReference)] {
        let all = [
            ("credential", credential), ("access-key", accessKey), ("secret-key", secretKey),
            ("session-token", sessionToken),
        ]
        return all.compactMap { key, reference in reference.map { (key, $0) } }
    }
}

/// The lock that an S3 bucket puts on each object.
public struct PlanObjectLock: Sendable, Equatable {
    /// Who may lift it.
    public enum Mode: String, Sendable, CaseIterable { case governance, compliance }

    public var mode: Mode
    /// Days from the writing or the last renewal.
    public var days: Int

    public init(mode: Mode, days: Int) { (self.mode, self.days) = (mode, days) }
}

extension PlanVault {
    /// Every secret of the vault with the key that names it, the repository's password first.
    public var secrets: [(key: String, reference: SecretReference)] { [("password", password)] + access.secrets }
}

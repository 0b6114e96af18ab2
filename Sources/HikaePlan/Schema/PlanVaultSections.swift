// The keys of a vault that lies on another machine.

extension PlanSection {
    /// What a vault may say besides its name, place, password and custody.
    static let vaultAccessKeys: [PlanKey] = [
        PlanKey("user", .text, "The account of an SFTP or REST server, where the address names none."),
        PlanKey("credential", .secret, "Where the account's password is: REST, and SFTP where a key does not do."),
        PlanKey("access-key", .secret, "Where the ID of S3's key is."),
        PlanKey("secret-key", .secret, "Where the secret of S3's key is."),
        PlanKey("session-token", .secret, "Where the token of a temporary S3 key is."),
        PlanKey("region", .text, "S3's region."),
        PlanKey("path-style", .flag, "Whether the bucket stands in the path, not in the host's name."),
        PlanKey("trust", .section(.trust), "Which certificate is believed."),
        PlanKey("identity", .path, "The private key for ssh; what ssh finds by itself when left out."),
        PlanKey("ssh-options", .texts, "Options for ssh, as after its -o: ProxyJump=gate.example.jp."),
        PlanKey("connections", .count(1...256), "Requests or connections side by side."),
        PlanKey("object-lock", .section(.objectLock), "The lock under which every object in an S3 bucket is written."),
    ]

    static let objectLock = PlanSection(
        name: "object-lock", summary: "A lock that nobody lifts before its time. Every run renews it.",
        keys: [
            PlanKey(
                "mode", .choice(PlanObjectLock.Mode.allCases.map(\.rawValue)),
                "governance can be lifted by whoever has the right to, compliance by nobody at all.", required: true),
            PlanKey("days", .count(1...36_500), "Days from the last renewal.", required: true),
        ])
}

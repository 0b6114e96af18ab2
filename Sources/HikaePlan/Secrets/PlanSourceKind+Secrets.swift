// The secrets that a source or destination names.

extension PlanSourceKind {
    /// Every secret with the key that names it.
    public var secrets: [(key: String, reference: SecretReference)] {
        let all: [(String, SecretReference?)]
        switch self {
        case .sftp(let plan): all = [("password", plan.password)]
        case .ftp(let plan): all = [("password", plan.password)]
        case .imap(let plan): all = [("password", plan.password)]
        case .postgresql(let plan), .mariadb(let plan): all = [("password", plan.password)]
        case .s3(let plan):
            all = [
                ("access-key", plan.accessKeyID), ("secret-key", plan.secretAccessKey),
                ("session-token", plan.sessionToken),
            ]
        case .sqlite, .files, .command: all = []
        }
        return all.compactMap { key, reference in reference.map { (key, $0) } }
    }
}

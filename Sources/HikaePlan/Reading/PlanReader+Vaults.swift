// Vaults on other machines: their addresses, and how they are reached.

import HikaeCore
import Yams

extension PlanReader {
    /// Which part of a pack its parity is to mend.
    func parity(_ section: SectionReader) -> Double? {
        guard let percent = section.percent("parity") else { return nil }
        guard (1...25).contains(percent) else {
            section.fault("parity", "parity is from 1% to 25%; leave it out for none")
            return nil
        }
        return percent / 100
    }

    /// What the section says of reaching the vault.
    func access(_ section: SectionReader) -> PlanVaultAccess {
        var access = PlanVaultAccess()
        access.user = section.text("user")
        access.credential = section.secret("credential", base: base)
        access.accessKey = section.secret("access-key", base: base)
        access.secretKey = section.secret("secret-key", base: base)
        if section.has("access-key") != section.has("secret-key") {
            section.fault(
                section.has("access-key") ? "access-key" : "secret-key",
                "`access-key` and `secret-key` belong together")
        }
        access.sessionToken = section.secret("session-token", base: base)
        access.region = section.text("region")
        access.pathStyle = section.flag("path-style")
        access.trust = section.trust(base: base)
        access.identityFile = section.path("identity", base: base)
        access.sshOptions = section.texts("ssh-options")
        access.connections = section.count("connections")
        if let node = section.node("object-lock"),
            let inner = self.section(node, .objectLock, "object-lock", in: section)
        {
            let mode = inner.choice("mode", PlanObjectLock.Mode.self)
            let days = inner.count("days")
            if let mode, let days { access.objectLock = PlanObjectLock(mode: mode, days: days) }
        }
        return access
    }

    /// Tells of keys that mean nothing for the place that the vault's repository is at, and of a password in its
    /// address, which is never quoted.
    func judge(_ section: SectionReader, repository: String) {
        let scheme = String(repository.prefix { $0 != ":" && $0 != "/" })
        let keys: [String: Set<String>] = [
            "rest": ["user", "credential", "trust", "connections"],
            "sftp": ["user", "credential", "identity", "ssh-options", "connections"],
            "s3": [
                "access-key", "secret-key", "session-token", "region", "path-style", "trust", "connections",
                "object-lock",
            ],
            "rclone": ["connections"],
        ]
        let isRemote = keys[scheme] != nil && repository.dropFirst(scheme.count).hasPrefix(":")
        let allowed = isRemote ? keys[scheme, default: []] : []
        for key in PlanSection.vaultAccessKeys.map(\.name) where section.has(key) && !allowed.contains(key) {
            section.fault(
                key, "a vault \(isRemote ? "behind \(scheme):" : "in a folder of this machine") has no `\(key)`")
        }
        guard isRemote, scheme != "rclone" else { return }
        var rest = repository.dropFirst(scheme.count + 1)
        for prefix in ["http://", "https://", "//"] where rest.hasPrefix(prefix) { rest = rest.dropFirst(prefix.count) }
        let authority = rest.prefix { $0 != "/" }
        if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") {
            section.fault(
                "repository",
                "the address has a password in it, and a plan must not: write `user` and where the password is with "
                    + "`credential`")
        }
    }
}

// From what a plan says of a place to what its kind wants to know. Secrets stay where they are: what is passed on
// is how to fetch them when a connection is made.

import HikaeCore
import HikaeFTP
import HikaePlan
import HikaeSFTP

extension SFTPSettings {
    init(_ plan: SFTPPlan) {
        self.init(host: plan.host, path: plan.path)
        (port, user, sshOptions, identityFile) = (plan.port, plan.user, plan.sshOptions, plan.identityFile)
        (program, password, excludes) = (plan.program, plan.password?.provider, plan.excludes)
    }
}

extension FTPSettings {
    init(_ plan: FTPPlan) {
        let security: Security =
            switch plan.tls {
            case .none: .none
            case .explicit: .explicitTLS
            case .implicit: .implicitTLS
            }
        let encoding: Encoding =
            switch plan.encoding {
            case .automatic: .automatic
            case .utf8: .utf8
            case .shiftJIS: .shiftJIS
            case .eucJP: .eucJP
            }
        self.init(
            host: plan.host, port: plan.port, user: plan.user ?? "anonymous", password: plan.password?.provider,
            path: plan.path, security: security, encoding: encoding, connections: plan.connections,
            certificate: plan.trust, excludes: plan.excludes)
    }
}

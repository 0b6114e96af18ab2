// From what a plan says of a mail account to what is needed to reach it.

import HikaeCore
import HikaeMail
import HikaePlan

extension IMAPSettings {
    init(_ plan: IMAPPlan) {
        let security: Security =
            switch plan.tls {
            case .none: .none
            case .explicit: .startTLS
            case .implicit: .implicitTLS
            }
        let authentication: Authentication =
            switch plan.authentication {
            case .automatic: .automatic
            case .login: .login
            case .plain: .plain
            case .xoauth2: .xoauth2
            }
        self.init(
            host: plan.host, port: plan.port, security: security, user: plan.user, authentication: authentication,
            secret: plan.password.provider, trust: plan.trust, includeMailboxes: plan.mailboxes,
            excludeMailboxes: plan.excludes, connections: plan.connections)
    }
}

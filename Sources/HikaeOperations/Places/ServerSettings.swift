// From what a plan says of a database to what is needed to reach it.

import HikaeCore
import HikaeDatabase
import HikaePlan
import HikaeRepository

extension DatabaseSettings {
    init(_ plan: DatabasePlan, engine: DatabaseEngine) {
        // The programs of both engines take the name of whoever runs them when none is given.
        self.init(engine: engine, user: plan.user ?? ProcessIdentity.current().username)
        (host, port, socket) = (plan.host, plan.port, plan.socket)
        (password, database, via) = (plan.password?.provider, plan.database, plan.via)
        (sshOptions, programs, includesGlobals) = (plan.sshOptions, plan.programs, plan.includesGlobals)
        security =
            switch plan.tls {
            case nil: .automatic
            case .explicit?: .verified
            case PlanDatabaseTLS.none?: .none
            }
        certificateAuthority = plan.trust.certificateAuthority
    }
}

// What can be seen of the place that a source is read from: the original, which is a copy like any other.

import HikaeCore
import HikaeGuard
import HikaePlan
import HikaeS3

/// Originals, looked at.
struct SourceObservation {
    let mounts: MountTable
    let machine: String

    func observe(_ kind: PlanSourceKind, _ copy: inout CopyCustody) {
        switch kind {
        case .sftp(let plan):
            let seen = HostObservation.ssh(
                host: plan.host, port: plan.port, user: plan.user, options: plan.sshOptions,
                identity: plan.identityFile, program: plan.program)
            add(seen, &copy)
        case .ftp(let plan):
            let port = plan.port ?? (plan.tls == .implicit ? 990 : 21)
            add(HostObservation.service(plan.host, port), &copy)
            if plan.tls == .implicit, let trait = HostObservation.certificate(plan.host, port) {
                copy.traits.insert(trait)
            }
        case .imap(let plan):
            let port = plan.port ?? (plan.tls == .implicit ? 993 : 143)
            add(HostObservation.service(plan.host, port), &copy)
            if plan.tls == .implicit, let trait = HostObservation.certificate(plan.host, port) {
                copy.traits.insert(trait)
            }
        case .postgresql(let plan): database(plan, 5432, &copy)
        case .mariadb(let plan): database(plan, 3306, &copy)
        case .sqlite(let plan): folder(plan.path, &copy)
        case .s3(let plan): BucketObservation.observe(S3Settings(plan), &copy)
        case .files(let plan): for path in plan.paths { folder(path, &copy) }
        case .command(let plan):
            copy.unseen.append("where \(plan.arguments.first ?? "the program") takes its output from is not to be seen")
        }
    }

    private func database(_ plan: DatabasePlan, _ port: Int, _ copy: inout CopyCustody) {
        if let via = plan.via, let mark = via.firstRange(of: "://") {
            // Behind an SSH server its own address says nothing here.
            let place = via[mark.upperBound...].prefix { $0 != "/" }
            let user = place.lastIndex(of: "@").map { String(place[..<$0]) }
            let rest = place.lastIndex(of: "@").map { place[place.index(after: $0)...] } ?? place
            let parts = BucketObservation.service("ssh://\(rest)")
            add(
                HostObservation.ssh(
                    host: parts?.host ?? String(rest), port: parts?.port, user: user, options: plan.sshOptions,
                    identity: nil), &copy)
        } else if let host = plan.host, plan.socket == nil {
            add(HostObservation.service(host, plan.port ?? port), &copy)
        } else {
            copy.traits.insert(CustodyTrait(.machine, machine))
        }
    }

    private func folder(_ path: String, _ copy: inout CopyCustody) {
        let seen = FolderObservation(path, mounts: mounts, machine: machine)
        add((seen.traits, seen.unseen), &copy)
        if seen.isWritable { copy.erasure = .possible }
    }

    private func add(_ seen: (traits: Set<CustodyTrait>, unseen: [String]), _ copy: inout CopyCustody) {
        copy.traits.formUnion(seen.traits)
        copy.unseen += seen.unseen
    }
}

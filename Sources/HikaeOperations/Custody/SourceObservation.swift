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
            copy.see(seen)
        case .ftp(let plan):
            let port = plan.port ?? (plan.tls == .implicit ? 990 : 21)
            server(plan.host, port, plan.tls, explicitly: .ftp, &copy)
        case .imap(let plan):
            let port = plan.port ?? (plan.tls == .implicit ? 993 : 143)
            server(plan.host, port, plan.tls, explicitly: .imap, &copy)
        case .postgresql(let plan): database(plan, 5432, .postgresql, &copy)
        case .mariadb(let plan): database(plan, 3306, .mariadb, &copy)
        case .sqlite(let plan): folder(plan.path, &copy)
        case .s3(let plan): BucketObservation.observe(S3Settings(plan), &copy)
        case .files(let plan): for path in plan.paths { folder(path, &copy) }
        case .command(let plan):
            copy.unseen.append("where \(plan.arguments.first ?? "the program") takes its output from is not to be seen")
        }
    }

    /// A server that shows its certificate at once, or when it is asked to.
    private func server(
        _ host: String, _ port: Int, _ tls: PlanTLS, explicitly beginning: TLSBeginning, _ copy: inout CopyCustody
    ) {
        copy.see(HostObservation.service(host, port))
        switch tls {
        case .none: break
        case .implicit: copy.see(HostObservation.certificate(host, port))
        case .explicit: copy.see(HostObservation.certificate(host, port, beginning))
        }
    }

    private func database(
        _ plan: DatabasePlan, _ port: Int, _ beginning: TLSBeginning, _ copy: inout CopyCustody
    ) {
        if let via = plan.via, let mark = via.firstRange(of: "://") {
            // Behind an SSH server its own address says nothing here.
            let place = via[mark.upperBound...].prefix { $0 != "/" }
            let user = place.lastIndex(of: "@").map { String(place[..<$0]) }
            let rest = place.lastIndex(of: "@").map { place[place.index(after: $0)...] } ?? place
            let parts = BucketObservation.service("ssh://\(rest)")
            copy.see(
                HostObservation.ssh(
                    host: parts?.host ?? String(rest), port: parts?.port, user: user, options: plan.sshOptions,
                    identity: nil))
        } else if let host = plan.host, plan.socket == nil {
            copy.see(HostObservation.service(host, plan.port ?? port))
            if plan.tls == .explicit { copy.see(HostObservation.certificate(host, plan.port ?? port, beginning)) }
        } else {
            copy.traits.insert(CustodyTrait(.machine, machine))
        }
    }

    private func folder(_ path: String, _ copy: inout CopyCustody) {
        let seen = FolderObservation(path, mounts: mounts, machine: machine)
        copy.see((seen.traits, seen.unseen))
        if seen.isWritable { copy.erasure = .possible }
    }
}

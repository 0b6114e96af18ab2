// A plan as understood, to be shown: every default filled in, every path absolute, secrets as their references. What
// comes out as YAML is a plan again.

import HikaeCore

extension Plan {
    /// The whole plan.
    public var value: PlanValue {
        .keys([
            "organisation": .text(organisation), "language": .text(language.rawValue),
            "timezone": timeZone.map { .text($0) }, "vaults": .list(vaults.map(\.value)),
            "systems": .list(systems.map { $0.value(besides: verdicts) }), "retention": retention?.value,
            "verdicts": verdicts.value, "people": people.isEmpty ? nil : .list(people.map(\.value)),
            "alarms": alarms.isEmpty ? nil : .list(alarms.map { .keys(["command": .text($0.command)]) }),
            "limits": .keys([
                "sources": .number(limits.sources), "upload": limits.upload.map { .number(Int(clamping: $0)) },
                "download": limits.download.map { .number(Int(clamping: $0)) },
            ]),
        ])
    }
}

extension PlanVault {
    fileprivate var value: PlanValue {
        .keys([
            "name": .text(name), "repository": .text(repository), "password": password.value,
            "custody": custody.map { custody in
                .keys([
                    "holder": custody.holder.map { .text($0) }, "provider": custody.provider.map { .text($0) },
                    "account": custody.account.map { .text($0) }, "place": custody.place.map { .text($0) },
                    "note": custody.note.map { .text($0) },
                ])
            },
            "parity": parity.map { share in
                let percent = (share * 1e6).rounded() / 1e4
                return .text(percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%")
            },
            "user": access.user.map { .text($0) }, "credential": access.credential?.value,
            "access-key": access.accessKey?.value, "secret-key": access.secretKey?.value,
            "session-token": access.sessionToken?.value, "region": access.region.map { .text($0) },
            "path-style": access.pathStyle.map { .flag($0) },
            "trust": access.trust == TrustSettings()
                ? nil
                : .keys([
                    "ca": access.trust.certificateAuthority.map { .text($0) },
                    "fingerprint": access.trust.fingerprint.map { .text($0) },
                ]), "identity": access.identityFile.map { .text($0) },
            "ssh-options": access.sshOptions.isEmpty ? nil : .list(access.sshOptions.map { .text($0) }),
            "connections": access.connections.map { .number($0) },
            "object-lock": access.objectLock.map { lock in
                .keys(["mode": .text(lock.mode.rawValue), "days": .number(lock.days)])
            },
        ])
    }
}

extension SecretReference {
    fileprivate var value: PlanValue { .text(description) }
}

extension PlanSystem {
    fileprivate func value(besides usual: VerdictThresholds) -> PlanValue {
        let objectives: PlanValue = .keys([
            "loss": self.objectives.loss.map { .text($0.description) },
            "back": self.objectives.back.map { .text($0.description) },
        ])
        return .keys([
            "name": .text(name), "title": .text(title), "importance": .number(importance),
            "objectives": self.objectives.loss == nil && self.objectives.back == nil ? nil : objectives,
            "verdicts": verdicts == usual ? nil : verdicts.value,
            "sources": .list(sources.map { $0.value(besides: verdicts) }),
        ])
    }
}

extension PlanSource {
    fileprivate func value(besides usual: VerdictThresholds) -> PlanValue {
        var members = [PlanValue.Member(name: "name", value: .text(name))] + kind.members(ofSource: true)
        if let restore { members.append(.init(name: "restore", value: .keys(restore.kind.members(ofSource: false)))) }
        if verdicts != usual { members.append(.init(name: "verdicts", value: verdicts.value)) }
        return .keys(members)
    }
}

extension VerdictThresholds {
    fileprivate var value: PlanValue {
        func percent(_ number: Double) -> PlanValue {
            .text(number == number.rounded() ? "\(Int(number))%" : "\(number)%")
        }
        return .keys([
            "shrink": percent(shrinkPercent), "change": percent(changePercent), "minimum-items": .number(minimumItems),
            "suspicious-content": percent(suspiciousContentPercent), "unreadable": percent(unreadablePercent),
        ])
    }
}

extension PlanRetention {
    fileprivate var value: PlanValue {
        func count(_ number: Int?) -> PlanValue? { number.map { $0 < 0 ? .text("unlimited") : .number($0) } }
        return .keys([
            "last": count(last), "hourly": count(hourly), "daily": count(daily), "weekly": count(weekly),
            "monthly": count(monthly), "yearly": count(yearly), "within": within.map { .text($0.description) },
        ])
    }
}

extension PlanPerson {
    fileprivate var value: PlanValue {
        .keys([
            "name": .text(name), "mail": mail.map { .text($0) },
            "roles": roles.isEmpty ? nil : .list(roles.map { .text($0.rawValue) }),
        ])
    }
}

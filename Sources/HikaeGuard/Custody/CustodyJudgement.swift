// What copies share, judged. Pure: copies in, findings out; nothing is looked up here.

public import HikaeCore

/// One reason for a light between two copies.
public struct CustodyFinding: Sendable, Equatable {
    /// Why.
    public enum Reason: Sendable, Equatable {
        /// Both have the trait.
        case shared(CustodyTrait)
        /// The same bucket, under whatever name.
        case sameBucket(String)
        case sameHolder(String)
        case sameAccount(provider: String, account: String)
        case sameProvider(String)
        case samePlace(String)
        /// What this machine holds is enough to end both.
        case erasableHere
        /// The same may be so: of these copies nobody can tell.
        case perhapsErasable(copies: [String])
        /// Nobody has said.
        case unsaid(CustodyFinger, copies: [String])
        /// Said in the plan, by nobody in particular and at no time.
        case unconfirmed(copies: [String])
        case confirmedLongAgo(copy: String, days: Int64)
        case contractEnds(copy: String, day: String)
        case unseen(copy: String, what: String)
    }

    public var finger: CustodyFinger
    public var light: CustodyLight
    public var reason: Reason
}

/// Two copies and what they share.
public struct CustodyPair: Sendable, Equatable {
    public var first, second: String
    /// Whether both are vaults.
    public var isBetweenVaults: Bool
    /// The worst first.
    public var findings: [CustodyFinding]
    public var light: CustodyLight { findings.map(\.light).max() ?? .green }

    /// How it stands under one finger.
    public func light(of finger: CustodyFinger) -> CustodyLight {
        findings.filter { $0.finger == finger }.map(\.light).max() ?? .green
    }
}

/// One row of the table of who could end which copies.
public struct CustodyReach: Sendable, Equatable {
    public var finger: CustodyFinger
    /// The machine, key, account, place or person; a trait's or a statement's words.
    public var kind: String
    public var name: String
    public var copies: [String]
}

/// The custody of all copies of a plan.
public struct CustodyJudgement: Sendable {
    /// After how many days a person's word wants to be said again.
    public static let statementDays: Int64 = 365
    /// How many days before its end a contract is told of.
    public static let contractDays: Int64 = 60

    public var copies: [CopyCustody]
    public var pairs: [CustodyPair]

    /// Judges every pair of copies: vault with vault, and each vault with each original.
    public init(_ copies: [CopyCustody], now: Timestamp) {
        self.copies = copies
        pairs = []
        for (index, first) in copies.enumerated() {
            for second in copies[(index + 1)...] where first.kind == .vault || second.kind == .vault {
                pairs.append(Self.pair(first, second, now))
            }
        }
    }

    /// The best that any two vaults are to each other, and not better than the worst off original with its best vault:
    /// as long as one pair stands apart, no one finger ends everything. One vault alone is red.
    public var light: CustodyLight {
        let vaults = pairs.filter(\.isBetweenVaults).map(\.light).min() ?? .red
        let originals = copies.filter { $0.kind == .original }.map { original in
            pairs.filter { $0.first == original.name || $0.second == original.name }.map(\.light).min() ?? .red
        }
        return max(vaults, originals.max() ?? .green)
    }

    /// Who could end which copies, those that end most first within each finger.
    public var reaches: [CustodyReach] {
        var found: [CustodyReach] = []
        for finger in CustodyFinger.allCases {
            var rows: [String: CustodyReach] = [:]
            func add(_ kind: String, _ value: String, _ shown: String, _ copy: String) {
                rows[kind + "\0" + value, default: CustodyReach(finger: finger, kind: kind, name: shown, copies: [])]
                    .copies.append(copy)
            }
            for copy in copies {
                for trait in copy.traits where trait.kind.meaning == (finger, .red) {
                    add(trait.kind.rawValue, trait.value, trait.shown, copy.name)
                }
                let said = copy.statement
                switch finger {
                case .bill:
                    if let provider = Self.outside(said?.provider, "own") {
                        let account = Self.outside(said?.account, "none")
                        let name = [provider, account].compactMap { $0 }.joined(separator: " / ")
                        add("provider", Self.key(name), name, copy.name)
                    }
                case .building: if let place = said?.place { add("place", Self.key(place), place, copy.name) }
                case .person: if let holder = said?.holder { add("holder", Self.key(holder), holder, copy.name) }
                case .script:
                    if copy.erasure == .possible { add("capturing-host", "", "-", copy.name) }
                case .key: break
                }
            }
            var told: Set<[String]> = []
            found += rows.values.sorted {
                ($1.copies.count, $0.kind, $0.name) < ($0.copies.count, $1.kind, $1.name)
            }.filter {
                // A filesystem's device number, mount source and fsid are one thing to people.
                told.insert([$0.kind, $0.name] + $0.copies).inserted
            }
        }
        return found
    }

    // MARK: A pair

    private static func pair(_ first: CopyCustody, _ second: CopyCustody, _ now: Timestamp) -> CustodyPair {
        var findings = seen(first, second)
        findings += said(first, second)
        for copy in [first, second] { findings += age(copy, now) }
        let sorted = findings.enumerated().sorted {
            ($1.element.light, $0.offset) < ($0.element.light, $1.offset)
        }
        return CustodyPair(
            first: first.name, second: second.name, isBetweenVaults: first.kind == .vault && second.kind == .vault,
            findings: sorted.map(\.element))
    }

    private static func seen(_ first: CopyCustody, _ second: CopyCustody) -> [CustodyFinding] {
        var findings: [CustodyFinding] = []
        let shared = first.traits.intersection(second.traits)
        var told: Set<String> = []
        for trait in shared.sorted(by: { ($0.kind.rawValue, $0.value) < ($1.kind.rawValue, $1.value) }) {
            // Device number, mount source and fsid may say the same thing three times.
            guard told.insert(trait.kind.rawValue + "\0" + trait.shown).inserted else { continue }
            let (finger, light) = trait.kind.meaning
            switch trait.kind {
            case .bucket:
                // The same name with nothing else in common is another provider's bucket.
                let proofs: Set<CustodyTrait.Kind> = [.bucketOwner, .accessKey, .certificate, .service, .address]
                guard shared.contains(where: { proofs.contains($0.kind) }) else { continue }
                findings.append(CustodyFinding(finger: .script, light: .red, reason: .sameBucket(trait.shown)))
            case .address, .host:
                // Told by the service already.
                guard !shared.contains(where: { $0.kind == .service || $0.kind == .hostKey }) else { continue }
                findings.append(CustodyFinding(finger: finger, light: light, reason: .shared(trait)))
            case .passwordPlace:
                // Told by the password already.
                guard !shared.contains(where: { $0.kind == .password }) else { continue }
                findings.append(CustodyFinding(finger: finger, light: light, reason: .shared(trait)))
            default:
                findings.append(CustodyFinding(finger: finger, light: light, reason: .shared(trait)))
            }
        }
        if let reason = erasure(first, second) {
            findings.append(CustodyFinding(finger: .script, light: .amber, reason: reason))
        }
        for copy in [first, second] {
            for what in copy.unseen {
                findings.append(
                    CustodyFinding(finger: .script, light: .amber, reason: .unseen(copy: copy.name, what: what)))
            }
        }
        return findings
    }

    /// Whether this machine is, or may be, the one hand; nil when one of the two refuses it.
    private static func erasure(_ first: CopyCustody, _ second: CopyCustody) -> CustodyFinding.Reason? {
        if first.erasure == .possible, second.erasure == .possible { return .erasableHere }
        guard first.kind == .vault, second.kind == .vault, first.erasure != .refused, second.erasure != .refused else {
            return nil
        }
        return .perhapsErasable(copies: [first, second].filter { $0.erasure == .unknown }.map(\.name))
    }

    private static func said(_ first: CopyCustody, _ second: CopyCustody) -> [CustodyFinding] {
        let (one, other) = (first.statement, second.statement)
        var findings: [CustodyFinding] = []
        func compare(
            _ finger: CustodyFinger, _ value: (CustodyStatement) -> String?,
            _ reason: (String) -> CustodyFinding.Reason
        ) {
            let values = (one.flatMap(value), other.flatMap(value))
            if let left = values.0, let right = values.1 {
                guard key(left) == key(right) else { return }
                findings.append(CustodyFinding(finger: finger, light: .red, reason: reason(left)))
            } else {
                let silent = [(first, values.0), (second, values.1)].filter { $0.1 == nil }.map(\.0.name)
                findings.append(CustodyFinding(finger: finger, light: .amber, reason: .unsaid(finger, copies: silent)))
            }
        }
        compare(.person, \.holder) { .sameHolder($0) }
        compare(.building, \.place) { .samePlace($0) }
        if let left = one?.provider, let right = other?.provider {
            if key(left) == key(right), let provider = outside(left, "own") {
                let accounts = (one?.account, other?.account)
                if let account = accounts.0, let second = accounts.1, key(account) != key(second) {
                    findings.append(CustodyFinding(finger: .bill, light: .amber, reason: .sameProvider(provider)))
                } else {
                    let reason = CustodyFinding.Reason.sameAccount(
                        provider: provider, account: accounts.0 ?? accounts.1 ?? "?")
                    findings.append(CustodyFinding(finger: .bill, light: .red, reason: reason))
                }
            }
        } else {
            compare(.bill, \.provider) { .sameProvider($0) }
        }
        let undated = [first, second].filter { $0.statement != nil && $0.statement?.when == nil }.map(\.name)
        if !undated.isEmpty {
            findings.append(CustodyFinding(finger: .person, light: .amber, reason: .unconfirmed(copies: undated)))
        }
        return findings
    }

    private static func age(_ copy: CopyCustody, _ now: Timestamp) -> [CustodyFinding] {
        guard let said = copy.statement else { return [] }
        var findings: [CustodyFinding] = []
        if let when = said.when {
            let days = (now.seconds - when.seconds) / 86_400
            if days > statementDays {
                findings.append(
                    CustodyFinding(
                        finger: .person, light: .amber, reason: .confirmedLongAgo(copy: copy.name, days: days)))
            }
        }
        if let end = said.contractEnd, let time = Timestamp(rfc3339: end + "T00:00:00Z"),
            time.seconds - now.seconds < contractDays * 86_400
        {
            findings.append(
                CustodyFinding(finger: .bill, light: .amber, reason: .contractEnds(copy: copy.name, day: end)))
        }
        return findings
    }

    /// The value unless it is the word for none.
    private static func outside(_ value: String?, _ none: String) -> String? { value == none ? nil : value }

    /// Words as they are compared: without case and white space.
    static func key(_ text: String) -> String { text.lowercased().filter { !$0.isWhitespace } }
}

// From nodes to a plan: the whole file is read and every mistake told, not just the first.

public import HikaeCore
import Yams

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Plan {
    /// Reads the plan in a file. Throws `.usage` with every mistake, its line and its key.
    public static func load(_ path: String) throws(HikaeError) -> Plan {
        let reading = try read(file: path)
        guard let plan = reading.plan, reading.problems.isEmpty else { throw PlanProblem.error(reading.problems) }
        return plan
    }

    /// Reads the plan in a file. Throws only when the file cannot be read; its mistakes are in the result.
    ///
    /// From then on no program is given the variables that the plan finds secrets in (`env:`).
    public static func read(file path: String) throws(HikaeError) -> (plan: Plan?, problems: [PlanProblem]) {
        let reading = read(try PlanFile.bytes(path), file: path)
        HiddenVariables.hide(reading.plan?.secretVariables ?? [])
        return reading
    }

    /// The variables of the environment that hold secrets of the plan.
    private var secretVariables: [String] {
        var references = vaults.flatMap(\.secrets).map(\.reference)
        for (_, source) in sources {
            references += (source.kind.secrets + (source.restore?.kind.secrets ?? [])).map(\.reference)
        }
        return references.compactMap { reference in
            if case .environment(let name) = reference { name } else { nil }
        }
    }

    /// Reads a plan that is there as bytes. Nil, and at least one problem, when it is none that can be used.
    ///
    /// - Parameters:
    ///   - file: what messages call the plan; paths in the plan begin at its folder.
    ///   - home: what `~` stands for.
    public static func read(
        _ bytes: [UInt8], file: String, home: String? = environmentHome()
    ) -> (plan: Plan?, problems: [PlanProblem]) {
        let problems = PlanProblems(file: file)
        guard let root = PlanFile.root(bytes, problems) else { return (nil, problems.sorted) }
        let absolute = absolutePath(file)
        let folder = absolute.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        let reader = PlanReader(
            base: PlanBase(folder: folder.isEmpty ? "/" : folder, home: home), problems: problems)
        let plan = reader.plan(root, file: absolute)
        return (problems.list.isEmpty ? plan : nil, problems.sorted)
    }

    /// The home folder by the environment; nil when it says none.
    public static func environmentHome() -> String? {
        getenv("HOME").map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private static func absolutePath(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return PlanBase(folder: String(cString: folder)).absolute(path) ?? path
    }
}

/// Makes a plan of nodes.
struct PlanReader {
    let base: PlanBase
    let problems: PlanProblems

    /// The plan; nil when what it cannot do without is missing. Whatever is wrong is in `problems`.
    func plan(_ root: Node, file: String) -> Plan? {
        guard let section = SectionReader(root, .root, path: "", problems) else { return nil }
        var verdicts = VerdictThresholds()
        read(&verdicts, in: section)
        let vaults = sections("vaults", .vault, in: section).compactMap(vault)
        let systems = sections("systems", .system, in: section).enumerated().compactMap {
            system($0.element, position: $0.offset + 1, verdicts)
        }
        refuseTwins(vaults.map { ($0.name, $0.places) }, "vaults")
        refuseTwins(systems.map { ($0.system.name, $0.system.places) }, "systems")
        refuseSharedRepositories(vaults)
        let people = sections("people", .person, in: section).compactMap(person)
        refuseTwins(people.map { ($0.name, $0.places) }, "people")
        let alarms = sections("alarms", .alarm, in: section).compactMap { alarm in
            alarm.text("command").map { PlanAlarm(command: $0, places: alarm.places) }
        }
        let organisation = section.text("organisation")
        let plan = Plan(
            file: file, organisation: organisation ?? "", language: section.choice("language") ?? .english,
            timeZone: timeZone(section), vaults: vaults,
            systems: systems.sorted { $0.order < $1.order }.map(\.system), retention: retention(section),
            verdicts: verdicts, people: people, alarms: alarms, limits: limits(section), places: section.places)
        return organisation == nil ? nil : plan
    }

    /// The sections of a list; a problem when it has too few.
    func sections(_ key: String, _ kind: PlanSection, in parent: SectionReader) -> [SectionReader] {
        let items = parent.items(key)
        if parent.node(key)?.sequence?.isEmpty == true {
            parent.fault(key, "the list is empty: give it at least one \(kind.name), or leave `\(key)` out")
        }
        return items.enumerated().compactMap { index, node in
            SectionReader(node, kind, path: path(of: node, at: index, key, in: parent), problems)
        }
    }

    /// "systems.shop" where it has a name, "systems[2]" where not.
    func path(of node: Node, at index: Int, _ key: String, in parent: SectionReader) -> String {
        let list = SectionReader.joined(parent.path, key)
        guard let name = node.mapping?["name"]?.scalar?.string, PlanText.isName(name) else {
            return "\(list)[\(index + 1)]"
        }
        return "\(list).\(name)"
    }

    /// Tells of every name that stands more than once.
    func refuseTwins(_ names: [(name: String, places: PlanPlaces)], _ what: String) {
        var first: [String: PlanPlace] = [:]
        for (name, places) in names {
            let place = places.of("name")
            if let earlier = first[name] {
                problems.add(
                    place, "two \(what) are called \(PlanText.quoted(name)); the first is in line \(earlier.line)")
            } else {
                first[name] = place
            }
        }
    }

    private func refuseSharedRepositories(_ vaults: [PlanVault]) {
        for (index, vault) in vaults.enumerated() {
            guard let twin = vaults[..<index].first(where: { $0.repository == vault.repository }) else { continue }
            problems.add(
                vault.places.of("repository"),
                "this is the repository of the vault \(twin.name) (line \(twin.places.of("repository").line)) as well; "
                    + "each vault is a repository of its own")
        }
    }

    // MARK: Sections

    private func vault(_ section: SectionReader) -> PlanVault? {
        let name = section.name()
        let repository = section.repository("repository", base: base)
        let password = section.secret("password", base: base)
        var custody: PlanCustody?
        if let node = section.node("custody"), let inner = self.section(node, .custody, "custody", in: section) {
            custody = PlanCustody(
                holder: inner.text("holder"), provider: inner.text("provider"), account: inner.text("account"),
                place: inner.text("place"), note: inner.text("note"), places: inner.places)
        }
        let parity = parity(section)
        let access = access(section)
        if let repository { judge(section, repository: repository) }
        guard let name, let repository, let password else { return nil }
        return PlanVault(
            name: name, repository: repository, password: password, custody: custody, access: access,
            parity: parity, places: section.places)
    }

    func section(_ node: Node, _ kind: PlanSection, _ key: String, in parent: SectionReader) -> SectionReader? {
        SectionReader(node, kind, path: SectionReader.joined(parent.path, key), problems)
    }

    /// Where a system comes in the order of importance: its number, then those that say it themselves, then its place.
    private struct Order: Comparable {
        var importance: Int
        var position: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.importance, left.position) < (right.importance, right.position)
        }
    }

    private func system(
        _ section: SectionReader, position: Int, _ verdicts: VerdictThresholds
    ) -> (system: PlanSystem, order: Order)? {
        let name = section.name()
        let said = section.count("importance")
        var system = PlanSystem(
            name: name ?? "", title: section.text("title"), importance: said ?? position, verdicts: verdicts,
            places: section.places)
        read(&system.verdicts, in: section)
        if let node = section.node("objectives"), let inner = self.section(node, .objectives, "objectives", in: section)
        {
            system.objectives = PlanObjectives(
                loss: inner.duration("loss"), back: inner.duration("back"), places: inner.places)
        }
        system.sources = sources(section, system.verdicts)
        guard name != nil else { return nil }
        // What says its importance goes before what merely stands at that place.
        return (system, Order(importance: system.importance, position: said == nil ? position + 1_000_000 : position))
    }

    /// Changes the thresholds that the section's `verdicts` name.
    func read(_ verdicts: inout VerdictThresholds, in parent: SectionReader) {
        guard let node = parent.node("verdicts"), let inner = section(node, .verdicts, "verdicts", in: parent) else {
            return
        }
        verdicts.shrinkPercent = inner.percent("shrink") ?? verdicts.shrinkPercent
        verdicts.changePercent = inner.percent("change") ?? verdicts.changePercent
        verdicts.minimumItems = inner.count("minimum-items") ?? verdicts.minimumItems
        verdicts.suspiciousContentPercent = inner.percent("suspicious-content") ?? verdicts.suspiciousContentPercent
        verdicts.unreadablePercent = inner.percent("unreadable") ?? verdicts.unreadablePercent
    }

    private func retention(_ parent: SectionReader) -> PlanRetention? {
        let before = problems.list.count
        guard let node = parent.node("retention"), let inner = section(node, .retention, "retention", in: parent) else {
            return nil
        }
        let retention = PlanRetention(
            last: inner.keep("last"), hourly: inner.keep("hourly"), daily: inner.keep("daily"),
            weekly: inner.keep("weekly"), monthly: inner.keep("monthly"), yearly: inner.keep("yearly"),
            within: inner.duration("within"), places: inner.places)
        if let within = retention.within, within.seconds % 3600 != 0 {
            inner.fault("within", "this must be whole hours, days or weeks, as in 36h or 30d")
        }
        let counts = [
            retention.last, retention.hourly, retention.daily, retention.weekly, retention.monthly, retention.yearly,
        ]
        if problems.list.count == before, !counts.contains(where: { ($0 ?? 0) != 0 }), retention.within == nil {
            inner.fault(nil, "this would keep nothing: say how many to keep, as in {daily: 14, weekly: 8, monthly: 24}")
        }
        return retention
    }

    private func person(_ section: SectionReader) -> PlanPerson? {
        let mail = section.text("mail")
        if let mail {
            let parts = mail.split(separator: "@", omittingEmptySubsequences: false)
            if parts.count != 2 || parts.contains(where: \.isEmpty) || mail.contains(where: \.isWhitespace) {
                section.fault("mail", "\(PlanText.quoted(mail)) is no mail address")
            }
        }
        let roles: [PersonRole] = section.choices("roles")
        guard let name = section.text("name") else { return nil }
        return PlanPerson(name: name, mail: mail, roles: roles, places: section.places)
    }

    private func limits(_ parent: SectionReader) -> PlanLimits {
        guard let node = parent.node("limits"), let inner = section(node, .limits, "limits", in: parent) else {
            return PlanLimits()
        }
        return PlanLimits(
            sources: inner.count("sources") ?? PlanLimits().sources, upload: inner.rate("upload"),
            download: inner.rate("download"), places: inner.places)
    }

    private func timeZone(_ section: SectionReader) -> String? {
        guard let name = section.text("timezone") else { return nil }
        guard TimeZoneName.isKnown(name) else {
            section.fault(
                "timezone",
                "\(PlanText.quoted(name)) is no time zone that this machine knows; write it as in Asia/Tokyo or UTC")
            return nil
        }
        return name
    }
}

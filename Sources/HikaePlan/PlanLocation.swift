// Where the plan is: the first of a few places.

public import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finding the plan.
public enum PlanLocation {
    /// The plan of the whole machine.
    public static let ofTheMachine = "/etc/hikae/hikae.yaml"

    /// The plan's path: what the option `--plan` says, else the variable HIKAE_PLAN, else the first that is there of
    /// ./hikae.yaml, ~/.config/hikae/hikae.yaml and /etc/hikae/hikae.yaml. Nil when none is.
    public static func find(
        option: String?, variable: String? = environmentVariable(), home: String? = Plan.environmentHome()
    ) -> String? {
        if let named = option ?? variable { return named }
        return places(home: home).first { access($0, F_OK) == 0 }
    }

    /// The same; throws `.notFound` when there is none.
    public static func require(option: String?) throws(HikaeError) -> String {
        if let path = find(option: option) { return path }
        throw HikaeError(
            .notFound,
            "there is no plan: none of \(places(home: Plan.environmentHome()).joined(separator: ", ")) is there",
            hint: "`hikae init` writes one; --plan FILE or HIKAE_PLAN name one that lies elsewhere.")
    }

    /// Where a plan is looked for that nobody names.
    public static func places(home: String?) -> [String] {
        ["hikae.yaml"] + (home.map { ["\($0)/.config/hikae/hikae.yaml"] } ?? []) + [ofTheMachine]
    }

    /// What HIKAE_PLAN says; nil when it is not set.
    public static func environmentVariable() -> String? {
        getenv("HIKAE_PLAN").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}

// What `hikae init` is told about a plan that it is to write.

import ArgumentParser
import HikaePlan

/// The options of a new plan.
struct NewPlanOptions: ParsableArguments {
    @Option(help: .init("Where to write the plan. [HIKAE_PLAN] (default: hikae.yaml)", valueName: "file"))
    var plan: String?

    @Option(help: .init("The company's name.", valueName: "name"))
    var organisation: String?

    /// A language's short name.
    enum LanguageName: String, CaseIterable, ExpressibleByArgument { case ja, en }

    @Option(help: "The language of the plan's comments and of reports: ja or en.")
    var language: LanguageName?

    @Option(help: .init("The time zone of reports: Asia/Tokyo.", valueName: "zone"))
    var timezone: String?

    @Option(help: .init("The folder of the first vault.", valueName: "directory"))
    var vault: String?

    @Option(
        help: .init(
            "The file of its password; made with a new password when it is not there. (default: secrets/NAME.password "
                + "beside the plan)", valueName: "file"))
    var vaultPasswordFile: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: .init(
            "Where data is: sftp://user@host/folder, imaps://user@host, mariadb://user@host/database, a path … with "
                + "NAME= or SYSTEM/NAME= in front, if wanted. May be repeated.", valueName: "address"))
    var source: [String] = []

    @Option(help: .init("The system of sources that name none. (default: main)", valueName: "name"))
    var system: String?

    /// Whether any of them is given: then a plan is meant, whatever the environment says of repositories.
    var isGiven: Bool {
        plan != nil || organisation != nil || language != nil || timezone != nil || vault != nil
            || vaultPasswordFile != nil || !source.isEmpty || system != nil
    }
}

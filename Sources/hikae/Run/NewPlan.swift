// `hikae init` without a repository: a plan, its first vault, and the password of that, each made only where nothing
// is. The plan is written last: when it is there, everything it names of ours is.

import HikaeCore
import HikaeFormat
import HikaePlan
import HikaeRepository
import HikaeStore

/// Making a plan and what belongs to it.
struct NewPlan {
    let options: NewPlanOptions
    let global: GlobalOptions
    /// How the first vault is made.
    let creation: CreateOptions

    func run() throws(HikaeError) {
        let file = options.plan ?? PlanLocation.environmentVariable() ?? "hikae.yaml"
        if NewFile.exists(file) {
            throw HikaeError(
                .refused, "there is a plan at \(file) already",
                hint: "Nothing was changed. Edit it, or name another "
                    + "place with --plan FILE.")
        }
        var answers = try NewPlanAnswers(options, file: file)
        // What would not be a plan must leave nothing behind.
        let reading = Plan.read(Array(answers.draft.text.utf8), file: file)
        let problems = reading.problems.filter { !answers.draft.sources.isEmpty || $0.place.key.hasPrefix("vaults") }
        if let problem = problems.first {
            throw HikaeError(.usage, "\(problem.place.key): \(problem.message)")
        }
        let vault = NewVault(
            store: try Session.store(at: answers.vault, global), creation: creation,
            opening: try Session.openOptions(global),
            hint: "Name the file of its password with --vault-password-file, or another folder with --vault.")
        let isThere = try vault.isThere()
        if isThere, !NewFile.exists(answers.passwordFile) {
            throw HikaeError(
                .refused,
                "there is a repository at \(answers.vault) already, and its password is not in "
                    + answers.passwordFile,
                hint: "Nothing was changed. Name the file of its password with --vault-password-file, or another "
                    + "folder with --vault.")
        }
        let password = try NewVault.password(in: answers.passwordFile)
        if isThere { try vault.open(password) } else { try vault.make(password) }
        let missing = try secrets(&answers)
        try NewFile.make(file, Array(answers.draft.text.utf8), mode: 0o644)
        report(answers, file: file, isNewVault: !isThere, missing: missing)
    }

    /// Asks for the sources' secrets and writes each to its file; returns those that nobody gave.
    private func secrets(_ answers: inout NewPlanAnswers) throws(HikaeError) -> [NewPlanAnswers.MissingSecret] {
        var missing: [NewPlanAnswers.MissingSecret] = []
        for secret in answers.missingSecrets where !NewFile.exists(secret.path) {
            try NewFile.makeFolders(above: secret.path)
            guard Questions.canAsk else {
                missing.append(secret)
                continue
            }
            let typed = try PasswordPrompt.askOptional(
                NewPlanWords(answers.draft.language).secret(secret.key, secret.address))
            if typed.isEmpty {
                missing.append(secret)
            } else {
                try NewFile.make(secret.path, typed + Array("\n".utf8), mode: 0o600)
            }
        }
        return missing
    }

    private func report(
        _ answers: NewPlanAnswers, file: String, isNewVault: Bool, missing: [NewPlanAnswers.MissingSecret]
    ) {
        let console = Console.shared
        if global.json {
            console.printObject { json in
                json.member("message_type", "initialized")
                json.member("plan", file)
                json.member("vault", answers.vault)
                json.member("vault_is_new", isNewVault)
                json.member("password_file", answers.passwordFile)
                json.key("missing_secrets")
                json.strings(missing.map(\.path))
            }
            return
        }
        let words = NewPlanWords(answers.draft.language)
        for line in words.report(
            file: file, vault: answers.vault, isNewVault: isNewVault, passwordFile: answers.passwordFile,
            missing: missing.map { ($0.key, $0.address, $0.path) }, hasSources: !answers.draft.sources.isEmpty)
        { console.note(line) }
    }
}

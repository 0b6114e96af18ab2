// What a new plan is to say: from options, and from a person where there is one to ask.

import HikaeCore
import HikaePlan
import HikaeRemote

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The answers to all questions about a new plan.
struct NewPlanAnswers {
    /// A secret of a source, and the file that it has to be put into.
    struct MissingSecret {
        var key: String
        var address: String
        var path: String
    }

    private(set) var draft: PlanDraft
    /// The vault's folder, absolute, or its address on another machine.
    let vault: String
    /// The file of its password, absolute.
    let passwordFile: String
    /// The folder that the plan's relative paths begin at.
    private let folder: String

    /// Asks for what the options do not say. Throws `.usage` where something has to be said and nobody is there.
    init(_ options: NewPlanOptions, file: String) throws(HikaeError) {
        let language: PlanLanguage
        if let given = options.language.flatMap({ PlanLanguage(rawValue: $0.rawValue) }) {
            language = given
        } else if Questions.canAsk {
            language = try Questions.ask(
                "Language of reports / 言語 (ja, en)", offered: Self.languageOfTheEnvironment.rawValue
            ) { answer throws(HikaeError) in
                guard let language = PlanLanguage(rawValue: answer) else {
                    throw HikaeError(.usage, "ja / en ?")
                }
                return language
            }
        } else {
            language = Self.languageOfTheEnvironment
        }
        let words = NewPlanWords(language)
        let organisation = try Self.answer(options.organisation, words.organisation, "--organisation NAME") {
            answer throws(HikaeError) in
            guard !answer.isEmpty else { throw HikaeError(.usage, words.organisation) }
            return answer
        }
        let timeZone = try Self.answer(
            options.timezone, words.timeZone, offered: TimeZoneName.ofThisMachine(), "--timezone ZONE"
        ) { answer throws(HikaeError) in
            guard TimeZoneName.isKnown(answer) else {
                throw HikaeError(.usage, "\(answer) is no time zone that is known here", hint: "Asia/Tokyo, UTC …")
            }
            return answer
        }
        folder = Self.absolute(file).split(separator: "/").dropLast().map { "/\($0)" }.joined()
        let vault = try Self.answer(options.vault, words.vault, offered: nil, "--vault DIRECTORY") {
            answer throws(HikaeError) in
            guard !answer.isEmpty else { throw HikaeError(.usage, words.vault) }
            if RemoteLocation.isRemote(answer) { return answer }
            return Self.absolute(answer.hasPrefix("local:") ? String(answer.dropFirst(6)) : answer)
        }
        self.vault = vault
        let last = vault.split(separator: "/").last.map(String.init) ?? ""
        // An address that ends with its server may have a password in it, which must get into no name.
        let name = PlanDraft.name(from: last.contains("@") ? "" : last, otherwise: "vault")
        passwordFile = options.vaultPasswordFile.map(Self.absolute) ?? "\(folder)/secrets/\(name).password"
        guard !passwordFile.hasPrefix(vault + "/") else {
            throw HikaeError(
                .usage, "the password \(passwordFile) would lie in the vault that it opens",
                hint: "Keep it elsewhere: whoever takes the vault would have both.")
        }
        draft = PlanDraft(
            organisation: organisation, language: language, timeZone: timeZone, vaultName: name,
            vaultRepository: vault, vaultPassword: "file:\(Self.relative(passwordFile, to: folder))")
        for text in options.source { try add(text, options.system) }
        if options.source.isEmpty, Questions.canAsk { try askForSources(words, options.system) }
    }

    private mutating func add(_ text: String, _ system: String?) throws(HikaeError) {
        draft.sources.append(
            try DraftSource(
                text, system: system ?? "main", folder: Self.absolute("."), secretsFolder: "secrets",
                besides: draft.sources))
    }

    private mutating func askForSources(_ words: NewPlanWords, _ given: String?) throws(HikaeError) {
        Console.shared.warn(words.aboutSources)
        while true {
            let text = try Questions.ask(draft.sources.isEmpty ? words.source : words.nextSource)
            if text.isEmpty { return }
            do throws(HikaeError) {
                try add(text, given)
            } catch {
                Console.shared.warn(error.message)
                if let hint = error.hint { Console.shared.warn(hint) }
            }
        }
    }

    /// The option's answer, else a person's, else what is offered.
    private static func answer(
        _ given: String?, _ question: String, offered: String? = nil, _ option: String,
        _ accept: (String) throws(HikaeError) -> String
    ) throws(HikaeError) -> String {
        if let given { return try accept(given) }
        if Questions.canAsk { return try Questions.ask(question, offered: offered, accept) }
        if let offered { return try accept(offered) }
        throw HikaeError(
            .usage, "a new plan needs \(option)",
            hint: "Or run `hikae init` on a terminal: it asks. For a repository without a plan: `hikae init -r "
                + "DIRECTORY`.")
    }

    private static var languageOfTheEnvironment: PlanLanguage {
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            if let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty {
                return value.hasPrefix("ja") ? .japanese : .english
            }
        }
        return .english
    }

    /// The secrets that the sources name.
    var missingSecrets: [MissingSecret] {
        draft.sources.flatMap { source in
            source.secrets.map { MissingSecret(key: $0.key, address: source.address, path: "\(folder)/\($0.file)") }
        }
    }

    /// As the plan names it: what is in the plan's folder moves with it.
    private static func relative(_ path: String, to folder: String) -> String {
        path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        if path == "~" || path.hasPrefix("~/"), let home = Plan.environmentHome() { return home + path.dropFirst() }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        let plain = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        let folder = String(cString: current)
        if path == "." { return folder }
        return folder == "/" ? "/\(plain)" : "\(folder)/\(plain)"
    }
}

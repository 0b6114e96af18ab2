import HikaeTesting
import Testing

@Suite struct HelpTests {
    /// What the documentation promises, command by command: restic's options, and ours.
    static let promised: [(String, String)] = [
        (
            "backup",
            "--exclude -e --iexclude --exclude-file --iexclude-file --exclude-caches --exclude-if-present -x "
                + "--one-file-system --exclude-larger-than --files-from --files-from-verbatim --files-from-raw --tag "
                + "--host -H --time --parent -f --force -n --dry-run --skip-if-unchanged --with-atime --ignore-inode "
                + "--ignore-ctime --stdin --stdin-filename --stdin-from-command --read-concurrency --group-by -g "
                + "--no-scan"
        ),
        (
            "restore",
            "-t --target -i --include --iinclude -e --exclude --iexclude --include-file --iinclude-file --exclude-file "
                + "--iexclude-file --overwrite --delete --verify --sparse --dry-run --host --tag --path"
        ),
        ("snapshots", "--compact -c --latest --group-by -g --host -H --tag --path"),
        ("ls", "-l --long --recursive --human-readable --host --tag --path"),
        (
            "find",
            "--oldest -O --newest -N --snapshot -s --blob --tree --pack --show-pack-id --ignore-case -i --reverse -R "
                + "--long -l --human-readable --host --tag --path"
        ),
        ("diff", "--metadata"),
        ("dump", "--archive -a --target -t --host --tag --path"),
        ("check", "--read-data --read-data-subset"),
        (
            "forget",
            "--keep-last -l --keep-hourly -H --keep-daily -d --keep-weekly -w --keep-monthly -m --keep-yearly -y "
                + "--keep-within --keep-within-hourly --keep-within-daily --keep-within-weekly --keep-within-monthly "
                + "--keep-within-yearly --keep-tag --host --tag --path --compact -c --group-by -g --dry-run -n --prune "
                + "--max-unused --max-repack-size --unsafe-allow-remove-all"
        ),
        (
            "prune",
            "--dry-run -n --max-unused --max-repack-size --repack-cacheable-only --repack-small --repack-uncompressed"
        ),
        (
            "copy",
            "--from-repo --from-repository-file --from-password-file --from-password-command --from-key-hint "
                + "--from-insecure-no-password --host --tag --path"
        ),
        ("init", "--copy-chunker-params --from-repo --repository-version --chunker"),
        ("unlock", "--remove-all"), ("stats", "--mode --host --tag --path"),
        ("key add", "--new-password-file --new-insecure-no-password --user --host"),
        ("key passwd", "--new-password-file"), ("key list", ""), ("key remove", ""), ("cat", ""), ("list", ""),
        ("repair index", "--read-all-packs"), ("repair packs", ""), ("repair snapshots", "--forget --dry-run -n"),
        ("version", ""),
    ]

    static let everywhere =
        "-r --repo --repository-file -p --password-file --password-command --insecure-no-password --key-hint --no-lock "
        + "--retry-lock --json -q --quiet -v --verbose --cache-dir --no-cache --pack-size --compression --limit-upload "
        + "--limit-download -o --option"

    @Test(arguments: promised)
    func everyPromisedOptionIsInTheHelp(_ command: String, _ options: String) throws {
        let harness = try Harness()
        let words = command.split(separator: " ").map(String.init)
        let help = try harness.command(HikaeProgram.binary, words + ["--help"]).succeed()
        #expect(help.errors.isEmpty)
        let shown = Set(help.text.split { !($0.isLetter || $0.isNumber || $0 == "-") }.map(String.init))
        for option in (options + " " + Self.everywhere).split(separator: " ") {
            #expect(shown.contains(String(option)), "hikae \(command) --help does not show \(option)")
        }
        #expect(help.text.contains("\nOPTIONS OF EVERY COMMAND:\n  -r, --repo"))
        for line in help.text.split(separator: "\n") { #expect(line.count <= 80, "too wide: \(line)") }
    }

    @Test func theOverviewNamesEveryCommand() throws {
        let harness = try Harness()
        let help = try harness.hikae("--help").succeed().text
        #expect(try harness.hikae("help").succeed().text == help)
        for (command, _) in Self.promised {
            let name = command.split(separator: " ")[0]
            #expect(help.contains("\n  \(name) "), "\(name) is missing")
        }
        #expect(try harness.hikae("help", "backup").succeed().text == harness.hikae("backup", "-h").succeed().text)
    }

    @Test func completionsAreScriptsThatTheirShellsAccept() throws {
        let harness = try Harness()
        let bash = try harness.shell("$HIKAE completions bash > c; bash -n c; cat c").succeed().text
        #expect(bash.contains("--skip-if-unchanged"))
        #expect(try harness.hikae("completions", "zsh").succeed().text.hasPrefix("#compdef hikae"))
        #expect(try harness.hikae("completions", "fish").succeed().text.contains("complete -c 'hikae'"))
    }

    @Test func optionsMayStandInFrontOfAnyWordOfACommand() throws {
        let harness = try Harness()
        try harness.hikae("init").succeed()
        let parity = try harness.hikae("-r", harness.repository, "vault", "parity").run()
        #expect(!parity.errorText.contains("Unknown option"), "\(parity)")
        try harness.folder.write("pw", "x")
        try harness.folder.write(
            "p.yaml",
            """
            organisation: Sakura
            language: en
            vaults:
              - {name: far, repository: vault-a, password: file:pw}
            systems:
              - {name: shop, sources: [{name: site, files: source}]}

            """)
        let plan = harness.folder.path("p.yaml")
        for words in [
            ["custody", "--plan", plan, "confirm", "far", "--who", "Anna"],
            ["custody", "--who", "Anna", "confirm", "far", "--plan", plan],
            ["--plan", plan, "custody", "confirm", "far", "--who", "Anna"],
        ] {
            let said = try harness.command(HikaeProgram.binary, words).succeed()
            #expect(said.text.contains("recorded in"), "\(words): \(said.text)")
        }
    }

    @Test func firstStepsFitTheirLines() throws {
        let harness = try Harness()
        let lines = try harness.hikae("--help").succeed().text.split(separator: "\n")
        let steps = lines.drop { !$0.hasPrefix("FIRST STEPS") }.prefix { !$0.hasPrefix("Every command") }
        #expect(steps.count > 10)
        // A comment that is too long goes on at the left edge.
        #expect(steps.allSatisfy { $0.hasPrefix("FIRST STEPS") || $0.hasPrefix("  ") }, "\(steps)")
    }

    @Test func theManualPageHasEveryCommandAndOption() throws {
        let harness = try Harness()
        let page = try harness.hikae("man").succeed().text
        #expect(page.hasPrefix(".TH HIKAE 1"))
        #expect(page.contains(".SH \"EXIT STATUS\"\n") && page.contains("\n20   a capture is suspect"))
        for command in ["STATUS", "ACCEPT", "PLAN CHECK", "APPROVE", "VAULT SERVE", "VAULT USER ADD", "KEY PERSON NEW"]
        {
            #expect(page.contains(".SH \"\(command)\"\n"), "\(command) is missing")
        }
        #expect(!page.contains("OVERVIEW:"))
        // An example that is too long goes on at the left edge, and does not run when it is copied.
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        for start in lines.indices where lines[start].hasPrefix("EXAMPLE") {
            for line in lines[(start + 1)...].prefix(while: { !$0.isEmpty }) {
                #expect(line.hasPrefix("  "), "\(line)")
            }
        }
        for (command, options) in Self.promised {
            #expect(page.contains(".SH \"\(command.uppercased())\"\n"))
            for option in options.split(separator: " ") {
                #expect(page.contains(option.replacing("-", with: "\\-")), "\(option) is missing")
            }
        }
    }

    @Test func versionSaysSoInWordsAndInJSON() throws {
        let harness = try Harness()
        let text = try harness.hikae("version").succeed().text
        #expect(text.hasPrefix("hikae "))
        #expect(try harness.hikae("--version").succeed().text == text)
        let json = try harness.json("version")
        #expect(json["message_type"]?.string == "version")
        #expect(text.contains(json["version"]?.string ?? "?"))
    }
}

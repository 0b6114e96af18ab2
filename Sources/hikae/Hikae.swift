// The program's commands, in the order in which help shows them.

import ArgumentParser

/// The root command.
struct Hikae: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hikae",
        abstract: "Keeps copies of what you run elsewhere, in restic's repository format, and puts it all back.",
        usage: "hikae <command> [options] …",
        discussion: """
            FIRST STEPS: what runs at a provider
              hikae init                  # asks, writes hikae.yaml, makes a vault
              hikae plan check            # does everything answer?
              hikae backup                # every day; status 20: look at it
              hikae status                # how old the last good captures are
              hikae restore --all --to-plan new-provider.yaml

            FIRST STEPS: files of this machine
              export HIKAE_REPOSITORY=/srv/backup HIKAE_PASSWORD_FILE=/etc/backup-password
              hikae init                  # once
              hikae backup /home /etc     # every day
              hikae snapshots             # what is there
              hikae restore latest --target /tmp/out --include /home/anna
              hikae forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --prune
              hikae check --read-data-subset 5%

            Every command has a help of its own: `hikae help backup` or `hikae backup --help`.
            restic's options and its RESTIC_… variables are understood as well; HIKAE_… wins over them, an option \
            over both. Exit status: 0 done, 1 failed, 3 some files could not be read, 10 no repository, 11 locked, \
            12 wrong password, 20 a capture is suspect, 130 stopped by Ctrl-C.
            """,
        groupedSubcommands: [
            CommandGroup(
                name: "Everyday",
                subcommands: [
                    Init.self, Backup.self, Status.self, Custody.self, Accept.self, Reject.self, Snapshots.self,
                    Ls.self, Find.self,
                    Diff.self, Generations.self, Restore.self, Dump.self,
                ]),
            CommandGroup(name: "The plan", subcommands: [PlanFamily.self]),
            CommandGroup(
                name: "Keeping house",
                subcommands: [Forget.self, Prune.self, Check.self, Stats.self, Copy.self, Key.self, Unlock.self]),
            CommandGroup(name: "Agreeing on removals", subcommands: [Proposals.self, Approve.self, Veto.self]),
            CommandGroup(name: "A vault server", subcommands: [Vault.self]),
            CommandGroup(name: "Looking inside, repairing", subcommands: [Cat.self, List.self, Repair.self]),
            CommandGroup(name: "This program", subcommands: [Version.self, Completions.self, Man.self]),
        ])
}

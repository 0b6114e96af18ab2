// What `hikae init` asks and says about a new plan, in each language.

import HikaePlan

/// Questions and answers about a new plan.
struct NewPlanWords {
    private let isJapanese: Bool

    init(_ language: PlanLanguage) { isJapanese = language == .japanese }

    private func word(_ english: String, _ japanese: String) -> String { isJapanese ? japanese : english }

    var organisation: String { word("The company's name", "会社・組織の名前") }
    var timeZone: String { word("Time zone", "タイムゾーン") }
    var vault: String {
        word("Folder for the first vault, better on another disk", "控えの保管先のフォルダー（別のディスクが望ましい）")
    }
    var aboutSources: String {
        word(
            "Where is the data? For example sftp://web@www.example.com/var/www/html, imaps://info@mail.example.com,\n"
                + "mariadb://backup@db.example.com/shop, ftp://, postgresql://, s3:// or a folder of this machine.",
            "データはどこにありますか。例: sftp://web@www.example.jp/var/www/html、imaps://info@mail.example.jp、\n"
                + "mariadb://backup@db.example.jp/shop、ほかに ftp://、postgresql://、s3://、このマシンのフォルダー。")
    }
    var source: String { word("Address (empty: later)", "アドレス（空なら後で）") }
    var nextSource: String { word("Next address (empty: that is all)", "次のアドレス（空なら終わり）") }

    /// Asks for one secret of a source.
    func secret(_ key: String, _ address: String) -> String {
        let japanese = ["password": "パスワード", "passphrase": "パスフレーズ"][key] ?? key
        return word("\(key) of \(address) (empty: later): ", "\(address) の\(japanese)（空なら後で）: ")
    }

    /// What was made, and what to do next, a line each.
    func report(
        file: String, vault: String, isNewVault: Bool, passwordFile: String,
        missing: [(key: String, address: String, path: String)], hasSources: Bool
    ) -> [String] {
        var lines = [
            word("wrote the plan \(file)", "計画ファイル \(file) を書きました"),
            isNewVault
                ? word("made the vault \(vault)", "保管先 \(vault) を作りました")
                : word("the vault \(vault) was there already and is used", "すでにある保管先 \(vault) を使います"),
            word("its password is in \(passwordFile)", "そのパスワードは \(passwordFile) にあります"), "",
            word(
                "Without the password nobody can read the vault, and nobody can help. Print it or copy it to another",
                "パスワードを失うと、控えは誰にも読めません。今すぐ印刷するか、別の場所"),
            word(
                "place now: a safe, a password manager. The copy must outlive this machine.",
                "（金庫、パスワード管理ソフトなど）に写してください。このマシンが壊れても残る場所に。"), "",
        ]
        if !missing.isEmpty {
            lines.append(
                word(
                    "These secrets are still to be put into their files: run the line, type the secret, Enter, Ctrl-D.",
                    "次のパスワードや鍵を、それぞれのファイルに入れてください。行を実行し、入力して Enter、続いて Ctrl-D です。"))
            for secret in missing {
                lines.append("  \(secret.key), \(secret.address)")
                lines.append("    (umask 077; cat > \(secret.path))")
            }
            lines.append("")
        }
        if !hasSources {
            lines.append(
                word(
                    "The plan names no source yet: fill in `systems` in \(file).",
                    "まだ対象がありません。\(file) の systems に書いてください。"))
        }
        lines.append(
            word(
                "Next: `hikae plan check`, then `hikae backup`.", "次に: `hikae plan check`、続いて `hikae backup`"))
        return lines
    }
}

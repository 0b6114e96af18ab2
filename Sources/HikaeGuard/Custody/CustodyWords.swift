// Findings of custody as sentences, in Japanese and English.

extension CustodyFinger {
    /// As a table's heading.
    public func word(japanese: Bool) -> String {
        switch self {
        case .script: japanese ? "一つの操作" : "this script"
        case .key: japanese ? "一つの鍵" : "this key"
        case .bill: japanese ? "一つの契約" : "this bill"
        case .building: japanese ? "一つの建物" : "this building"
        case .person: japanese ? "一人の人間" : "this person"
        }
    }
}

extension CustodyTrait.Kind {
    /// What it is, in the middle of a sentence.
    public func word(japanese: Bool) -> String {
        switch self {
        case .folder: japanese ? "フォルダー" : "folder"
        case .filesystem: japanese ? "ファイルシステム" : "filesystem"
        case .disk: japanese ? "ディスク" : "disk"
        case .export: japanese ? "ネットワーク共有" : "network share"
        case .machine: japanese ? "このマシン" : "machine, this one"
        case .bucket: japanese ? "バケット" : "bucket"
        case .bucketOwner: japanese ? "バケットの所有者" : "owner of the bucket"
        case .accessKey: japanese ? "アクセスキー" : "access key"
        case .hostKey: japanese ? "SSH ホスト鍵（同じサーバー）" : "SSH host key, so the same server"
        case .certificate: japanese ? "TLS 証明書（同じサーバー）" : "TLS certificate, so the same server"
        case .service: japanese ? "サーバー（アドレスとポート）" : "server, by address and port"
        case .address: japanese ? "IP アドレス" : "IP address"
        case .host: japanese ? "ホスト名" : "host name"
        case .login: japanese ? "サーバーのユーザー" : "user on the same server"
        case .identity: japanese ? "SSH 秘密鍵" : "SSH private key"
        case .repository: japanese ? "リポジトリ ID（同じ内部鍵）" : "repository ID, so the same master key"
        case .repositoryKey: japanese ? "リポジトリの鍵ファイル" : "key file of the repository"
        case .passwordPlace: japanese ? "パスワードの置き場所" : "place of the password"
        case .password: japanese ? "パスワード（一つで両方が開く）" : "password, so one opens both"
        case .remote: japanese ? "rclone のリモート" : "remote of rclone"
        }
    }
}

extension CustodyFinding {
    /// The reason as a sentence.
    public func sentence(japanese: Bool) -> String {
        func say(_ japaneseText: String, _ english: String) -> String { japanese ? japaneseText : english }
        switch reason {
        case .shared(let trait):
            let word = trait.kind.word(japanese: japanese)
            guard japanese else { return "the same \(word): \(trait.shown)" }
            if trait.kind == .machine { return "同じマシン（このマシン）: \(trait.shown)" }
            let name = word.prefix { $0 != "（" }
            let space = name.last?.isASCII == true ? " " : ""
            return "\(name)\(space)が同じ\(word.dropFirst(name.count)): \(trait.shown)"
        case .sameBucket(let name):
            return say("同じバケット（別名でも同一）: \(name)", "the same bucket, whatever it is called: \(name)")
        case .sameHolder(let name):
            return say("同じ人が管理: \(name)", "one person holds both: \(name)")
        case .sameAccount(let provider, let account):
            return say("同じ事業者の同じ契約: \(provider) / \(account)", "one account pays for both: \(provider) / \(account)")
        case .sameProvider(let name):
            return say("同じ事業者（契約は別）: \(name)", "one company runs both, under different accounts: \(name)")
        case .samePlace(let name):
            return say("同じ場所: \(name)", "both stand in one place: \(name)")
        case .erasableHere:
            return say(
                "どちらもこのマシンの権限で消せます。", "what this machine holds is enough to delete both")
        case .perhapsErasable(let copies):
            let names = copies.joined(separator: ", ")
            return say(
                "このマシンの権限で両方を消せるかどうか分かりません: \(names)",
                "nobody can tell whether what this machine holds is enough to delete both: \(names)")
        case .unsaid(let finger, let copies):
            let names = copies.joined(separator: ", ")
            let what =
                switch finger {
                case .building: say("場所", "where it stands")
                case .bill: say("事業者", "which company runs it")
                default: say("管理者", "who holds it")
                }
            return say(
                "\(names) の\(what)が分かりません。hikae custody confirm で記録してください。",
                "nobody has said \(what): \(names); record it with hikae custody confirm")
        case .unconfirmed(let copies):
            let names = copies.joined(separator: ", ")
            return say(
                "計画にそう書いてあるだけで、確認した人と日付がありません: \(names)",
                "only the plan says so, no person with a name and a date: \(names)")
        case .confirmedLongAgo(let copy, let days):
            return say(
                "\(copy) の確認は \(days) 日前です。もう一度確認してください。",
                "\(copy) was confirmed \(days) days ago; confirm it again")
        case .contractEnds(let copy, let day):
            return say("\(copy) の契約は \(day) に終わります。", "the contract of \(copy) ends on \(day)")
        case .unseen(let copy, let what):
            return say("\(copy) を確認できません: \(what)", "\(copy) could not be looked at: \(what)")
        }
    }
}

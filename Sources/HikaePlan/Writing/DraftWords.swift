// The comments of a new plan, in each language. Example keys are the same in all.

/// What the comments of a new plan say.
struct DraftWords: Sendable {
    var head: String
    var vaults: String
    var custody: String
    var systems: String
    var objectives: String
    /// What stands in place of systems that nobody named.
    var sourceToFillIn: String
    var moreSources: String
    var retention: String
    var verdicts: String
    var people: String
    var limits: String
    var identity: String
    var exclude: String
    var via: String
    var endpoint: String

    /// Options of a source of this kind that one may want next, as comments.
    func options(_ kind: SourceKindName) -> String {
        switch kind {
        case .sftp: "        # identity: ~/.ssh/id_ed25519       # \(identity)\n" + excluding
        case .ftp, .files: excluding
        case .postgresql, .mariadb: "        # via: ssh://user@www.example.jp     # \(via)\n"
        case .s3: "        # endpoint: https://s3.example.jp    # \(endpoint)\n"
        case .imap, .sqlite, .command: ""
        }
    }

    private var excluding: String { "        # exclude: [\"cache/**\", \"*.tmp\"]    # \(exclude)\n" }

    static let english = DraftWords(
        head: """
            # What is kept a copy of, and where. Check it after each change: `hikae plan check`.
            # Every key is described in docs/manual/plan.md, and for editors in the schema that `hikae plan schema` prints.
            # Passwords never stand here: file:PATH, env:NAME and command:PROGRAM say where they are.
            # A relative path begins at the folder of this file.


            """,
        vaults: """
            # Where the copies are. A second vault in other hands makes them independent: another provider, another
            # account, another place.

            """,
        custody: """
                # Whose hands it is in. Two vaults that share one of these can be lost together.
                # custody: {holder: Anna Schmidt, provider: own, account: none, place: head office}

            """,
        systems: """
            # What the business would miss by name, the most important first: a restore brings them back in this order.

            """,
        objectives: """
                # title: Online shop
                # objectives: {loss: 24h, back: 4h}   # may lose a day's work, must be back in four hours

            """,
        sourceToFillIn: """
              # - name: shop
              #   sources:
              #     - name: site
              #       sftp: sftp://web@www.example.com/var/www/html

            """,
        moreSources: """
            # More sources look like this:
            #     - name: site
            #       sftp: sftp://web@www.example.com/var/www/html
            #     - name: old-site
            #       ftp: ftp://web@ftp.example.com/public_html
            #       password: file:secrets/ftp.password
            #     - name: info
            #       imap: imaps://info@mail.example.com
            #       password: file:secrets/info.password
            #     - name: orders
            #       mariadb: mariadb://backup@db.example.com/shop
            #       password: env:SHOP_DB_PASSWORD
            #       via: ssh://web@www.example.com
            #     - name: charts
            #       postgresql: postgresql://backup@db.example.com/clinic
            #       password: command:pass show db/clinic
            #     - name: pictures
            #       s3: s3://pictures
            #       endpoint: https://s3.example.com
            #       access-key: file:secrets/s3.id
            #       secret-key: file:secrets/s3.key
            #     - name: papers
            #       files: [/srv/papers, /etc/nginx]
            #     - name: till
            #       sqlite: /var/lib/till/till.sqlite
            #     - name: settings
            #       command: [ssh, web@www.example.com, crontab, -l]
            #       file: crontab.txt

            """,
        retention: """
            # What `hikae forget` keeps of each source. The last good capture is kept whatever this says.

            """,
        verdicts: """
            # A capture that differs this much from the last good one is suspect: it is kept, marked, and asks for a person.
            # verdicts: {shrink: 20%, change: 60%, minimum-items: 20, suspicious-content: 5%, unreadable: 5%}

            """,
        people: """
            # people:
            #   - {name: Anna Schmidt, mail: anna@elsewhere.example, roles: [owner, alerted]}

            # Programs that tell people of a suspect or failed capture. All are used; name two that do not share a fate.
            # alarms:
            #   - command: mail -s "hikae" anna@elsewhere.example
            #   - command: curl -fsS --data-binary @- https://ntfy.example/hikae

            """,
        limits: """
            # limits: {sources: 2, upload: 10M}

            """,
        identity: "the key to log in with", exclude: "what is left out",
        via: "where it is not reachable from outside", endpoint: "for a server that is not Amazon's")

    static let japanese = DraftWords(
        head: """
            # 何の控えを、どこに取っておくか。変更したら必ず確認してください: `hikae plan check`
            # 全項目の説明は docs/manual/plan.md に、エディター用のスキーマは `hikae plan schema` で得られます。
            # パスワードはここに書きません。file:パス、env:環境変数名、command:プログラム で在りかだけを書きます。
            # 相対パスは、このファイルのあるフォルダーから数えます。


            """,
        vaults: """
            # 控えの保管先。別の事業者・別のアカウント・別の場所に二つ目を置いて、はじめて独立した控えになります。

            """,
        custody: """
                # 誰が預かっているか。どれか一つでも共通する保管先どうしは、一度に失われるおそれがあります。
                # custody: {holder: 佐藤, provider: own, account: none, place: 本社}

            """,
        systems: """
            # なくなると業務が止まるもの。大切な順に書いてください。復元もこの順に行います。

            """,
        objectives: """
                # title: 通販サイト
                # objectives: {loss: 24h, back: 4h}   # 失ってよいのは 1 日分まで、4 時間以内に再開

            """,
        sourceToFillIn: """
              # - name: shop
              #   sources:
              #     - name: site
              #       sftp: sftp://web@www.example.jp/var/www/html

            """,
        moreSources: """
            # ほかの対象の書き方:
            #     - name: site
            #       sftp: sftp://web@www.example.jp/var/www/html
            #     - name: old-site
            #       ftp: ftp://web@ftp.example.jp/public_html
            #       password: file:secrets/ftp.password
            #     - name: info
            #       imap: imaps://info@mail.example.jp
            #       password: file:secrets/info.password
            #     - name: orders
            #       mariadb: mariadb://backup@db.example.jp/shop
            #       password: env:SHOP_DB_PASSWORD
            #       via: ssh://web@www.example.jp
            #     - name: charts
            #       postgresql: postgresql://backup@db.example.jp/clinic
            #       password: command:pass show db/clinic
            #     - name: pictures
            #       s3: s3://pictures
            #       endpoint: https://s3.example.jp
            #       access-key: file:secrets/s3.id
            #       secret-key: file:secrets/s3.key
            #     - name: papers
            #       files: [/srv/papers, /etc/nginx]
            #     - name: till
            #       sqlite: /var/lib/till/till.sqlite
            #     - name: settings
            #       command: [ssh, web@www.example.jp, crontab, -l]
            #       file: crontab.txt

            """,
        retention: """
            # `hikae forget` が対象ごとに残す控え。最後の正常な控えは、ここに何と書いても必ず残ります。

            """,
        verdicts: """
            # 最後の正常な控えとこれだけ違えば「要確認」とします。控えは印を付けて残し、人の判断を待ちます。
            # verdicts: {shrink: 20%, change: 60%, minimum-items: 20, suspicious-content: 5%, unreadable: 5%}

            """,
        people: """
            # people:
            #   - {name: 佐藤, mail: sato@elsewhere.example, roles: [owner, alerted]}

            # 要確認や失敗を人に知らせるプログラム。すべて実行します。同時に止まることのない二つを書いてください。
            # alarms:
            #   - command: mail -s "控え" sato@elsewhere.example
            #   - command: curl -fsS --data-binary @- https://ntfy.example/hikae

            """,
        limits: """
            # limits: {sources: 2, upload: 10M}

            """,
        identity: "ログインに使う鍵", exclude: "取らないもの", via: "外から直接つながらない場合",
        endpoint: "Amazon 以外のサーバーの場合")
}

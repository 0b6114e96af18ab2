// What the tests here stand on: a plan with everything in it, and short ways to read one.

import HikaeCore
import HikaePlan
import HikaeTesting

/// Reads a plan as if it stood in /etc/hikae/hikae.yaml, the home folder being /home/anna.
func read(_ text: String) -> (plan: Plan?, problems: [PlanProblem]) {
    Plan.read(Array(text.utf8), file: "/etc/hikae/hikae.yaml", home: "/home/anna")
}

/// Reads a plan that has no mistakes.
func plan(_ text: String) throws -> Plan {
    let reading = read(text)
    guard let plan = reading.plan else { throw PlanProblem.error(reading.problems) }
    return plan
}

/// A plan with one vault, and one system with the source that the lines say.
func planText(source lines: String) -> String {
    smallHead + lines.split(separator: "\n").map { "        \($0)\n" }.joined()
}

/// What stands in front of the source's own lines, which begin with line 9.
private let smallHead = """
    organisation: Sakura
    vaults:
      - {name: office, repository: /srv/office, password: file:/etc/office.password}
    systems:
      - name: shop
        sources:
          # The source under test:
          - name: it

    """

/// The options of the only source of such a plan.
func kind(source lines: String) throws -> PlanSourceKind {
    let systems = try plan(planText(source: lines)).systems
    guard let source = systems.first?.sources.first else { throw HikaeError(.notFound, "no source was read") }
    return source.kind
}

/// A plan in which every key of every section stands.
let fullPlan = """
    organisation: さくら商店
    language: ja
    timezone: Asia/Tokyo
    vaults:
      - name: office
        repository: vaults/office
        password: file:office.password
        custody: {holder: 佐藤, provider: own, account: none, place: 本社, note: 金庫室}
      - name: 大阪
        repository: /mnt/osaka
        password: env:OSAKA_PASSWORD
    systems:
      - name: shop
        title: 通販サイト
        objectives: {loss: 24h, back: 30m}
        verdicts: {shrink: 10%, minimum-items: 5}
        sources:
          - name: site
            sftp: sftp://web@www.example.jp:2222/var/www/html
            identity: ~/.ssh/id_ed25519
            password: command:pass show 'web site'
            ssh-options: [ProxyJump=gate.example.jp]
            program: /usr/bin/ssh
            exclude: ["cache/**", "*.log"]
            restore:
              ftp: ftp://web@new.example.jp/public_html
              password: env:NEW_PASSWORD
            verdicts: {change: 90%}
          - name: old-site
            ftp: ftp://web@ftp.example.jp/public_html
            password: file:~/ftp.password
            tls: none
            encoding: shift_jis
            connections: 2
            trust: {ca: /etc/ssl/ours.pem}
            exclude: [tmp]
          - name: orders
            mariadb: mariadb://backup@db.example.jp:3307/shop
            password: env:SHOP_DB_PASSWORD
            via: ssh://web@www.example.jp:22
            ssh-options: [BatchMode=yes]
            programs: /opt/mariadb/bin
            globals: false
          - name: pictures
            s3: s3://pictures/2012/
            endpoint: https://s3.example.jp:9000
            region: jp-east
            access-key: env:KEY_ID
            secret-key: file:/etc/hikae/s3.key
            session-token: command:token
            path-style: true
            versions: true
            tags: true
            connections: 8
            trust: {fingerprint: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
      - name: mail
        importance: 1
        sources:
          - name: info
            imap: imaps://mail.example.jp
            user: info@example.jp
            password: command:pass show mail/info
            authentication: plain
            mailboxes: [INBOX, "仕事/*"]
            exclude: [Trash]
            connections: 5
            tls: implicit
      - name: clinic
        sources:
          - name: charts
            postgresql: postgresql:///clinic
            socket: /run/postgresql
          - name: till
            sqlite: till.sqlite
          - name: papers
            files: [/srv/papers, notes, "~/list"]
            exclude: ["*.tmp"]
            restore: {files: /srv/back}
          - name: crontab
            command: [ssh, web@www.example.jp, crontab, -l]
            file: crontab.txt
    retention: {last: 3, hourly: 0, daily: 14, weekly: 8, monthly: 24, yearly: unlimited, within: 30d}
    verdicts: {shrink: 25%, change: 60%, minimum-items: 20, suspicious-content: 2.5%, unreadable: 8%}
    people:
      - {name: 佐藤, mail: sato@example.jp, roles: [owner, alerted]}
      - {name: 鈴木}
    alarms:
      - command: mail -s 控え sato@example.jp
    limits: {sources: 3, upload: 10M, download: 512k}
    """

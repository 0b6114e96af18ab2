// Mending a vault on a server that lets nobody remove or replace anything: Hikae's own, which takes a pack again that is
// what its name says. Nothing piles up, nothing is lost, and what stays damaged is told.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Mending what has rotted on a server that removes nothing", .serialized)
struct ScrubServerTests {
    /// A company with a vault in a folder and one on a server.
    private struct Company {
        let rig: Rig
        let server: PracticeServer
        /// Where the server keeps the far vault.
        let place: String

        /// - Parameter kind: "vault" or "rest", a script of practice/servers.
        init(_ kind: String, parity: String? = nil) throws {
            rig = try Rig()
            let isOurs = kind == "vault"
            server = try PracticeServer(kind, isOurs ? ["--hikae", Rig.binary] : ["--append-only"])
            let user = isOurs ? "writer" : server.text("user")
            let secret = isOurs ? server.facts["users"]?[user]?.string ?? "" : server.text("password")
            place = isOurs ? "\(server.text("folder"))/sakura/far" : "\(server.text("root"))/far"
            let address = "rest:http://127.0.0.1:\(server.port())/\(isOurs ? "sakura/" : "")far/"
            try rig.folder.write("account", secret + "\n", mode: 0o600)
            try rig.plainFiles("files", megabytes: 3)
            let more = parity.map { ", parity: \($0)" } ?? ""
            try rig.folder.write(
                "hikae.yaml",
                """
                organisation: sakura
                vaults:
                  - {name: near, repository: ./near, password: file:./password}
                  - {name: far, repository: "\(address)", password: file:./password, user: \(user), credential: file:./account\(more)}
                systems:
                  - name: shop
                    sources: [{name: site, files: ./files}]
                verdicts: {suspicious-content: 100%}

                """)
            try hikae("init", "-r", rig.folder.path("near")).succeed()
            var far = hikae("init", "-r", address, "--copy-chunker-params", "--from-repo", rig.folder.path("near"))
            far.environment["HIKAE_FROM_PASSWORD"] = rig.password
            far.environment["HIKAE_REST_USERNAME"] = user
            far.environment["HIKAE_REST_PASSWORD"] = secret
            try far.succeed()
            try hikae("backup").succeed()
        }

        func hikae(_ arguments: String...) -> Command {
            var command = rig.command(Rig.binary, arguments)
            command.environment.updateValue(nil, forKey: "RESTIC_REPOSITORY")
            command.environment["HIKAE_STATE"] = rig.folder.path("state")
            return command
        }

        /// What the server keeps: each file and its hash.
        func files() throws -> Set<Substring> {
            let text = try rig.shell(
                "cd \"$1\"; find data index snapshots hikae -type f 2>/dev/null | sort | xargs sha256sum", place
            ).run().text
            return Set(text.split(separator: "\n"))
        }

        /// Does something to the largest pack; its name.
        func harm(_ line: String) throws -> String {
            let path = try rig.shell(
                "cd \"$1\"; find data -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2", place
            ).succeed().text.filter { $0 != "\n" }
            try rig.shell("cd \"$1\"; chmod u+w $2; f=$2; \(line)", place, path).succeed()
            return String(path.suffix(64))
        }

        func mend() throws -> (status: Int32, vault: JSONValue, text: String) {
            let outcome = try hikae("check", "--read-data", "--mend", "--json").run()
            let vault = try JSONValue.lines(outcome.text).first { $0["vault"]?.string == "far" }
            let text = outcome.text + outcome.errorText
            return (Int32(outcome.status), try #require(vault, "\(text)"), text)
        }

        /// Everything comes back from the far vault alone.
        func expectBack() throws {
            try rig.shell("mv near near.away").succeed()
            try hikae("restore", "shop/site", "--to", rig.folder.path("back")).succeed()
            try rig.shell("diff -r files back/shop/site; rm -r back; mv near.away near").succeed()
        }
    }

    private func names(_ vault: JSONValue, _ key: String) -> [String] { (vault[key]?.array ?? []).compactMap(\.string) }

    private let flip = """
        python3 -c 'import sys
        with open(sys.argv[1], "r+b") as file:
            place = file.seek(0, 2) // 2
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1]))' $f
        """

    @Test(
        "On Hikae's own server a flipped byte is mended byte for byte from the other vault"
    )
    func ours() throws {
        let company = try Company("vault")
        let before = try company.files()
        let pack = try company.harm(flip)
        #expect(try company.files() != before)
        let (status, vault, text) = try company.mend()
        #expect(status == 0 && names(vault, "mended_in_place") == [pack], "\(text)")
        #expect(try company.files() == before)
        try company.expectBack()
    }

    @Test("On Hikae's own server parity mends in place as well")
    func parity() throws {
        let company = try Company("vault", parity: "5%")
        let before = try company.files()
        let pack = try company.harm(flip)
        let (status, vault, text) = try company.mend()
        #expect(status == 0 && names(vault, "mended_by_parity") == [pack], "\(text)")
        #expect(try company.files() == before)
    }

    @Test(
        "What cannot be put back stands whole in new packs; the damaged one stays and is named; made again, nothing is added",
        arguments: ["vault"])
    func outlived(kind: String) throws {
        let company = try Company(kind)
        let pack = try company.harm(kind == "vault" ? "truncate -s 40000 $f" : flip)
        #expect(try company.hikae("check", "--read-data").run().status == 1)
        let (status, vault, text) = try company.mend()
        #expect(status == 0, "\(text)")
        #expect(names(vault, "outlived") == [pack], "\(text)")
        #expect(names(vault, "broken").isEmpty && vault["whole"]?.bool == true)
        let after = try company.files()
        try company.expectBack()
        // The next night, and the one after: the same words, and not a file more.
        for _ in 0..<2 {
            let again = try company.mend()
            #expect(again.status == 0 && names(again.vault, "outlived") == [pack], "\(again.text)")
            #expect(try company.files() == after)
        }
        let told = try company.hikae("check", "--read-data", "--mend").run()
        #expect(told.errorText.contains("nobody may remove it there"), "\(told.errorText)")
    }
}

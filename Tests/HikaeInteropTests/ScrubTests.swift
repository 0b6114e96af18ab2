// `hikae check --mend` by a plan: what has rotted in one vault is put right from its parity or from the other vault, and
// the real restic finds both whole. What is whole nowhere is named, and nothing is removed for it.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Scrubbing the vaults of a plan")
struct ScrubTests {
    /// A company with two vaults of different keys, a source of files, and captures in both.
    private struct Two {
        let rig: Rig
        let vaults = ["first", "second"]

        init(parity: String? = nil) throws {
            rig = try Rig()
            try rig.plainFiles("files", megabytes: 3)
            var text = "organisation: sakura\nvaults:\n"
            for vault in vaults {
                text += "  - {name: \(vault), repository: ./\(vault), password: file:./password"
                text += parity.map { ", parity: \($0)}\n" } ?? "}\n"
            }
            text += """
                systems:
                  - name: shop
                    sources: [{name: site, files: ./files}]
                retention: {last: 2}
                verdicts: {shrink: 100%, change: 100%, suspicious-content: 100%}

                """
            try rig.folder.write("hikae.yaml", text)
            try hikae("init", "-r", rig.folder.path("first")).succeed()
            var second = hikae(
                "init", "-r", rig.folder.path("second"), "--copy-chunker-params", "--from-repo",
                rig.folder.path("first"))
            second.environment["HIKAE_FROM_PASSWORD"] = rig.password
            try second.succeed()
            try hikae("backup").succeed()
        }

        /// `hikae` in the plan's folder, with no repository in its environment.
        func hikae(_ arguments: String...) -> Command {
            var command = rig.command(Rig.binary, arguments)
            command.environment.updateValue(nil, forKey: "RESTIC_REPOSITORY")
            command.environment["HIKAE_STATE"] = rig.folder.path("state")
            return command
        }

        func packs(_ vault: String, _ folder: String = "data") throws -> [String] {
            try rig.shell("cd \"$1\"; find \(folder) -type f | sort", rig.folder.path(vault)).succeed().text
                .split(separator: "\n").map(String.init)
        }

        /// The pack with the most bytes: one of files' content.
        func largest(_ vault: String) throws -> String {
            try rig.shell(
                "cd \"$1\"; find data -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2",
                rig.folder.path(vault)
            ).succeed().text.filter { $0 != "\n" }
        }

        /// Flips one bit in the middle of a file, or at a share of its length.
        func flip(_ vault: String, _ file: String, at share: Double = 0.5) throws {
            let script = """
                import os, sys
                path = sys.argv[1]
                os.chmod(path, 0o600)
                with open(path, "r+b") as file:
                    place = int(os.path.getsize(path) * float(sys.argv[2]))
                    file.seek(place)
                    byte = file.read(1)
                    file.seek(place)
                    file.write(bytes([byte[0] ^ 1]))
                """
            try rig.command("python3", ["-c", script, rig.folder.path("\(vault)/\(file)"), "\(share)"]).succeed()
        }

        func sums(_ vault: String, _ folder: String = "data") throws -> String {
            try rig.shell(
                "cd \"$1\"; find \(folder) -type f | sort | xargs -r sha256sum", rig.folder.path(vault)
            ).succeed().text
        }

        /// restic reads every byte of both vaults, finds nothing wrong, and restores the files.
        func expectWhole() throws {
            for vault in vaults {
                let place = rig.folder.path(vault)
                try rig.restic("-r", place, "check", "--read-data").succeed()
                try rig.restic("-r", place, "restore", "latest", "--target", rig.folder.path("back-\(vault)")).succeed()
                let site = rig.folder.path("back-\(vault)/shop/site")
                try rig.shell("diff -r files \"$1\"", site).succeed()
            }
        }
    }

    @Test("Parity follows the plan: a capture makes it in every vault, another share makes it anew, prune removes it")
    func parityByPlan() throws {
        let two = try Two(parity: "5%")
        let names =
            "diff <(cd $1; find data -type f -printf '%f\\n' | sort) "
            + "<(cd $1; find hikae/parity -type f -printf '%f\\n' | sort)"
        for vault in two.vaults { try two.rig.shell(names, two.rig.folder.path(vault)).succeed() }
        let before = try two.sums("first", "hikae/parity")
        let text = try two.rig.shell("sed -i 's/parity: 5%/parity: 10%/' hikae.yaml; cat hikae.yaml").succeed().text
        #expect(text.contains("10%"))
        try two.hikae("copy").succeed()
        let after = try two.sums("first", "hikae/parity")
        #expect(before != after)
        #expect(before.split(separator: "\n").count == after.split(separator: "\n").count)
        // Nothing is made a second time.
        let times = "cd $1; find hikae/parity -type f -printf '%f %T@\\n' | sort"
        let made = try two.rig.shell(times, two.rig.folder.path("first")).succeed().text
        try two.hikae("copy").succeed()
        #expect(try two.rig.shell(times, two.rig.folder.path("first")).succeed().text == made)
        for seed in 1...3 {
            try two.rig.shell("rm -r files").succeed()
            try two.rig.plainFiles("files", seed: UInt64(seed + 40), megabytes: 1)
            try two.hikae("backup").succeed()
        }
        // The packs that a prune writes anew have theirs at once, and status has nothing to tell.
        try two.hikae("forget", "--prune", "--max-unused", "0").succeed()
        for vault in two.vaults { try two.rig.shell(names, two.rig.folder.path(vault)).succeed() }
        #expect(try !two.hikae("status").run().text.contains("parity"))
        let lost = try #require(try two.packs("first", "hikae/parity").first)
        try two.rig.shell("rm -f \"$1\"", two.rig.folder.path("first/\(lost)")).succeed()
        #expect(try two.hikae("status").run().text.contains("1 of"))
        let lines = try JSONValue.lines(two.hikae("status", "--json").run().text)
        let counts = lines.filter { $0["message_type"]?.string == "vault" }.map { $0["packs_without_parity"]?.number }
        #expect(counts == [1, 0])
        // Without a plan the share is that of the parity which is there.
        try two.hikae("backup").succeed()
        try two.rig.shell("rm -r files").succeed()
        try two.rig.plainFiles("files", seed: 77, megabytes: 1)
        try two.hikae("backup").succeed()
        let first = two.rig.folder.path("first")
        try two.hikae("forget", "-r", first, "--keep-last", "1", "--prune", "--max-unused", "0").succeed()
        try two.rig.shell(names, first).succeed()
        #expect(try !two.hikae("status").run().text.contains("parity"))
    }

    @Test("A plan that asks for parity that cannot be is refused with the bounds")
    func parityBounds() throws {
        let two = try Two()
        try two.rig.shell("sed -i 's/file:.password}/&/; s/password}/password, parity: 40%}/' hikae.yaml").succeed()
        let outcome = try two.hikae("check").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("1% to 25%"), "\(outcome.errorText)")
    }

    @Test("A flipped byte, a pack cut off and a pack gone are mended from the other vault, which has another key")
    func fromTheOther() throws {
        let two = try Two()
        let packs = try two.packs("first")
        try #require(packs.count >= 2)
        let large = try two.largest("first")
        let other = try #require(packs.first { $0 != large })
        try two.flip("first", large)
        try two.rig.shell("rm -f \"$1\"", two.rig.folder.path("first/\(other)")).succeed()
        let found = try two.hikae("check", "--read-data").run()
        #expect(found.status == 1)
        #expect(found.errorText.contains("needed by shop/site"), "\(found.errorText)")
        let mended = try two.hikae("check", "--read-data", "--mend").run()
        #expect(mended.status == 0, "\(mended.text)\(mended.errorText)")
        try two.expectWhole()
        // The other has the same bytes under another seal: the pack is as it was. What is gone cannot be made again.
        #expect(mended.text.contains("byte for byte"), "\(mended.text)")
        #expect(try two.sums("first").contains(large))
        #expect(try !two.packs("first").contains(other))
        // Cut off in the middle: found without reading the data.
        let next = try two.largest("first")
        try two.rig.shell("chmod 600 \"$1\"; truncate -s 40000 \"$1\"", two.rig.folder.path("first/\(next)")).succeed()
        let cut = try two.hikae("check", "--mend", "--json").run()
        #expect(cut.status == 0, "\(cut.text)\(cut.errorText)")
        #expect(cut.text.contains("\"mended_from_elsewhere\":[\""), "\(cut.text)")
        try two.expectWhole()
    }

    @Test("With parity a flipped byte is mended byte for byte, and damaged parity is made anew")
    func fromParity() throws {
        let two = try Two(parity: "5%")
        let before = try two.sums("first")
        let parityBefore = try two.sums("first", "hikae/parity")
        let large = try two.largest("first")
        try two.flip("first", large)
        let parity = try #require(
            try two.packs("first", "hikae/parity").first { $0.hasSuffix(large.suffix(64)) })
        try two.flip("first", parity)
        let other = try #require(try two.packs("second", "hikae/parity").first)
        try two.rig.shell("chmod 600 \"$1\"; truncate -s 100 \"$1\"", two.rig.folder.path("second/\(other)")).succeed()
        #expect(try two.hikae("check", "--read-data").run().status == 1)
        let mended = try two.hikae("check", "--read-data", "--mend").run()
        #expect(mended.status == 0, "\(mended.text)\(mended.errorText)")
        #expect(mended.text.contains("mended by parity: 1 pack"), "\(mended.text)\(mended.errorText)")
        #expect(try two.sums("first") == before)
        #expect(try two.sums("first", "hikae/parity") == parityBefore)
        try two.hikae("check", "--read-data").succeed()
        try two.expectWhole()
    }

    @Test("Two vaults that are damaged in different places mend each other")
    func eachOther() throws {
        let two = try Two()
        // Each vault loses another half: nearly all content in one, the trees in the other.
        let large = try two.largest("first")
        try two.flip("first", large)
        let small = try two.rig.shell(
            "cd \"$1\"; find data -type f -printf '%s %p\\n' | sort -n | head -1 | cut -d' ' -f2",
            two.rig.folder.path("second")
        ).succeed().text.filter { $0 != "\n" }
        try two.rig.shell("rm -f \"$1\"", two.rig.folder.path("second/\(small)")).succeed()
        let mended = try two.hikae("check", "--read-data", "--mend").run()
        #expect(mended.status == 0, "\(mended.text)\(mended.errorText)")
        try two.expectWhole()
    }

    @Test(
        "What is whole nowhere is named with the captures that need it; nothing goes, and the exit status says so"
    )
    func nowhere() throws {
        let two = try Two()
        // The same content is cut off in both: everything behind the first quarter of the largest pack.
        for vault in two.vaults {
            let place = two.rig.folder.path("\(vault)/\(try two.largest(vault))")
            try two.rig.shell("chmod 600 \"$1\"; truncate -s 60000 \"$1\"", place).succeed()
        }
        let before = try two.vaults.map { try two.sums($0) }
        let outcome = try two.hikae("check", "--read-data", "--mend").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("whole nowhere"), "\(outcome.errorText)")
        #expect(outcome.errorText.contains("needed by shop/site"), "\(outcome.errorText)")
        // Every file that was there is there, as it was.
        for (vault, sums) in zip(two.vaults, before) {
            let now = Set(try two.sums(vault).split(separator: "\n"))
            #expect(Set(sums.split(separator: "\n")).isSubset(of: now))
        }
        // And a second run leaves nothing more behind than the first.
        let counts = try two.vaults.map { try two.packs($0).count }
        #expect(try two.hikae("check", "--read-data", "--mend").run().status == 1)
        #expect(try two.vaults.map { try two.packs($0).count } == counts)
    }

    @Test("A scrub walks through the whole vault over its runs, each pack once, and begins anew")
    func scrub() throws {
        let two = try Two()
        var read: [String: Int] = [:]
        var complete: Set<String> = []
        var runs = 0
        while complete.count < 2, runs < 20 {
            runs += 1
            let text = try two.hikae("check", "--scrub", "1%", "--json").succeed().text
            for line in text.split(separator: "\n") {
                guard let vault = line.firstMatch(of: /"vault":"(\w+)"/)?.1, !complete.contains(String(vault)) else {
                    continue
                }
                read[String(vault), default: 0] += Int(line.firstMatch(of: /"packs_read":(\d+)/)?.1 ?? "") ?? 0
                if line.contains("\"round_complete\":true") { complete.insert(String(vault)) }
            }
        }
        // How many runs that takes depends on which packs come first: their names are chance.
        #expect(runs < 20)
        for vault in two.vaults { #expect(try read[vault] == two.packs(vault).count) }
        let count = try two.packs("first").count
        // Damage that the next runs come upon is found by one of them.
        try two.flip("first", try two.largest("first"))
        var statuses: [Int32] = []
        for _ in 0..<(count + 2) { statuses.append(Int32(try two.hikae("check", "--scrub", "1%").run().status)) }
        #expect(statuses.contains(1))
    }

    @Test("A single repository is mended without a plan, from its parity or from --from-repo")
    func alone() throws {
        let two = try Two()
        let large = try two.largest("first")
        try two.flip("first", large)
        let first = two.rig.folder.path("first")
        var mend = two.hikae(
            "check", "-r", first, "--read-data", "--mend", "--from-repo", two.rig.folder.path("second"))
        mend.environment["HIKAE_FROM_PASSWORD"] = two.rig.password
        let outcome = try mend.run()
        #expect(outcome.status == 0, "\(outcome.text)\(outcome.errorText)")
        try two.expectWhole()
        try two.hikae("vault", "parity", "-r", first).succeed()
        try two.flip("first", try two.largest("first"))
        try two.hikae("check", "-r", first, "--read-data", "--mend").succeed()
        try two.expectWhole()
    }
}

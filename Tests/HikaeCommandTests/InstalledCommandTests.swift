// The command as `make install` and `make deb` put it on machines that have no Swift.

import HikaeTesting
import Testing

@Suite struct InstalledCommandTests {
    @Test func whatIsInstalledNeedsOnlyTheSystemsLibrariesAndNoEnvironment() throws {
        let harness = try Harness()
        let build = HikaeProgram.binary.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let linked = harness.folder.path("linked")
        let outcome = try harness.command(packageRoot() + "/tools/link-static.sh", [build, linked]).run()
        if outcome.status == 2 { try Test.cancel("\(outcome.errorText)") }
        try #require(outcome.status == 0, "\(outcome)")
        #expect(outcome.errorText.isEmpty, "a warning nobody needs: \(outcome.errorText)")

        let needs = try harness.command("readelf", ["-d", linked]).succeed().text
        #expect(needs.contains("(NEEDED)") && needs.contains("[libc.so.6]"))
        #expect(!needs.contains("RUNPATH") && !needs.contains("RPATH"), "\(needs)")
        for library in ["libswift", "libFoundation", "lib_Foundation", "libdispatch", "libBlocksRuntime"] {
            #expect(!needs.contains("[\(library)"), "\(needs)")
        }

        try harness.makeSource()
        try harness.folder.write("password", Harness.password)
        let works = try harness.shell(
            """
            chmod 600 password
            hikae() { env -i ./linked "$@" --password-file password --repo repository --cache-dir cache; }
            env -i ./linked version
            hikae init; hikae backup "$PWD/source"; hikae check --read-data; hikae restore latest:"$PWD/source" --target back
            diff -r --no-dereference source back
            """
        ).succeed().text
        let version = try harness.hikae("version").succeed().text
        #expect(works.hasPrefix(version), "\(works)")
    }

    @Test func withoutProcNothingIsTakenForACallForHelp() throws {
        let harness = try Harness()
        let hidden = "mount -t tmpfs none /proc && exec \"$@\""
        let inside = { (words: [String]) in
            harness.command("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", hidden, "sh"] + words)
        }
        if try inside(["true"]).run().status != 0 { try Test.cancel("hiding /proc is not permitted here") }
        let outcome = try inside([HikaeProgram.binary, "backup", "/etc"]).run()
        #expect(outcome.status == 1)
        #expect(outcome.text.isEmpty)
        #expect(outcome.errorText.hasPrefix("Fatal: cannot see what was asked for: /proc is not mounted here\n"))
    }
}

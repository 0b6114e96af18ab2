import HikaeCore
import HikaeRemote
import HikaeTesting
import Testing

/// One folder behind sshd, two programs: the built command and the real restic.
@Suite(.serialized)
struct SFTPInteropTests {
    private let program: HikaeProgram
    private let folder: String

    init() throws {
        program = try HikaeProgram()
        folder = try SFTPRig.folder()
        try program.folder.write("password", "rig\n", mode: 0o600)
        try program.folder.write("shop/orders.csv", String(repeating: "注文,1200円\n", count: 20_000))
        try program.folder.write("shop/index.html", "<h1>通販サイト</h1>")
    }

    private func hikae(_ arguments: String...) throws -> Command {
        let server = try SFTPRig.server.get()
        let ssh =
            "ssh -p \(server.port()) -i \(server.text("identity")) -o IdentitiesOnly=yes "
            + "-o UserKnownHostsFile=\(server.text("known_hosts")) \(server.text("user"))@127.0.0.1 -s sftp"
        var command = program.command(
            HikaeProgram.binary, ["-r", "sftp:x@127.0.0.1:\(folder)", "-o", "sftp.command=\(ssh)"] + arguments)
        command.environment["HIKAE_PASSWORD_FILE"] = program.folder.path("password")
        return command
    }

    @Test func `each reads, checks, adds to, forgets and prunes what the other wrote`() throws {
        let shop = program.folder.path("shop")
        try hikae("init").succeed()
        try hikae("backup", shop).succeed()
        try SFTPRig.restic(folder, "check", "--read-data").succeed()
        try program.folder.write("shop/new.txt", "new")
        try SFTPRig.restic(folder, "backup", shop).succeed()
        try hikae("check", "--read-data").succeed()
        try hikae("restore", "latest", "--target", program.folder.path("back")).succeed()
        try Command("diff", ["-r", shop, program.folder.path("back") + shop]).succeed()
        try SFTPRig.restic(folder, "restore", "latest", "--target", program.folder.path("theirs")).succeed()
        try Command("diff", ["-r", shop, program.folder.path("theirs") + shop]).succeed()
        try hikae("forget", "--keep-last", "1", "--group-by", "", "--prune").succeed()
        try SFTPRig.restic(folder, "check", "--read-data").succeed()
        #expect(try Command("find", [folder, "-name", "*-tmp-*"]).run().text.isEmpty)
    }

    @Test func `a repository that restic made is opened and added to`() throws {
        try SFTPRig.restic(folder, "init").succeed()
        try SFTPRig.restic(folder, "backup", program.folder.path("shop")).succeed()
        try hikae("backup", program.folder.path("shop")).succeed()
        try SFTPRig.restic(folder, "check", "--read-data").succeed()
        #expect(try hikae("init").run().status == 1, "never over another")
    }
}

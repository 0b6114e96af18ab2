import HikaeCore
import HikaeRemote
import HikaeTesting
import Testing

/// The built command on a REST server and through rclone, beside the real restic.
@Suite(.serialized)
struct RESTCommandTests {
    private let program: HikaeProgram
    private let name = RESTRig.name()

    init() throws {
        program = try HikaeProgram()
        try program.folder.write("password", "rig\n", mode: 0o600)
        for number in 0..<30 {
            try program.folder.write("shop/folder \(number % 7)/page \(number)", "<p>頁 \(number)</p>")
        }
        var generator = SeededGenerator(seed: 20)
        try Files.write(program.folder.path("shop/photo"), generator.bytes(3_000_000))
    }

    private func hikae(_ arguments: String...) throws -> Command {
        let server = try RESTRig.server.get()
        var command = program.command(HikaeProgram.binary, arguments)
        command.environment["RESTIC_REST_USERNAME"] = server.text("user")
        command.environment["RESTIC_REST_PASSWORD"] = server.text("password")
        command.environment["HIKAE_PASSWORD_FILE"] = program.folder.path("password")
        return command
    }

    @Test func `an unchanged capture reads almost nothing from the server`() throws {
        let proxy = try RESTProxy()
        try proxy.set("[]")
        let location = RESTRig.location(name, try RESTRig.server.get(), port: proxy.port)
        // By its name alone: with its whole path, the folders above would be in the snapshot, and these change.
        let shop = "shop"
        try hikae("-r", location, "init").succeed()
        try hikae("-r", location, "backup", shop).succeed()
        try hikae("-r", location, "backup", shop).succeed()
        try proxy.set("[]")
        try hikae("-r", location, "backup", shop).succeed()
        let requests = try proxy.log()
        #expect(!requests.contains { $0.hasPrefix("GET") && $0.contains("/data/") }, "\(requests)")
        #expect(!requests.contains { $0.hasPrefix("POST") && $0.contains("/data/") }, "\(requests)")
        let files = requests.filter { $0.hasPrefix("GET") && !$0.hasSuffix("/") }
        // The config, the key, and the lock that is read back; nothing of snapshots and indexes.
        #expect(files.count <= 4, "\(files)")
        #expect(!files.contains { $0.contains("/index/") || $0.contains("/snapshots/") }, "\(files)")
        #expect(requests.count < 30, "\(requests)")
        // What came from the cache is what is there.
        try RESTRig.restic(RESTRig.location(name, try RESTRig.server.get()), "check", "--read-data").succeed()
        try hikae("-r", location, "--no-cache", "check", "--read-data").succeed()
    }

    @Test func `check reads the server's files and not their copies here`() throws {
        let server = try RESTRig.server.get()
        let location = RESTRig.location(name, server)
        try hikae("-r", location, "init").succeed()
        try hikae("-r", location, "backup", program.folder.path("shop")).succeed()
        try hikae("-r", location, "check", "--read-data").succeed()
        for pack in Files.all(below: "\(server.text("root"))/\(name)/data") {
            let path = "\(server.text("root"))/\(name)/data/\(pack)"
            var bytes = try Files.read(path)
            bytes[bytes.count / 3] ^= 1
            Files.remove(path)
            try Files.write(path, bytes)
        }
        #expect(try hikae("-r", location, "check", "--read-data").run().status == 1)
    }

    @Test func `init, backup, restore, forget and prune work through rclone, and restic agrees`() throws {
        let location = "rclone:\(program.folder.path("cloud"))"
        let shop = program.folder.path("shop")
        try hikae("-r", location, "init").succeed()
        try hikae("-r", location, "backup", shop).succeed()
        try program.folder.write("shop/new", "new")
        try hikae("-r", location, "backup", shop).succeed()
        try RESTRig.restic(location, "check", "--read-data").succeed()
        try hikae("-r", location, "restore", "latest", "--target", program.folder.path("back")).succeed()
        try Command("diff", ["-r", shop, program.folder.path("back") + shop]).succeed()
        try hikae("-r", location, "forget", "--keep-last", "1", "--prune").succeed()
        try RESTRig.restic(location, "check", "--read-data").succeed()
        #expect(try hikae("-r", location, "init").run().status == 1, "never over another")
        #expect(try hikae("-r", "\(location)-nowhere", "snapshots").run().status == 10)
    }

    @Test func `a plan's vault on a REST server has its account in the plan and its password elsewhere`() throws {
        let server = try RESTRig.server.get()
        try program.folder.write("account", server.text("password"), mode: 0o600)
        let location = RESTRig.location(name, server)
        try program.folder.write(
            "hikae.yaml",
            """
            organisation: Sakura
            vaults:
              - name: far
                repository: \(location)
                password: file:\(program.folder.path("password"))
                user: \(server.text("user"))
                credential: file:\(program.folder.path("account"))
            systems:
              - name: shop
                sources: [{name: site, files: \(program.folder.path("shop"))}]
            """)
        try hikae("-r", location, "init").succeed()
        var backup = program.command(HikaeProgram.binary, ["backup"])
        backup.environment["RESTIC_REST_USERNAME"] = .some(nil)
        try backup.succeed()
        try program.command(HikaeProgram.binary, ["plan", "check"]).succeed()
        try RESTRig.restic(location, "check").succeed()
    }

    @Test func `what would leave a connection open to anybody is not offered`() throws {
        let outcome = try hikae("-r", RESTRig.location(name, try RESTRig.server.get()), "--insecure-tls", "snapshots")
            .run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("--cacert"))
    }
}

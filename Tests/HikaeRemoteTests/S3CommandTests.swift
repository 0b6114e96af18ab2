import HikaeCore
import HikaeRemote
import HikaeTesting
import Testing

/// The built command on a repository in a bucket, beside the real restic.
@Suite(.serialized)
struct S3CommandTests {
    private let program: HikaeProgram
    private let bucket = S3Rig.bucket()

    init() throws {
        program = try HikaeProgram()
        try program.folder.write("password", "rig\n", mode: 0o600)
        try program.folder.write("shop/orders.csv", String(repeating: "注文,1200円\n", count: 20_000))
        try program.folder.write("shop/index.html", "<h1>通販サイト</h1>")
    }

    private var location: String { get throws { try S3Rig.location("\(bucket)/office").display } }

    /// A command with the server's key in its environment, and no plan unless one is named.
    private func hikae(_ arguments: String...) throws -> Command {
        let server = try S3Rig.server.get()
        var command = program.command(HikaeProgram.binary, arguments)
        command.environment["AWS_ACCESS_KEY_ID"] = server.text("access_key")
        command.environment["AWS_SECRET_ACCESS_KEY"] = server.text("secret_key")
        command.environment["HIKAE_PASSWORD_FILE"] = program.folder.path("password")
        return command
    }

    @Test func `init, backup, check and restore work on a bucket, and restic agrees`() throws {
        let (location, shop) = (try location, program.folder.path("shop"))
        try hikae("-r", location, "init").succeed()
        try hikae("-r", location, "backup", shop).succeed()
        try program.folder.write("shop/new.txt", "new")
        try hikae("-r", location, "backup", shop).succeed()
        try hikae("-r", location, "check", "--read-data").succeed()
        try S3Rig.restic(location, "check", "--read-data").succeed()
        try S3Rig.restic(location, "backup", shop).succeed()
        try hikae("-r", location, "restore", "latest", "--target", program.folder.path("back")).succeed()
        try Command("diff", ["-r", shop, program.folder.path("back") + shop]).succeed()
        try hikae("-r", location, "forget", "--keep-last", "1", "--prune").succeed()
        try S3Rig.restic(location, "check", "--read-data").succeed()
        #expect(try hikae("-r", location, "init").run().status == 1, "never over another")
        let nowhere = try hikae("-r", try S3Rig.location("\(bucket)/nowhere").display, "snapshots").run()
        #expect(nowhere.status == 10)
        let key = try S3Rig.server.get().text("secret_key")
        #expect(!nowhere.errorText.contains(key))
    }

    private func writePlan() throws {
        try program.folder.write(
            "hikae.yaml",
            """
            organisation: Sakura
            vaults:
              - name: cloud
                repository: \(try location)
                password: file:\(program.folder.path("password"))
                access-key: env:AWS_ACCESS_KEY_ID
                secret-key: env:AWS_SECRET_ACCESS_KEY
                object-lock: {mode: governance, days: 30}
            systems:
              - name: shop
                sources:
                  - {name: site, files: \(program.folder.path("shop"))}
            """, mode: 0o600)
    }

    @Test func `a plan's locks are renewed by its backups, and told of when they end soon`() throws {
        try writePlan()
        try hikae("-r", try location, "-o", "s3.object-lock=governance:30", "init").succeed()
        let never = try hikae("vault", "renew", "--check").run()
        #expect(never.status == 1)
        #expect(never.errorText.contains("never been renewed"))
        try hikae("backup").succeed()
        try hikae("vault", "renew", "--check").succeed()
        #expect(try !hikae("status").succeed().errorText.contains("cloud"))
        let unlocked = try S3Rig.python(
            """
            for o in s3.list_objects_v2(Bucket=sys.argv[3])["Contents"]:
                if "ObjectLockMode" not in s3.head_object(Bucket=sys.argv[3], Key=o["Key"]): print(o["Key"])
            """, [bucket])
        #expect(unlocked == "office/hikae/object-lock.json\n", "everything but the record is locked: \(unlocked)")
        // Somebody lets the lock of the config run out.
        try S3Rig.python(
            """
            import datetime
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
            s3.put_object_retention(Bucket=sys.argv[3], Key="office/config", BypassGovernanceRetention=True,
                                    Retention={"Mode": "GOVERNANCE", "RetainUntilDate": soon})
            """, [bucket])
        #expect(try hikae("status").run().errorText.contains("office/config"))
        #expect(try hikae("vault", "renew", "--check").run().status == 1)
        try hikae("vault", "renew").succeed()
        try hikae("vault", "renew", "--check").succeed()
    }

    @Test func `after an attack, one command brings everything back`() throws {
        let location = try location
        try hikae("-r", location, "-o", "s3.object-lock=compliance:30", "init").succeed()
        try hikae("-r", location, "-o", "s3.object-lock=compliance:30", "backup", program.folder.path("shop")).succeed()
        let began = try S3Rig.python(
            """
            import datetime, time
            time.sleep(1.1)
            print(datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
            time.sleep(1.1)
            for i, o in enumerate(s3.list_objects_v2(Bucket=sys.argv[3])["Contents"]):
                if i % 2: s3.put_object(Bucket=sys.argv[3], Key=o["Key"], Body=b"garbage")
                s3.delete_object(Bucket=sys.argv[3], Key=o["Key"])
            """, [bucket]
        ).filter { !$0.isWhitespace }
        #expect(try hikae("-r", location, "check").run().status == 10, "nothing is to be seen")
        #expect(try hikae("vault", "undelete", "-r", location).run().status == 1, "since when must be said")
        let outcome = try hikae("vault", "undelete", "-r", location, "--json", "--since", began).succeed()
        #expect(try JSONValue(outcome.text)["lost"]?.number == 0)
        try hikae("-r", location, "--no-cache", "check", "--read-data").succeed()
        try hikae("-r", location, "restore", "latest", "--target", program.folder.path("back")).succeed()
        let shop = program.folder.path("shop")
        try Command("diff", ["-r", shop, program.folder.path("back") + shop]).succeed()
        try S3Rig.restic(location, "check", "--read-data").succeed()
    }
}

// Connections that break, and servers that do not let us in or are not who they should be.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Testing

@testable import HikaeSFTP

@Suite(.serialized) struct FaultTests {
    @Test func aCaptureGoesOnWhereTheConnectionWasCut() throws {
        var random = SeededGenerator()
        let folder = try Server.folder()
        try CaptureTests.fill(folder)
        for _ in 0..<3 {
            let bytes = Int.random(in: 700_000...5_000_000, using: &random)
            let settings = try Server.cutting(try Server.settings(folder), after: bytes)
            let rig = try CaptureRig()
            let capture = try rig.capture(SFTPSource(settings))
            #expect(capture.summary.errors == 0, "cut after \(bytes) bytes: \(capture.reports)")
            #expect(capture.summary.totalFiles == 308, "cut after \(bytes) bytes")
            #expect(capture.facts.notes.contains { $0.contains("the connection broke") })
            let back = try TemporaryDirectory()
            try rig.restore(capture, to: back.path("x"))
            try Server.expectSame(folder, back.path("x"))
        }
    }

    @Test func aRestoreGoesOnWhereTheConnectionWasCut() throws {
        var random = SeededGenerator()
        let (_, capture, folder) = try RestoreTests.site()
        for _ in 0..<3 {
            // Answers are short: this many bytes from the server carry a part of the restore.
            let bytes = Int.random(in: 10_000...30_000, using: &random)
            let target = try Server.folder()
            let destination = SFTPDestination(try Server.cutting(try Server.settings(target), after: bytes))
            let errors = RestoreTests.Collected()
            let summary = try destination.restore(
                capture.content, ReturnOptions(), RestoreTests.collecting(errors))
            #expect(summary.errors == 0, "cut after \(bytes) bytes: \(errors.errors)")
            #expect(errors.errors.contains { $0.message.contains("connecting again") })
            try Server.expectSame(folder, target)
            #expect(!Files.all(below: target).contains { $0.contains(".hikae-part") })
        }
    }

    @Test func aConnectionThatBreaksEachTimeIsGivenUp() throws {
        let settings = try Server.cutting(try Server.settings(try Server.folder()), after: 500)
        let error = #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
        #expect(error?.code == .unreachable)
    }

    @Test func anotherHostKeyIsRefusedWithItsFingerprint() throws {
        let settings = try Server.settings(try Server.folder(), knownHosts: "wrong_known_hosts")
        let error = #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains(try Server.shared.get().text("host_key_fingerprint")) == true, "\(error!)")
        #expect(error?.hint?.contains("ssh-keygen -R '[127.0.0.1]:") == true, "\(error!)")
    }

    @Test(arguments: [
        ("sftp://root@127.0.0.1:16962/srv", "ssh -p 16962 root@127.0.0.1", "ssh-keygen -R '[127.0.0.1]:16962'"),
        ("sftp://www.example.jp/~/site", "ssh www.example.jp", "ssh-keygen -R www.example.jp"),
        ("sftp://web@[::1]:2222/", "ssh -p 2222 web@::1", "ssh-keygen -R '[::1]:2222'"),
        ("sftp://web@[::1]/", "ssh web@::1", "ssh-keygen -R ::1"),
    ])
    func aHintNamesTheCommandToType(_ address: String, _ login: String, _ forget: String) {
        #expect(SSHFailure.commands(address) == (login, forget))
    }

    @Test func anUnknownHostIsNotTrusted() throws {
        var settings = try Server.settings(try Server.folder())
        settings.sshOptions[0] = "UserKnownHostsFile=/dev/null"
        let error = #expect(throws: HikaeError.self) { try SFTPDestination(settings).probe() }
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains("is not known") == true)
        #expect(error?.hint?.contains("`ssh -p \(settings.port ?? 0) ") == true, "\(error!)")
    }

    @Test func aKeyThatIsNotLetInIsDenied() throws {
        let settings = try Server.settings(try Server.folder(), identity: "stranger_identity")
        let error = #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
        #expect(error?.code == .accessDenied)
    }

    @Test func aPassphraseOpensAKeyAndShowsNowhere() throws {
        let server = try Server.shared.get()
        let folder = try Server.folder()
        try Files.write("\(folder)/a", [1])
        var settings = try Server.settings(folder, identity: "protected_identity")
        #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
        settings.password = { () throws(HikaeError) in Secret("no such words") }
        let wrong = #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
        #expect(wrong?.code == .accessDenied)
        let passphrase = server.text("passphrase")
        settings.password = { () throws(HikaeError) in Secret(passphrase) }
        let session = try SFTPSource(settings).begin(CaptureContext())
        let processes = try Command("sh", ["-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; true"])
            .run()
        #expect(try session.root.entries { _ in }.count == 1)
        session.close()
        #expect(processes.text.contains("127.0.0.1"))
        #expect(!processes.text.contains(passphrase))
    }

    @Test func nobodyAtHomeIsSaidSo() throws {
        var settings = try Server.settings("/")
        settings.port = 1
        let error = #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
        #expect(error?.code == .unreachable)
        #expect(error?.hint?.contains("refused") == true)
        settings.host = "no-such-host.invalid"
        #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        let folder = try Server.folder()
        try Files.write("\(folder)/file", [1])
        for path in ["\(folder)/none", "\(folder)/file"] {
            let error = #expect(throws: HikaeError.self) { try SFTPSource(try Server.settings(path)).probe() }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains(path) == true)
        }
        #expect(try SFTPDestination(try Server.settings("\(folder)/none")).probe().notes.count == 1)
    }

    @Test func namesThatSshWouldTakeForOptionsAreRefused() throws {
        for host in ["-oProxyCommand=touch /tmp/x", "", "a b"] {
            let settings = SFTPSettings(host: host, path: "/")
            let error = #expect(throws: HikaeError.self) { try SFTPSource(settings).probe() }
            #expect(error?.code == .usage)
        }
    }

    @Test func stoppingEndsACapture() throws {
        let folder = try Server.folder()
        try CaptureTests.fill(folder)
        let cancellation = Cancellation()
        cancellation.cancel()
        let error = #expect(throws: HikaeError.self) {
            try CaptureRig().capture(SFTPSource(try Server.settings(folder)), cancellation: cancellation)
        }
        #expect(error?.code == .cancelled)
    }
}

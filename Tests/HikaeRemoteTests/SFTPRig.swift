// The real sshd, for repositories behind SFTP.

import HikaeCore
import HikaeRemote
import HikaeStore
import HikaeTesting
import Synchronization

/// One sshd for all tests of stores; each test has a folder of its own.
enum SFTPRig {
    static let server = Result { try PracticeServer("openssh") }
    private static let number = Atomic<Int>(0)

    /// A folder that no other test has, and that is not there yet.
    static func folder() throws -> String {
        "\(try server.get().text("docroot"))/vaults/v\(number.add(1, ordering: .relaxed).newValue)"
    }

    static func options() throws -> RemoteOptions {
        let server = try server.get()
        var options = RemoteOptions()
        options.identityFile = server.text("identity")
        options.sshOptions = [
            "UserKnownHostsFile=\(server.text("known_hosts"))", "GlobalKnownHostsFile=/dev/null",
            "StrictHostKeyChecking=yes",
        ]
        return options
    }

    static func location(_ folder: String) throws -> String {
        let server = try server.get()
        return "sftp://\(server.text("user"))@127.0.0.1:\(server.port())/\(folder)"
    }

    /// A store in a folder, which needs not exist yet.
    static func store(_ folder: String) throws -> SFTPStore { try SFTPStore(location(folder), options()) }

    /// The real restic on the same folder, over the same server.
    static func restic(_ folder: String, _ arguments: String...) throws -> Command {
        let server = try server.get()
        let ssh =
            "ssh -p \(server.port()) -i \(server.text("identity")) -o IdentitiesOnly=yes "
            + "-o UserKnownHostsFile=\(server.text("known_hosts")) \(server.text("user"))@127.0.0.1 -s sftp"
        var command = Command(
            "restic", ["--no-cache", "-o", "sftp.command=\(ssh)", "-r", "sftp:x@127.0.0.1:\(folder)"] + arguments)
        command.environment = ["RESTIC_PASSWORD": "rig", "RESTIC_PROGRESS_FPS": "0.01", "LC_ALL": "C.UTF-8"]
        command.environment["RESTIC_REPOSITORY"] = .some(nil)
        command.timeLimit = 600
        return command
    }
}

// The real sshd that these tests share, and folders to fill and to look at.

import HikaeCore
import HikaeTesting

@testable import HikaeSFTP

/// One sshd for all tests; each has a folder of its own in its docroot.
enum Server {
    static let shared = Result { try PracticeServer("openssh") }

    /// An empty folder on the server; it is removed with the server.
    static func folder() throws -> String {
        let server = try shared.get()
        let path = "\(server.text("docroot"))/\(SeededGenerator.name())"
        try Files.makeFolders(path)
        return path
    }

    /// How the folder is reached.
    static func settings(_ path: String, knownHosts: String = "known_hosts", identity: String = "identity") throws
        -> SFTPSettings
    {
        let server = try shared.get()
        var settings = SFTPSettings(host: server.text("host"), path: path)
        settings.port = server.port()
        settings.user = server.text("user")
        settings.identityFile = server.text(identity)
        settings.sshOptions = [
            "UserKnownHostsFile=\(server.text(knownHosts))", "GlobalKnownHostsFile=/dev/null", "IdentityAgent=none",
            "StrictHostKeyChecking=yes",
        ]
        return settings
    }

    /// Makes the connection end after so many bytes from the server, again and again.
    static func cutting(_ settings: SFTPSettings, after bytes: Int) throws -> SFTPSettings {
        var settings = settings
        let proxy = """
            import os,select,socket,sys
            s=socket.create_connection((sys.argv[1],int(sys.argv[2]))); left=\(bytes)
            while left>0:
                r,_,_=select.select([0,s],[],[])
                if 0 in r:
                    d=os.read(0,65536)
                    if not d: break
                    s.sendall(d)
                if s in r:
                    d=s.recv(min(65536,left))
                    if not d: break
                    left-=len(d)
                    while d: d=d[os.write(1,d):]
            """
        let script = try shared.get().folder.path("cut-\(bytes).py")
        try Files.write(script, Array(proxy.utf8))
        settings.sshOptions.append("ProxyCommand=python3 -B \(script) %h %p")
        return settings
    }

    /// Throws unless both folders hold the same, by `diff -r`, and modes, times and links are the same too.
    static func expectSame(_ one: String, _ other: String) throws {
        try Command("diff", ["-r", "--no-dereference", one, other]).succeed()
        let left = try Set(listing(one))
        let right = try Set(listing(other))
        guard left == right else {
            let differing = left.symmetricDifference(right).sorted().prefix(20).joined(separator: "\n")
            throw HikaeError(.damaged, "modes or times differ", hint: differing)
        }
    }

    /// Type, mode, time in seconds, target and name of everything below a folder.
    static func listing(_ folder: String) throws -> [String] {
        var command = Command("find", [".", "-mindepth", "1", "-printf", "%y %m %Ts %l %p\\n"])
        command.folder = folder
        return try command.succeed().text.split(separator: "\n").map(String.init)
    }
}

extension SeededGenerator {
    /// A name that no other test has.
    static func name() -> String { "t\(UInt64.random(in: 1 << 60...UInt64.max))" }
}

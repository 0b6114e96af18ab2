// How `ssh` is called, so that it never asks, and never does more than to carry the conversation.

import HikaeCore
import HikaeSource

/// The `ssh` that carries one conversation.
enum SSHCommand {
    /// Starts it. Throws `.usage` for names that `ssh` would take for options, `.programFailed` when there is no `ssh`.
    static func start(_ settings: SFTPSettings, askPass: AskPass?) throws(HikaeError) -> ChildProcess {
        var options = ChildProcess.Options()
        options.takesInput = true
        options.keepsMessages = true
        // Messages are understood by their English words.
        options.environment = ["LC_ALL": "C"]
        if let askPass { options.environment.merge(askPass.environment) { $1 } }
        return try ChildProcess(try arguments(settings), options: options)
    }

    /// What `ssh` is given.
    static func arguments(_ settings: SFTPSettings) throws(HikaeError) -> [String] {
        if let command = settings.command, !command.isEmpty { return command }
        for (what, value) in [("host", settings.host), ("user", settings.user ?? "x")] {
            guard !value.isEmpty, !value.hasPrefix("-"), !value.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F })
            else { throw HikaeError(.usage, "“\(value)” is no name of a \(what)") }
        }
        // The first value of an option counts: what must be so, then what was asked for, then what is sensible.
        var options = ["ControlMaster=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none"]
        if settings.password == nil {
            options.append("BatchMode=yes")
        } else {
            options += ["BatchMode=no", "NumberOfPasswordPrompts=1"]
        }
        options += settings.sshOptions
        options += ["ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=4", "RequestTTY=no"]
        var arguments = [settings.program, "-x", "-a"]
        for option in options { arguments += ["-o", option] }
        if let file = settings.identityFile { arguments += ["-i", file, "-o", "IdentitiesOnly=yes"] }
        if let port = settings.port { arguments += ["-p", String(port)] }
        if let user = settings.user { arguments += ["-l", user] }
        arguments += CipherOrder.arguments(settings.program, Array(arguments.dropFirst()), host: settings.host)
        return arguments + ["-s", "--", settings.host, "sftp"]
    }
}

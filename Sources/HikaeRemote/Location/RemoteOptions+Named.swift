// The options of `-o name=value`, as restic names them, and a few of ours in the same manner.

public import HikaeCore

extension RemoteOptions {
    /// Takes "name=value", as `-o` has it.
    ///
    /// Throws `.usage` for a name that no store has and for a value that its option cannot have. Options of stores on
    /// this machine, and those that have no meaning here, are passed over.
    public mutating func set(_ text: String) throws(HikaeError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw HikaeError(.usage, "-o \(text): an option of the store is given as name=value")
        }
        let (name, value) = (parts[0].lowercased(), String(parts[1]))
        switch name {
        case "s3.connections", "sftp.connections", "rest.connections", "rclone.connections":
            connections = try Self.number(name, value, 1...256)
        case "s3.region": region = value
        case "s3.bucket-lookup":
            switch value {
            case "auto": pathStyle = nil
            case "path": pathStyle = true
            case "dns": pathStyle = false
            default: throw Self.wrong(name, "auto, dns or path")
            }
        case "s3.object-lock": objectLock = try Self.lock(name, value)
        case "tls.fingerprint": trust.fingerprint = value
        case "sftp.command": sftpCommand = try Self.words(name, value)
        case "sftp.args": try takeSSHArguments(try Self.words(name, value))
        case "rclone.program":
            rcloneProgram = value
        case "rclone.args": rcloneArguments = try Self.words(name, value)
        case "local.connections", "local.layout", "sftp.layout", "s3.layout", "s3.retries", "rclone.timeout",
            "s3.storage-class", "s3.list-objects-v1", "s3.enable-restore", "s3.restore-days", "s3.restore-timeout",
            "s3.restore-tier", "s3.unsafe-anonymous-auth":
            return
        default:
            throw HikaeError(
                .usage, "-o \(name): no store has this option",
                hint:
                    "There are tls.fingerprint, s3.region, s3.bucket-lookup, s3.object-lock, s3.connections, sftp.command, sftp.args, "
                    + "sftp.connections, rest.connections, rclone.program, rclone.args and rclone.connections.")
        }
    }

    /// What restic gives to ssh by `sftp.args`: `-p`, `-i`, `-l`, `-o` and `-J`, each with its value behind it or on it.
    private mutating func takeSSHArguments(_ words: [String]) throws(HikaeError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), let letter = word.dropFirst().first else {
                throw Self.wrong("sftp.args", "options of ssh")
            }
            let joined = String(word.dropFirst(2))
            func value() throws(HikaeError) -> String {
                if !joined.isEmpty { return joined }
                guard let next = rest.popFirst() else { throw Self.wrong("sftp.args", "a value behind -\(letter)") }
                return next
            }
            switch letter {
            case "o": sshOptions.append(try value())
            case "i": identityFile = try value()
            case "p": sshOptions.append("Port=\(try Self.number("sftp.args", try value(), 1...65_535))")
            case "J": sshOptions.append("ProxyJump=\(try value())")
            case "l": sshOptions.append("User=\(try value())")
            default:
                throw HikaeError(
                    .unsupported, "-o sftp.args: -\(letter) cannot be given here",
                    hint: "Use -p, -i, -l, -J and -o, or sftp.command for a whole command.")
            }
        }
    }

    private static func lock(_ name: String, _ value: String) throws(HikaeError) -> ObjectLockSettings? {
        if value == "off" { return nil }
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let mode = ObjectLockSettings.Mode(rawValue: String(parts[0])) else {
            throw wrong(name, "governance:DAYS, compliance:DAYS or off")
        }
        return ObjectLockSettings(mode: mode, days: try number(name, String(parts[1]), 1...36_500))
    }

    private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(HikaeError) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw wrong(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func words(_ name: String, _ value: String) throws(HikaeError) -> [String] {
        guard let words = ShellWords.split(value), words.first?.isEmpty == false else {
            throw wrong(name, "words as a shell has them")
        }
        return words
    }

    private static func wrong(_ name: String, _ wanted: String) -> HikaeError {
        HikaeError(.usage, "-o \(name) takes \(wanted)")
    }
}

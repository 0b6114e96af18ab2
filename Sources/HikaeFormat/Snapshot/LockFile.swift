// A lock file: who holds the repository.

public import HikaeCore

/// What a file in `locks/` holds.
public struct LockFile: Sendable, Equatable {
    /// When the lock was made or last refreshed.
    public var time: Timestamp
    /// Whether nobody else may hold the repository meanwhile.
    public var exclusive: Bool
    /// The machine that the holder runs on.
    public var hostname: String
    /// Who runs it.
    public var username: String
    /// The holder's process on that machine.
    public var pid: Int
    /// The user's number.
    public var uid: UInt32
    /// The group's number.
    public var gid: UInt32

    /// A lock of these values.
    public init(
        time: Timestamp, exclusive: Bool, hostname: String, username: String, pid: Int, uid: UInt32 = 0,
        gid: UInt32 = 0
    ) {
        (self.time, self.exclusive, self.hostname) = (time, exclusive, hostname)
        (self.username, self.pid, self.uid, self.gid) = (username, pid, uid, gid)
    }

    /// The lock as restic's JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("time")
        json.time(time)
        json.key("exclusive")
        json.bool(exclusive)
        json.key("hostname")
        json.string(hostname)
        json.key("username")
        json.string(username)
        json.key("pid")
        json.number(pid)
        if uid != 0 {
            json.key("uid")
            json.number(uid)
        }
        if gid != 0 {
            json.key("gid")
            json.number(gid)
        }
        json.endObject()
        return json.bytes
    }

    /// Reads a lock. Throws `.damaged`.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        self.init(time: .zero, exclusive: false, hostname: "", username: "", pid: 0)
        try JSONReader.read(bytes, of: "lock") { json, key throws(HikaeError) in
            if key.is("time") {
                time = try json.time()
            } else if key.is("exclusive") {
                exclusive = try json.bool()
            } else if key.is("hostname") {
                hostname = try json.text()
            } else if key.is("username") {
                username = try json.text()
            } else if key.is("pid") {
                pid = Int(try json.signed())
            } else if key.is("uid") {
                uid = try json.unsigned32()
            } else if key.is("gid") {
                gid = try json.unsigned32()
            } else {
                try json.skip()
            }
        }
    }
}

// Tree entries as people and programs are shown them: `ls -l`, restic's JSON of `ls` and `find`.

import HikaeCore
import HikaeFormat

/// Nodes on the screen and as JSON.
enum NodeDisplay {
    /// `drwxr-xr-x`, as Go's `os.FileMode` writes it.
    static func permissions(_ mode: UInt32) -> String {
        var text = ""
        for (index, letter) in "dalTLDpSugct?".enumerated() where mode & 1 << UInt32(31 - index) != 0 {
            text.append(letter)
        }
        if text.isEmpty { text = "-" }
        for (index, letter) in "rwxrwxrwx".enumerated() {
            text.append(mode & 1 << UInt32(8 - index) != 0 ? letter : "-")
        }
        return text
    }

    /// One line of a listing.
    static func line(_ node: Node, path: [UInt8], isLong: Bool, isHuman: Bool) -> String {
        let path = Words.safe(path)
        guard isLong else { return path }
        let size = isHuman ? Words.size(node.size) : Words.padded(node.size, 6)
        let target = node.kind == .symlink ? " -> \(Words.safe(node.linkTarget))" : ""
        return "\(permissions(node.mode)) \(Words.padded(node.uid, 5)) \(Words.padded(node.gid, 5)) \(size) "
            + "\(node.mtime.inLocalZone.display) \(path)\(target)"
    }

    /// The JSON line of `ls`.
    static func listing(_ node: Node, path: [UInt8]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("name")
        json.string(node.name)
        json.member("type", node.kind.rawValue)
        json.key("path")
        json.string(path)
        json.member("uid", node.uid)
        json.member("gid", node.gid)
        if node.kind == .file { json.member("size", node.size) }
        json.memberUnlessZero("mode", node.mode)
        json.member("permissions", permissions(node.mode))
        times(node, &json)
        json.memberUnlessZero("inode", node.inode)
        json.member("message_type", "node")
        json.member("struct_type", "node")
        json.endObject()
        return json.bytes
    }

    /// The JSON object of `find`.
    static func match(_ node: Node, path: [UInt8]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("path")
        json.string(path)
        json.member("permissions", permissions(node.mode))
        json.member("type", node.kind.rawValue)
        json.memberUnlessZero("mode", node.mode)
        times(node, &json)
        json.member("uid", node.uid)
        json.member("gid", node.gid)
        if !node.user.isEmpty { json.member("user", node.user) }
        if !node.group.isEmpty { json.member("group", node.group) }
        json.memberUnlessZero("inode", node.inode)
        json.memberUnlessZero("device_id", node.deviceID)
        json.memberUnlessZero("size", node.size)
        json.memberUnlessZero("links", node.links)
        if !node.linkTarget.isEmpty {
            json.key("linktarget")
            json.string(node.linkTarget)
        }
        json.endObject()
        return json.bytes
    }

    private static func times(_ node: Node, _ json: inout JSONWriter) {
        json.key("mtime")
        json.time(node.mtime)
        json.key("atime")
        json.time(node.atime)
        json.key("ctime")
        json.time(node.ctime)
    }
}

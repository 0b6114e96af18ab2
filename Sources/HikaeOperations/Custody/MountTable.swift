// /proc/self/mountinfo: which device, disk or server is behind a path, whatever it is mounted or bound as.

import HikaeCore

/// One mount.
struct Mount: Equatable {
    /// "major:minor"
    var device: String
    /// The folder of the filesystem that is mounted: not "/" for a bind mount.
    var root: String
    var point: String
    var type: String
    /// "/dev/sda1", "server:/export", "tmpfs".
    var source: String

    /// Filesystems whose source names a server and what it exports.
    private static let network: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs", "9p", "afs",
        "lustre", "davfs", "fuse.davfs",
    ]

    var isNetwork: Bool { Self.network.contains(type) }
}

/// All mounts of this process.
struct MountTable {
    var mounts: [Mount]

    /// Reads the kernel's text. Lines that make no sense are passed over.
    init(_ text: String) {
        mounts = text.split(separator: "\n").compactMap { line -> Mount? in
            let words = line.split(separator: " ")
            guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 2 else { return nil }
            return Mount(
                device: String(words[2]), root: Self.decoded(words[3]), point: Self.decoded(words[4]),
                type: String(words[dash + 1]), source: Self.decoded(words[dash + 2]))
        }
    }

    /// The mount that a real path lies on: the longest mount point that leads to it, the last of equal ones.
    func mount(of path: String) -> Mount? {
        var best: Mount?
        for mount in mounts {
            let prefix = mount.point == "/" ? "/" : mount.point + "/"
            guard path == mount.point || path.hasPrefix(prefix) else { continue }
            if mount.point.utf8.count >= best?.point.utf8.count ?? 0 { best = mount }
        }
        return best
    }

    /// The text with \040 as a space.
    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

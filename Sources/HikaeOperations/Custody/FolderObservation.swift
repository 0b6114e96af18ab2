// What can be seen of a folder of this machine: where links lead, which filesystem, disk or server is behind it.

import HikaeCore
import HikaeGuard

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A folder, looked at.
struct FolderObservation {
    var traits: Set<CustodyTrait> = []
    var unseen: [String] = []
    /// Whether this user may delete in it.
    var isWritable = false

    /// - Parameter machine: what this machine is called.
    init(_ path: String, mounts: MountTable, machine: String) {
        guard let pointer = realpath(path, nil) else {
            unseen = [HikaeError.system("look at", path).message]
            traits = [CustodyTrait(.machine, machine)]
            return
        }
        let real = String(cString: pointer)
        free(pointer)
        isWritable = access(real, W_OK) == 0
        var facts = stat()
        if stat(real, &facts) == 0 {
            // The number in the filesystem, so that a bind mount is seen through.
            traits.insert(CustodyTrait(.folder, "\(facts.st_dev):\(facts.st_ino)", shown: real))
        }
        let mount = mounts.mount(of: real)
        if let mount, mount.isNetwork {
            traits.insert(CustodyTrait(.export, "\(mount.type):\(mount.source)", shown: mount.source))
            if let server = Self.server(mount.source) {
                traits.insert(CustodyTrait(.host, server))
                for address in HostObservation.addresses(server) { traits.insert(CustodyTrait(.address, address)) }
            }
            return
        }
        traits.insert(CustodyTrait(.machine, machine))
        traits.insert(CustodyTrait(.filesystem, "device \(facts.st_dev)", shown: mount?.source ?? real))
        if let mount, mount.source.hasPrefix("/dev/") {
            // btrfs gives each subvolume a device number of its own.
            traits.insert(CustodyTrait(.filesystem, mount.source))
            if let disk = Self.disk(mount.device) { traits.insert(CustodyTrait(.disk, disk)) }
        }
        var filesystem = statvfs()
        // 0 where the filesystem has none.
        if statvfs(real, &filesystem) == 0, filesystem.f_fsid != 0 {
            let number = String(filesystem.f_fsid, radix: 16)
            traits.insert(CustodyTrait(.filesystem, "fsid \(number)", shown: mount?.source ?? real))
        }
    }

    /// "server" of "server:/export" and "//server/share".
    private static func server(_ source: String) -> String? {
        if source.hasPrefix("//") { return source.dropFirst(2).split(separator: "/").first.map(String.init) }
        guard let colon = source.firstIndex(of: ":") else { return nil }
        let name = source[..<colon]
        return String(name.split(separator: "@").last ?? name)
    }

    /// The whole disk that a block device is a part of, as the kernel names it; nil where it does not say.
    private static func disk(_ device: String) -> String? {
        guard let pointer = realpath("/sys/dev/block/\(device)", nil) else { return nil }
        defer { free(pointer) }
        let path = String(cString: pointer)
        var parts = path.split(separator: "/").map(String.init)
        if access(path + "/partition", F_OK) == 0 { parts.removeLast() }
        return parts.last
    }
}

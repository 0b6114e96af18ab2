// Names of users and groups, asked for once each.

import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Names by number, shared by all threads of a walk. "" for a number without a name.
final class OwnerNames: Sendable {
    private struct State {
        var users: [UInt32: String] = [:]
        var groups: [UInt32: String] = [:]
        /// What was asked for last: nearly always what is asked for next.
        var last: (uid: UInt32, gid: UInt32, user: String, group: String)?
    }

    private let state = Mutex(State())

    /// The names of a user and a group.
    func names(uid: UInt32, gid: UInt32) -> (user: String, group: String) {
        state.withLock { state in
            if let last = state.last, last.uid == uid, last.gid == gid { return (last.user, last.group) }
            let user = state.users[uid] ?? Self.lookUpUser(uid)
            let group = state.groups[gid] ?? Self.lookUpGroup(gid)
            state.users[uid] = user
            state.groups[gid] = group
            state.last = (uid, gid, user, group)
            return (user, group)
        }
    }

    private static func lookUpUser(_ uid: UInt32) -> String {
        var entry = passwd()
        return lookUp { buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let status = getpwuid_r(uid, &entry, buffer, size, &found)
            return (status, found.flatMap { $0.pointee.pw_name }.map { String(cString: $0) })
        }
    }

    private static func lookUpGroup(_ gid: UInt32) -> String {
        var entry = group()
        return lookUp { buffer, size in
            var found: UnsafeMutablePointer<group>?
            let status = getgrgid_r(gid, &entry, buffer, size, &found)
            return (status, found.flatMap { $0.pointee.gr_name }.map { String(cString: $0) })
        }
    }

    private static func lookUp(_ call: (UnsafeMutablePointer<CChar>, Int) -> (Int32, String?)) -> String {
        var size = 1 << 12
        while size <= 1 << 22 {
            var buffer = [CChar](repeating: 0, count: size)
            let (status, name) = call(&buffer, size)
            if status != ERANGE { return name ?? "" }
            size *= 4
        }
        return ""
    }
}

// What a program finds open when it starts, and the start itself.

import HikaeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Our ends of what a program is given; -1 is nothing.
struct ChildDescriptors {
    var input: Int32 = -1
    var output: Int32 = -1
    var errors: Int32 = -1
    /// Our descriptor, and the number under which the program finds it.
    var files: [(own: Int32, number: Int32)] = []

    /// Everything that is open.
    var all: [Int32] { ([input, output, errors] + files.map(\.own)).filter { $0 >= 0 } }

    /// Starts the program; returns 0 or an `errno`.
    func spawn(
        _ arguments: [String], environment: [String: String], ownGroup: Bool, _ identifier: inout pid_t
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if input >= 0 {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        if errors >= 0 { posix_spawn_file_actions_adddup2(&actions, errors, 2) }
        for file in files { posix_spawn_file_actions_adddup2(&actions, file.own, file.number) }
        // What we do with signals is no business of the program's.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        var flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        if ownGroup { flags |= Int32(POSIX_SPAWN_SETPGROUP) }
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        var variables = Self.variables(environment)
        variables.append(nil)
        defer { for pointer in words + variables { free(pointer) } }
        return posix_spawnp(&identifier, arguments.first ?? "", &actions, &attributes, words, variables)
    }

    /// Our environment with `changes` in it, and without what holds secrets. The copies are the caller's to free.
    private static func variables(_ changes: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
        var result: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let entry = next.pointee {
            let name = String(cString: entry).prefix { $0 != "=" }
            if changes[String(name)] == nil, !HiddenVariables.contains(String(name)) { result.append(strdup(entry)) }
            next += 1
        }
        for (name, value) in changes { result.append(strdup("\(name)=\(value)")) }
        return result
    }
}

// Where a program is.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Looks for programs as a shell does.
enum ProgramPath {
    /// The program's path; nil when there is none that may be run.
    static func find(_ name: String) -> String? {
        guard !name.contains("/") else { return access(name, X_OK) == 0 ? name : nil }
        let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        return folders.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}

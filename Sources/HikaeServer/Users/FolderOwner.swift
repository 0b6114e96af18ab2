// Keeps commands on the vault's own machine from writing what the server, which runs as another user, could not read.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Whose a folder of the server is.
enum FolderOwner {
    /// Throws `.permission` unless the folder is the caller's own.
    static func check(_ path: String) throws(HikaeError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("examine", path) }
        guard status.st_uid == geteuid() else {
            throw HikaeError(
                .permission, "\(path) belongs to another user, and what is written here would not be readable for it",
                hint: "Run this as the user that the vault server runs as, for example with `sudo -u`.")
        }
    }
}

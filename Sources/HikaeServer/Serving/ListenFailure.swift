// Why a server could not begin to listen, for the administrator who started it.

internal import HikaeCore
internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What ended a server that was to listen on some addresses.
enum ListenFailure {
    /// The error as words that name the address.
    static func error(_ error: any Error, _ settings: VaultServerSettings) -> HikaeError {
        let addresses = [settings.listen, settings.metrics].compactMap { $0 }
        let places = addresses.map(\.description).joined(separator: " or ")
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            return HikaeError(
                .inputOutput, "another program listens on \(places) already",
                hint: "Is a server running there? Else name another port.")
        case EACCES:
            return HikaeError(
                .permission, "this user may not listen on \(places)", hint: "Ports below 1024 are for root.")
        case EADDRNOTAVAIL:
            return HikaeError(.usage, "\(places) is no address of this machine")
        default: return HikaeError(.inputOutput, "the server ended: \(error)")
        }
    }
}

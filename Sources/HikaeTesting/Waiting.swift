// Waiting for what comes when the machine has time for it. Tests wait for conditions, never for time to pass.

internal import HikaeCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Looks every few milliseconds whether `condition` holds, and returns when it does. Throws `.limit` when it has not come
/// in five minutes: not even a busy machine is that late.
public func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
    let end = MonotonicTime.seconds() + 300
    while try !condition() {
        guard MonotonicTime.seconds() < end else { throw HikaeError(.limit, "waited in vain until \(what)") }
        usleep(5_000)
    }
}

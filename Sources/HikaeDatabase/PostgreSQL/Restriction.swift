// Keeps psql from obeying what it reads: a dump comes from a server that may have been broken into, and psql would run
// programs that it names (`\!`), here and with our rights.

import HikaeCore
import Synchronization

/// Whether this place's psql can be told to obey nobody, asked once.
///
/// psql knows `\restrict KEY` since August 2025 (13.22, 14.19, 15.14, 16.10, 17.6 and 18): from there on it takes SQL
/// and data only, until somebody says the key.
final class Restriction: Sendable {
    private let isKnown = Mutex(false)

    /// A key that no dump can know.
    static func key() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return String((0..<48).map { _ in digits[Int(generator.next(upperBound: UInt32(digits.count)))] })
    }

    /// Runs `probe` unless it has succeeded before.
    func check(_ probe: () throws(HikaeError) -> Void) throws(HikaeError) {
        if isKnown.withLock({ $0 }) { return }
        try probe()
        isKnown.withLock { $0 = true }
    }
}
